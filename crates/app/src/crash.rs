//! Points between two steps where a debug build ends at once, as if it were killed, or is held up,
//! when its environment names the point: so tests hit every gap for sure. A release build has none.

#[cfg(debug_assertions)]
use std::{fs::File, path::Path, time::Duration};

/// Names the point to end at.
#[cfg(debug_assertions)]
const CRASH_AT: &str = "TEST_CRASH_AT";
/// Names the point to wait at, and after `=` a file: it is made, and waited for until it is gone.
#[cfg(debug_assertions)]
const HOLD_AT: &str = "TEST_HOLD_AT";

/// Ends the process here if this is the point that is named: nothing is flushed, nothing dropped.
/// Or holds the thread up, and with it whatever its task would do beside this.
#[cfg(debug_assertions)]
pub(crate) fn point(name: &str) {
    let named = |variable| std::env::var(variable).unwrap_or_default();
    if named(CRASH_AT) == name {
        std::process::abort();
    }
    if let Some((_, path)) = named(HOLD_AT).split_once('=').filter(|(point, _)| *point == name) {
        let is_made = File::create(path).is_ok();
        while is_made && Path::new(path).exists() {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// Nothing.
#[cfg(not(debug_assertions))]
pub(crate) fn point(_name: &str) {}

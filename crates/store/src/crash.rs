//! Test points between two steps, at which a debug build aborts or waits.
//!
//! An environment variable names the point. Tests use it to interrupt the program between any two
//! steps. A release build has no such points.

#[cfg(debug_assertions)]
use std::{fs::File, path::Path, time::Duration};

/// The environment variable that names the point to abort at.
#[cfg(debug_assertions)]
const CRASH_AT: &str = "TEST_CRASH_AT";
/// The environment variable that names the point to wait at and, after `=`, a file. The file is
/// created at the point, and the thread waits until somebody removes it.
#[cfg(debug_assertions)]
const HOLD_AT: &str = "TEST_HOLD_AT";

/// Aborts the process if `TEST_CRASH_AT` names this point, without flushing or dropping anything.
/// Blocks the thread, and with it everything in the same task, if `TEST_HOLD_AT` names it.
#[cfg(debug_assertions)]
pub fn point(name: &str) {
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

/// Does nothing in a release build.
#[cfg(not(debug_assertions))]
pub fn point(_name: &str) {}

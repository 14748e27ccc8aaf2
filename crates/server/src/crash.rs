//! Points between two steps where a debug build ends or stops at once, as if it were killed or
//! held up, when its environment names the point: so tests hit every gap for sure. A release build
//! has none.

/// Names the point to end at.
#[cfg(debug_assertions)]
const CRASH_AT: &str = "TEST_CRASH_AT";
/// Names the point to stop at, until the process is told to go on (SIGCONT).
#[cfg(debug_assertions)]
const STOP_AT: &str = "TEST_STOP_AT";

/// Ends the process here if this is the point that is named: nothing is flushed, nothing dropped.
/// Or stops it.
#[cfg(debug_assertions)]
pub(crate) fn point(name: &str) {
    let is_named = |variable| std::env::var_os(variable).is_some_and(|named| named == name);
    if is_named(CRASH_AT) {
        std::process::abort();
    }
    if is_named(STOP_AT) {
        // What the shell answers does not matter: a test waits until the process is stopped.
        let _ = std::process::Command::new("sh").args(["-c", "kill -STOP $PPID"]).status();
    }
}

/// Nothing.
#[cfg(not(debug_assertions))]
pub(crate) fn point(_name: &str) {}

//! Points between two steps where a debug build ends at once, as if it were killed, when its
//! environment names the point: so tests hit every gap for sure. A release build has none.

/// Named in the environment: the point to end at.
#[cfg(debug_assertions)]
const CRASH_AT: &str = "TEST_CRASH_AT";

/// Ends the process here if this is the point that is named. Nothing is flushed, nothing dropped.
#[cfg(debug_assertions)]
pub(crate) fn point(name: &str) {
    if std::env::var_os(CRASH_AT).is_some_and(|named| named == name) {
        std::process::abort();
    }
}

/// Nothing.
#[cfg(not(debug_assertions))]
pub(crate) fn point(_name: &str) {}

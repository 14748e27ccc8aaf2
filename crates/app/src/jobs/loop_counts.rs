//! Counts of the background loops that should run, and of those that do.

use std::sync::atomic::{AtomicUsize, Ordering};

/// The number of loops that should run, and of those that do.
#[derive(Default)]
pub struct LoopCounts {
    pub(super) wanted: AtomicUsize,
    pub(super) alive: AtomicUsize,
}

impl LoopCounts {
    /// Returns true if every loop that should run does.
    pub fn are_alive(&self) -> bool {
        self.alive.load(Ordering::Acquire) >= self.wanted.load(Ordering::Acquire)
    }
}

/// A guard that adds one to a counter until it is dropped.
pub(super) struct CountGuard<'l>(&'l AtomicUsize);

impl<'l> CountGuard<'l> {
    pub(super) fn new(number: &'l AtomicUsize) -> Self {
        number.fetch_add(1, Ordering::AcqRel);
        Self(number)
    }
}

impl Drop for CountGuard<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

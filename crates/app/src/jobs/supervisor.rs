//! Supervision of the background loops: restarts after a panic, and counts of the live loops.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::FutureExt;
use tokio::sync::watch;

use crate::app::App;
use crate::blocking::panic_message;

/// The pause before a loop that panicked is restarted, so that one that always panics causes no
/// load.
const RESTART_PAUSE: Duration = Duration::from_secs(1);

/// The number of loops that should run, and of those that do.
#[derive(Default)]
pub struct LoopCounts {
    wanted: AtomicUsize,
    alive: AtomicUsize,
}

impl LoopCounts {
    /// Returns true if every loop that should run does.
    pub fn are_alive(&self) -> bool {
        self.alive.load(Ordering::Acquire) >= self.wanted.load(Ordering::Acquire)
    }
}

/// A guard that adds one to a counter until it is dropped.
struct CountGuard<'l>(&'l AtomicUsize);

impl<'l> CountGuard<'l> {
    fn new(number: &'l AtomicUsize) -> Self {
        number.fetch_add(1, Ordering::AcqRel);
        Self(number)
    }
}

impl Drop for CountGuard<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Runs a loop until it ends by itself. A loop that panics is restarted after a pause, during which
/// the server is not ready.
pub async fn supervise_loop<L: Future<Output = ()>>(
    app: App,
    name: &'static str,
    mut stopping: watch::Receiver<bool>,
    begin: impl Fn() -> L,
) {
    let _wanted = CountGuard::new(&app.loops().wanted);
    while !*stopping.borrow() {
        let alive = CountGuard::new(&app.loops().alive);
        let ended = AssertUnwindSafe(async { begin().await }).catch_unwind().await;
        drop(alive);
        let Err(panic) = ended else { return };
        app.metrics().count_panic();
        let said = panic_message(panic.as_ref());
        tracing::error!(code = "panic", said, name, "a background loop panicked and begins again");
        tokio::select! {
            () = tokio::time::sleep(RESTART_PAUSE) => {}
            _ = stopping.changed() => {}
        }
    }
}

//! Supervision of the background loops: they are restarted after a panic.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;
use tokio::sync::watch;

use super::loop_counts::CountGuard;
use crate::app::App;
use crate::blocking::panic_message;

/// The pause before a loop that panicked is restarted, so that one that always panics causes no
/// load.
const RESTART_PAUSE: Duration = Duration::from_secs(1);

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

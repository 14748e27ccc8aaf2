//! Calls of the store by the loops that run jobs.

use std::time::Duration;

use model::time::Instant;
use store::StoreError;

use crate::app::App;

/// The wait of an idle loop before it asks the store again. A job queued in this process wakes it
/// earlier; the interval is for jobs queued by other processes.
pub(super) const JOB_POLL_INTERVAL: Duration = Duration::from_millis(250);

/// Calls the store on a blocking thread. An error is logged and returned as `None`; a panic is
/// passed on to the caller.
pub(super) async fn call_store<T: Send + 'static>(
    app: &App,
    ask: impl FnOnce(&App, Instant) -> Result<T, StoreError> + Send + 'static,
) -> Option<T> {
    let app = app.clone();
    let asked = tokio::task::spawn_blocking(move || ask(&app, app.clock().now())).await;
    match asked {
        Ok(Ok(answer)) => Some(answer),
        Ok(Err(error)) => {
            crate::error::log_error(error.code(), &error);
            None
        }
        Err(failed) if failed.is_panic() => std::panic::resume_unwind(failed.into_panic()),
        Err(_) => None,
    }
}

//! Work on blocking threads, away from the threads that serve connections.

use std::any::Any;

use tokio_util::sync::CancellationToken;

use crate::error::ApiError;

/// Does the same as [`blocking`], and cancels the token given to the work when the caller stops
/// waiting.
pub async fn blocking_while_wanted<T: Send + 'static>(
    work: impl FnOnce(CancellationToken) -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    let unwanted = CancellationToken::new();
    let _when_dropped = unwanted.clone().drop_guard();
    blocking(move || work(unwanted)).await
}

/// Runs work that may wait for a disk or a lock on a blocking thread.
///
/// A panic in the work is passed on to the caller.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    let span = tracing::Span::current();
    let task = tokio::task::spawn_blocking(move || span.in_scope(work));
    match task.await {
        Ok(result) => result,
        Err(failed) if failed.is_panic() => std::panic::resume_unwind(failed.into_panic()),
        Err(_) => Err(ApiError::unavailable("The server is stopping.")),
    }
}

/// Returns the text of a panic, or `?` if it has none.
pub fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or(panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("?")
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn work_learns_that_nobody_waits_for_it_any_more() {
        let (begun, has_begun) = sync_channel::<()>(1);
        let (ended, has_ended) = sync_channel::<()>(1);
        let work = tokio::spawn(blocking_while_wanted(move |unwanted| {
            begun.send(()).unwrap();
            while !unwanted.is_cancelled() {
                std::thread::yield_now();
            }
            ended.send(()).unwrap();
            Ok(())
        }));
        has_begun.recv().unwrap();
        work.abort();
        has_ended.recv().unwrap();
    }

    #[tokio::test]
    async fn work_that_is_waited_for_goes_on() {
        let is_cancelled = blocking_while_wanted(|unwanted| Ok(unwanted.is_cancelled()));
        assert_eq!(is_cancelled.await, Ok(false));
    }
}

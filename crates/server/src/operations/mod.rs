//! Use cases, one per file. They know nothing of HTTP beyond the errors it is answered with.

pub mod books;
pub mod exports;
pub mod import;
pub(crate) mod job;
pub(crate) mod numbered;
pub mod page_file;
pub(crate) mod paged;
pub mod report_export;
pub mod report_file;
pub mod report_list;
pub mod report_page;
pub(crate) mod requester;
pub mod usage;
pub mod webhooks;

use crate::error::ApiError;

/// Runs what may wait for a disk or a lock away from the threads that serve connections.
///
/// A panic in it goes on in the caller.
pub(crate) async fn blocking<T: Send + 'static>(
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

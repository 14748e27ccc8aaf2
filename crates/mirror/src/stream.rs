//! The stream of batches from a running plan to its caller.

use std::any::Any;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use datafusion::arrow::array::RecordBatch;
use datafusion::common::runtime::SpawnedTask;
use futures::{FutureExt, Stream};
use tokio::sync::mpsc::Receiver;
use tokio::task::JoinError;

use crate::error::MirrorError;

/// A message from a plan's task. A plan that ran to its end sends `End`, so that an interrupted
/// plan cannot be mistaken for a complete one.
#[derive(Debug)]
pub(crate) enum PlanMessage {
    Batch(RecordBatch),
    Failed(MirrorError),
    End,
}

/// The batches of a running plan. After an error the stream ends. Dropping it stops the plan.
pub struct BatchStream {
    messages: Receiver<PlanMessage>,
    task: Option<SpawnedTask<()>>,
    is_done: bool,
}

impl BatchStream {
    pub(crate) fn new(messages: Receiver<PlanMessage>, task: Option<SpawnedTask<()>>) -> Self {
        Self { messages, task, is_done: false }
    }

    /// Waits for the next batch and blocks the thread. For callers outside an async runtime.
    pub fn next_blocking(&mut self) -> Option<Result<RecordBatch, MirrorError>> {
        futures::executor::block_on(std::future::poll_fn(|context| self.poll_batch(context)))
    }

    fn poll_batch(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<RecordBatch, MirrorError>>> {
        if self.is_done {
            return Poll::Ready(None);
        }
        let error = match ready!(self.messages.poll_recv(context)) {
            Some(PlanMessage::Batch(batch)) => return Poll::Ready(Some(Ok(batch))),
            Some(PlanMessage::Failed(error)) => error,
            Some(PlanMessage::End) => {
                self.is_done = true;
                return Poll::Ready(None);
            }
            None => ready!(self.poll_cause(context)),
        };
        self.is_done = true;
        Poll::Ready(Some(Err(error)))
    }

    /// Returns the reason why the task ended without a message.
    fn poll_cause(&mut self, context: &mut Context<'_>) -> Poll<MirrorError> {
        let Some(task) = &mut self.task else { return Poll::Ready(MirrorError::Stopped) };
        Poll::Ready(match ready!(task.poll_unpin(context)) {
            Ok(()) => MirrorError::Stopped,
            Err(error) => task_error(error),
        })
    }
}

/// Converts the error of a task that panicked or was aborted.
pub(crate) fn task_error(error: JoinError) -> MirrorError {
    if error.is_panic() {
        MirrorError::Panicked { message: panic_message(error.into_panic().as_ref()) }
    } else {
        MirrorError::Stopped
    }
}

/// Returns the message of a panic.
pub(crate) fn panic_message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default()
}

impl Stream for BatchStream {
    type Item = Result<RecordBatch, MirrorError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_batch(context)
    }
}

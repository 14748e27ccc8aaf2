//! The batches of a running plan, on their way from the engine to whoever asked.

use std::any::Any;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use datafusion::arrow::array::RecordBatch;
use datafusion::common::runtime::SpawnedTask;
use futures::{FutureExt, Stream};
use tokio::sync::mpsc::Receiver;
use tokio::task::JoinError;

use crate::error::MirrorError;

/// What a plan's task says. A plan that ended well says so, so that one that was cut off cannot
/// pass for it.
#[derive(Debug)]
pub(crate) enum Message {
    Batch(RecordBatch),
    Failed(MirrorError),
    End,
}

/// Batches of a running plan; after an error there is nothing more. Dropping it stops the plan.
pub struct BatchStream {
    messages: Receiver<Message>,
    task: Option<SpawnedTask<()>>,
    is_done: bool,
}

impl BatchStream {
    pub(crate) fn new(messages: Receiver<Message>, task: Option<SpawnedTask<()>>) -> Self {
        Self { messages, task, is_done: false }
    }

    /// The next batch, waiting on this thread. For callers outside any runtime.
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
            Some(Message::Batch(batch)) => return Poll::Ready(Some(Ok(batch))),
            Some(Message::Failed(error)) => error,
            Some(Message::End) => {
                self.is_done = true;
                return Poll::Ready(None);
            }
            None => ready!(self.poll_cause(context)),
        };
        self.is_done = true;
        Poll::Ready(Some(Err(error)))
    }

    /// Why the task fell silent.
    fn poll_cause(&mut self, context: &mut Context<'_>) -> Poll<MirrorError> {
        let Some(task) = &mut self.task else { return Poll::Ready(MirrorError::Stopped) };
        Poll::Ready(match ready!(task.poll_unpin(context)) {
            Ok(()) => MirrorError::Stopped,
            Err(error) => cause(error),
        })
    }
}

/// Why a task did not end by itself.
pub(crate) fn cause(error: JoinError) -> MirrorError {
    match error.is_panic() {
        true => MirrorError::Panicked { message: panic_message(error.into_panic().as_ref()) },
        false => MirrorError::Stopped,
    }
}

/// What a panic said.
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

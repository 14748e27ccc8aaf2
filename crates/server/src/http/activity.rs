//! The activity of a connection: what it is doing, and for how long it has been idle.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes, HttpBody};
use http_body::{Frame, SizeHint};
use parking_lot::Mutex;

/// Largest piece of an answer that is handed to the connection at once. The next piece is only
/// asked for when the client reads, so small pieces show how far it has read.
const PIECE_BYTES_MAX: usize = 64 * 1024;

/// Longest idle times of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IdleLimits {
    /// Limit while no request runs.
    pub(crate) idle: Duration,
    /// Limit while the client does not read its answers.
    pub(crate) unread: Duration,
}

/// The activity of one connection. Clones share it.
#[derive(Clone)]
pub(crate) struct Activity(Arc<Mutex<ActivityState>>);

struct ActivityState {
    requests: usize,
    answers: usize,
    moved_at: Instant,
}

/// Guard of a running request: counts it until dropped.
pub(crate) struct RunningRequest(Activity);

/// Guard of an answer that is being sent: counts it until dropped.
struct SendingAnswer(Activity);

impl Activity {
    /// Returns the activity of a new connection.
    pub(crate) fn begin() -> Self {
        let state = ActivityState { requests: 0, answers: 0, moved_at: Instant::now() };
        Self(Arc::new(Mutex::new(state)))
    }

    /// Counts a running request until the result is dropped.
    pub(crate) fn begin_request(&self) -> RunningRequest {
        self.change(|state| state.requests += 1);
        RunningRequest(self.clone())
    }

    /// Wraps the body of an answer, so that sending it counts as activity.
    pub(crate) fn track_answer(&self, body: Body) -> Body {
        self.change(|state| state.answers += 1);
        Body::new(TrackedBody { body, rest: Bytes::new(), sending: SendingAnswer(self.clone()) })
    }

    /// Restarts the idle time.
    pub(crate) fn restart_idle_time(&self) {
        self.change(|_| ());
    }

    /// Returns true while an answer is being sent.
    pub(crate) fn is_sending(&self) -> bool {
        self.0.lock().answers > 0
    }

    /// Completes when the connection has been idle for too long. Time in which a request runs does
    /// not count: requests have their own deadlines.
    pub(crate) async fn idle_too_long(&self, patience: IdleLimits) {
        while let Some(left) = self.time_left(patience) {
            tokio::time::sleep(left).await;
        }
    }

    /// Returns the time until the next check; none if the connection has been idle for too long.
    fn time_left(&self, patience: IdleLimits) -> Option<Duration> {
        let state = self.0.lock();
        if state.requests > 0 {
            return Some(patience.idle);
        }
        let bound = if state.answers > 0 { patience.unread } else { patience.idle };
        bound.checked_sub(state.moved_at.elapsed()).filter(|left| !left.is_zero())
    }

    fn change(&self, change: impl FnOnce(&mut ActivityState)) {
        let mut state = self.0.lock();
        change(&mut state);
        state.moved_at = Instant::now();
    }
}

impl Drop for RunningRequest {
    fn drop(&mut self) {
        self.0.change(|state| state.requests -= 1);
    }
}

impl Drop for SendingAnswer {
    fn drop(&mut self) {
        self.0.change(|state| state.answers -= 1);
    }
}

struct TrackedBody {
    body: Body,
    /// The unsent rest of a piece that was too large.
    rest: Bytes,
    sending: SendingAnswer,
}

impl HttpBody for TrackedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.rest.is_empty() {
            let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
            self.sending.0.restart_idle_time();
            match frame.map(|frame| frame.map(Frame::into_data)) {
                Some(Ok(Ok(data))) => self.rest = data,
                Some(Ok(Err(other))) => return Poll::Ready(Some(Ok(other))),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        } else {
            self.sending.0.restart_idle_time();
        }
        let bytes = self.rest.len().min(PIECE_BYTES_MAX);
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(bytes)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (body, rest) = (self.body.size_hint(), self.rest.len() as u64);
        let mut hint = SizeHint::new();
        hint.set_lower(body.lower() + rest);
        if let Some(upper) = body.upper() {
            hint.set_upper(upper + rest);
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use http_body_util::BodyExt;

    use super::*;

    const SOON: IdleLimits = IdleLimits { idle: Duration::ZERO, unread: Duration::ZERO };
    const LATE: Duration = Duration::from_secs(3600);

    #[tokio::test]
    async fn a_large_answer_is_handed_on_in_pieces_and_is_the_same() {
        let activity = Activity::begin();
        let bytes: Vec<u8> = (0..200_000_u32).map(|number| number as u8).collect();
        let mut body = activity.track_answer(Body::from(bytes.clone()));
        let mut sent = Vec::new();
        assert_eq!(body.size_hint().exact(), Some(200_000));
        while let Some(frame) = body.frame().await {
            let piece = frame.unwrap().into_data().unwrap();
            assert!(!piece.is_empty() && piece.len() <= PIECE_BYTES_MAX);
            sent.extend_from_slice(&piece);
            assert_eq!(body.size_hint().exact(), Some(200_000 - sent.len() as u64));
        }
        assert!(body.is_end_stream());
        assert_eq!(sent, bytes);
    }

    #[tokio::test]
    async fn idle_and_unread_connections_lapse_and_busy_ones_do_not() {
        let activity = Activity::begin();
        assert!(activity.idle_too_long(SOON).now_or_never().is_some(), "nothing was asked");
        let idle_only = IdleLimits { idle: Duration::ZERO, unread: LATE };
        let unread_only = IdleLimits { idle: LATE, unread: Duration::ZERO };
        let body = activity.track_answer(Body::from("answer"));
        assert!(activity.idle_too_long(unread_only).now_or_never().is_some(), "an unread answer");
        assert!(activity.idle_too_long(idle_only).now_or_never().is_none(), "it may yet be read");
        let working = activity.begin_request();
        let patience = IdleLimits { idle: LATE, unread: Duration::ZERO };
        assert!(
            activity.idle_too_long(patience).now_or_never().is_none(),
            "a request is worked on"
        );
        drop((body, working));
        assert!(!activity.is_sending());
        assert!(activity.idle_too_long(idle_only).now_or_never().is_some(), "nothing is left");
    }
}

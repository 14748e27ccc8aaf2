//! Bodies that are refused before they were read.
//!
//! A client that is still sending when the connection is closed sees a reset instead of the answer.
//! So what is left of a body is read and thrown away, up to a bound.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use http::{Request, header};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use tokio::runtime::Handle;

/// Most bytes that are thrown away for the sake of an answer.
const BYTES_MAX: usize = 64 << 20;
/// Longest time that is spent on it.
const TIME_MAX: Duration = Duration::from_secs(10);

/// Sees to it that the request's body is read to its end, by its endpoint or after it.
pub(crate) fn until_read(request: Request<Body>) -> Request<Body> {
    // Such a client sends its body when it is asked for it, which is when it is first read.
    let waits = request.headers().contains_key(header::EXPECT);
    request.map(|body| Body::new(Lingering { body, sending: !waits }))
}

struct Lingering {
    body: Body,
    sending: bool,
}

impl HttpBody for Lingering {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.sending = true;
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(None | Some(Err(_))) = frame {
            self.sending = false;
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        if !self.sending || self.body.is_end_stream() {
            return;
        }
        if let Ok(runtime) = Handle::try_current() {
            let rest = std::mem::take(&mut self.body);
            runtime.spawn(tokio::time::timeout(TIME_MAX, thrown_away(rest)));
        }
    }
}

async fn thrown_away(mut body: Body) {
    let mut bytes = 0;
    while bytes <= BYTES_MAX
        && let Some(Ok(frame)) = body.frame().await
    {
        bytes += frame.data_ref().map_or(0, Bytes::len);
    }
}

//! Draining of bodies that are refused before they were read.
//!
//! A client that is still sending when the connection closes sees a reset instead of the answer. So
//! the rest of a body is read and discarded, within limits of size and time.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use http::{Request, header};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use tokio::runtime::Handle;

/// Largest number of bytes that are discarded.
const BYTES_MAX: usize = 64 << 20;
/// Longest time for which bytes are discarded.
const TIME_MAX: Duration = Duration::from_secs(10);

/// Wraps the body of a request, so that its rest is drained when the endpoint does not read it.
pub(crate) fn drain_when_dropped(request: Request<Body>) -> Request<Body> {
    // A client with `Expect` sends its body only when the server starts to read it.
    let waits = request.headers().contains_key(header::EXPECT);
    request.map(|body| Body::new(DrainedBody { body, sending: !waits }))
}

struct DrainedBody {
    body: Body,
    sending: bool,
}

impl HttpBody for DrainedBody {
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

impl Drop for DrainedBody {
    fn drop(&mut self) {
        if !self.sending || self.body.is_end_stream() {
            return;
        }
        if let Ok(runtime) = Handle::try_current() {
            let rest = std::mem::take(&mut self.body);
            runtime.spawn(tokio::time::timeout(TIME_MAX, discard(rest)));
        }
    }
}

async fn discard(mut body: Body) {
    let mut bytes = 0;
    while bytes <= BYTES_MAX
        && let Some(Ok(frame)) = body.frame().await
    {
        bytes += frame.data_ref().map_or(0, Bytes::len);
    }
}

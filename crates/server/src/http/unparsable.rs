//! Answers to requests that are not valid HTTP, or whose head is too large.
//!
//! The HTTP library answers these itself, with a head alone: no body, no request id. Errors must be
//! JSON on every path, so this module replaces that head as it is written.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::status::http_status;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{envelope, request_layer};
use app::app::App;
use app::error::{ApiError, ErrorCode};

/// Longest head that the library writes for its own refusals, in bytes. Heads of the server's own
/// answers are longer and have a request id.
const BARE_HEAD_BYTES_MAX: usize = 256;

/// A connection stream that replaces bare refusals of the HTTP library.
pub(crate) struct EnvelopedStream<S> {
    stream: S,
    app: App,
    /// The replacement that is being written; none if there is none.
    pending: Option<PendingReplacement>,
    /// True if a line has ended since the last answer. The first line is the request line.
    has_line: bool,
}

struct PendingReplacement {
    bytes: Vec<u8>,
    written: usize,
    replaces_bytes: usize,
}

impl<S> EnvelopedStream<S> {
    /// Wraps a stream.
    pub(crate) fn new(stream: S, app: App) -> Self {
        Self { stream, app, pending: None, has_line: false }
    }
}

/// Returns the answer that replaces `written`; none unless that is a bare refusal of the library.
fn replacement_of_refusal(
    written: &[u8],
    has_line: bool,
    new_id: impl FnOnce() -> Arc<str>,
) -> Option<Vec<u8>> {
    let is_bare = written.len() <= BARE_HEAD_BYTES_MAX
        && written.starts_with(b"HTTP/1.1 4")
        && written.ends_with(b"\r\n\r\n");
    let head = std::str::from_utf8(written).ok().filter(|_| is_bare)?;
    if head.contains("x-request-id") || !head.contains("content-length: 0") {
        return None;
    }
    let error = match head.get(9..12)? {
        "400" => ApiError::request("The request is not valid HTTP."),
        "431" if !has_line => uri_too_long(),
        "414" => uri_too_long(),
        "431" => ApiError::new(ErrorCode::RequestTooLarge, "The headers are too large."),
        _ => return None,
    };
    let id = new_id();
    let body = envelope::error_body(&error, &id).to_string();
    let status = http::StatusCode::from_u16(http_status(error.code)).ok()?;
    Some(
        format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
             connection: close\r\nx-request-id: {id}\r\ncache-control: no-store\r\n\
             x-content-type-options: nosniff\r\nreferrer-policy: no-referrer\r\n\r\n{body}",
            body.len()
        )
        .into_bytes(),
    )
}

fn uri_too_long() -> ApiError {
    ApiError::new(ErrorCode::UriTooLong, "The request line is longer than 64 KiB.")
}

impl<S: AsyncWrite + Unpin> EnvelopedStream<S> {
    fn poll_replacement(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let Some(pending) = &mut self.pending else { return Poll::Ready(Ok(0)) };
        while let Some(rest) = pending.bytes.get(pending.written..).filter(|rest| !rest.is_empty())
        {
            let written = ready!(Pin::new(&mut self.stream).poll_write(context, rest))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            pending.written += written;
        }
        let replaces_bytes = pending.replaces_bytes;
        self.pending = None;
        Poll::Ready(Ok(replaces_bytes))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for EnvelopedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.has_line |= buffer.filled()[before..].contains(&b'\n');
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for EnvelopedStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.pending.is_none() {
            let has_line = std::mem::take(&mut self.has_line);
            let Some(instead) = replacement_of_refusal(bytes, has_line, || {
                request_layer::new_request_id(&self.app)
            }) else {
                return Pin::new(&mut self.stream).poll_write(context, bytes);
            };
            self.pending = Some(PendingReplacement {
                bytes: instead,
                written: 0,
                replaces_bytes: bytes.len(),
            });
        }
        self.poll_replacement(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match parts {
            [only] => self.poll_write(context, only),
            _ => Pin::new(&mut self.stream).poll_write_vectored(context, parts),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bare_refusals_are_replaced() {
        let bare = |status: &str| {
            format!(
                "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 0\r\ndate: x\r\n\r\n"
            )
        };
        let large = bare("431 Request Header Fields Too Large");
        // bytes written by the library, has_line, code of the replacement
        for (written, has_line, code) in [
            (bare("414 URI Too Long"), true, Some("uri_too_long")),
            (bare("400 Bad Request"), true, Some("parameter_invalid")),
            (large.clone(), true, Some("request_too_large")),
            (large, false, Some("uri_too_long")),
            (bare("404 Not Found"), true, None),
            (bare("200 OK"), true, None),
            (bare("400 Bad Request").replace("date: x", "x-request-id: 1"), true, None),
            (format!("{}body", bare("400 Bad Request")), true, None),
        ] {
            let instead = replacement_of_refusal(written.as_bytes(), has_line, || "id".into());
            let instead = instead.map(|bytes| String::from_utf8(bytes).unwrap());
            let expected = code.map(|code| format!(r#"{{"code":"{code}""#));
            assert_eq!(instead.is_some(), expected.is_some(), "{written}");
            if let (Some(instead), Some(expected)) = (instead, expected) {
                assert!(instead.contains(&expected), "{instead}");
            }
        }
    }
}

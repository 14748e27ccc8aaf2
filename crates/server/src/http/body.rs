//! Bodies that are spooled to a file while they arrive, so that memory does not grow with them; and
//! small ones that are not.

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use http_body_util::BodyExt;
use sha2::{Digest, Sha256};
use tempfile::TempPath;
use tokio::sync::mpsc;
use tokio::sync::mpsc::{Receiver, Sender};

use crate::error::{ApiError, ErrorCode, log};

/// How many pieces may wait for the disk.
const PIECES_AHEAD: usize = 16;

/// A body in a file that is deleted when this is dropped. What a crash leaves behind in the folder
/// is deleted by whoever starts the server.
pub(crate) struct Spooled {
    /// The file.
    pub(crate) path: TempPath,
    /// SHA-256 of what was sent.
    pub(crate) sha256: [u8; 32],
}

/// Bounds of a body.
pub(crate) struct Bounds {
    /// Most bytes, as sent.
    pub(crate) bytes_max: u64,
    /// Longest silence.
    pub(crate) idle_max: Duration,
}

/// Takes the whole body in, or nothing.
pub(crate) async fn spool(body: Body, dir: PathBuf, bounds: &Bounds) -> Result<Spooled, ApiError> {
    if body.size_hint().lower() > bounds.bytes_max {
        return Err(too_large(bounds));
    }
    let (sender, receiver) = mpsc::channel(PIECES_AHEAD);
    let writer = tokio::task::spawn_blocking(move || write(receiver, dir));
    receive(body, sender, bounds).await?;
    match writer.await {
        Ok(Ok(spooled)) => Ok(spooled),
        Ok(Err(error)) => Err(not_written(&error)),
        Err(_) => Err(ApiError::internal()),
    }
}

/// Takes a small body in, or nothing.
pub(crate) async fn collect(body: Body, bounds: &Bounds) -> Result<Vec<u8>, ApiError> {
    if body.size_hint().lower() > bounds.bytes_max {
        return Err(too_large(bounds));
    }
    let (sender, mut receiver) = mpsc::channel::<Bytes>(PIECES_AHEAD);
    let gather = async {
        let mut bytes = Vec::new();
        while let Some(piece) = receiver.recv().await {
            bytes.extend_from_slice(&piece);
        }
        bytes
    };
    let (received, bytes) = tokio::join!(receive(body, sender, bounds), gather);
    received.map(|()| bytes)
}

async fn receive(mut body: Body, sender: Sender<Bytes>, bounds: &Bounds) -> Result<(), ApiError> {
    let mut bytes: u64 = 0;
    loop {
        let frame = tokio::time::timeout(bounds.idle_max, body.frame()).await;
        let Ok(frame) = frame else {
            return Err(ApiError::request("The body stopped arriving before it was complete."));
        };
        let Some(frame) = frame else { return Ok(()) };
        let Ok(frame) = frame else {
            return Err(ApiError::request("The body ended before it was complete."));
        };
        let Ok(piece) = frame.into_data() else { continue };
        bytes += piece.len() as u64;
        if bytes > bounds.bytes_max {
            return Err(too_large(bounds));
        }
        if sender.send(piece).await.is_err() {
            // The writer stopped; it says why.
            return Ok(());
        }
    }
}

fn write(mut pieces: Receiver<Bytes>, dir: PathBuf) -> io::Result<Spooled> {
    let mut file = tempfile::Builder::new().prefix("body-").tempfile_in(dir)?;
    let mut hasher = Sha256::new();
    while let Some(piece) = pieces.blocking_recv() {
        hasher.update(&piece);
        file.write_all(&piece)?;
    }
    Ok(Spooled { path: file.into_temp_path(), sha256: hasher.finalize().into() })
}

pub(crate) fn too_large(bounds: &Bounds) -> ApiError {
    let message = format!("The body is larger than {} bytes.", bounds.bytes_max);
    ApiError::new(ErrorCode::RequestTooLarge, message)
}

fn not_written(error: &io::Error) -> ApiError {
    log("spool_failed", error);
    ApiError::of_file(error)
}

#[cfg(test)]
mod tests {
    use futures::stream;

    use super::*;

    fn body(pieces: Vec<Result<&'static str, &'static str>>) -> Body {
        Body::from_stream(stream::iter(pieces))
    }

    async fn spooled(body: Body, bytes_max: u64) -> Result<(String, [u8; 32]), ErrorCode> {
        let dir = tempfile::tempdir().unwrap();
        let bounds = Bounds { bytes_max, idle_max: Duration::from_secs(5) };
        let result = spool(body, dir.path().to_owned(), &bounds).await;
        let read =
            result.map(|spooled| (std::fs::read_to_string(&spooled.path).unwrap(), spooled.sha256));
        // The writer of a refused body may still be about to notice.
        while std::fs::read_dir(dir.path()).unwrap().count() > 0 {
            tokio::task::yield_now().await;
        }
        read.map_err(|error| error.code)
    }

    #[tokio::test]
    async fn pieces_are_written_in_order_and_hashed() {
        let (text, sha256) = spooled(body(vec![Ok("ab"), Ok("c")]), 3).await.unwrap();
        assert_eq!(text, "abc");
        assert_eq!(sha256, <[u8; 32]>::from(Sha256::digest("abc")));
    }

    #[tokio::test]
    async fn bodies_that_are_too_large_or_broken_off_are_refused() {
        for (pieces, expected) in [
            (vec![Ok("ab"), Ok("cd")], ErrorCode::RequestTooLarge),
            (vec![Ok("ab"), Err("reset")], ErrorCode::ParameterInvalid),
        ] {
            assert_eq!(spooled(body(pieces), 3).await.unwrap_err(), expected);
        }
        let announced = Body::from("abcd");
        assert_eq!(spooled(announced, 3).await.unwrap_err(), ErrorCode::RequestTooLarge);
    }

    #[tokio::test]
    async fn a_folder_that_is_gone_is_a_failure_of_the_server() {
        let bounds = Bounds { bytes_max: 10, idle_max: Duration::from_secs(5) };
        let result = spool(Body::from("a"), "/nowhere/at/all".into(), &bounds).await;
        assert_eq!(result.err().map(|error| error.code), Some(ErrorCode::InternalError));
    }

    #[tokio::test]
    async fn a_body_that_stops_arriving_is_refused() {
        let silent = Body::from_stream(stream::pending::<Result<&str, io::Error>>());
        let dir = tempfile::tempdir().unwrap();
        let bounds = Bounds { bytes_max: 3, idle_max: Duration::from_millis(1) };
        let result = spool(silent, dir.path().to_owned(), &bounds).await;
        assert_eq!(result.err().map(|error| error.code), Some(ErrorCode::ParameterInvalid));
    }
}

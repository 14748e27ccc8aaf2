//! Reading of bodies: large ones are spooled to a file while they arrive, so that memory does not
//! grow with them; small ones are read into memory.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use http_body_util::BodyExt;
use sha2::{Digest, Sha256};
use tempfile::TempPath;
use tokio::sync::mpsc;
use tokio::sync::mpsc::{Receiver, Sender};
use tokio::time::Instant;

use super::request_slot::{RequestSlot, SlotHolder};
use app::app::App;
use app::error::{ApiError, ErrorCode, log_error};
use app::fair_slots::{FairSlot, FairSlots};

/// Number of pieces that may wait to be written to disk.
const PIECES_AHEAD: usize = 16;

/// A body in a temporary file that is deleted when this is dropped. Files that a crash leaves
/// behind are deleted at the next start.
pub(crate) struct SpooledBody {
    /// Path of the file.
    pub(crate) path: TempPath,
    /// SHA-256 of the bytes as sent.
    pub(crate) sha256: [u8; 32],
    /// The body's place among the spooled bodies; held until drop.
    _place: Option<FairSlot<SlotHolder>>,
}

/// Limits for one body.
pub(crate) struct BodyLimits {
    /// Largest number of bytes, as sent.
    pub(crate) bytes_max: u64,
    /// Longest pause between two pieces. The least rate applies after this time.
    pub(crate) idle_max: Duration,
    /// Least average number of bytes per second; 0 = no limit.
    pub(crate) bytes_per_s_min: u64,
}

impl BodyLimits {
    /// Returns the limits of the settings for a body of at most `bytes_max` bytes.
    pub(crate) fn new(app: &App, bytes_max: u64) -> Self {
        let settings = app.settings();
        Self {
            bytes_max,
            idle_max: Duration::from_secs(settings.import.idle_timeout_s),
            bytes_per_s_min: settings.server.body_bytes_per_s_min,
        }
    }

    /// Returns how long the next piece may take, after `bytes` have arrived in the time `waited`.
    fn next_piece_timeout(&self, bytes: u64, waited: Duration) -> Duration {
        let Some(earned_s) = bytes.checked_div(self.bytes_per_s_min) else { return self.idle_max };
        let due = self.idle_max + Duration::from_secs(earned_s);
        self.idle_max.min(due.saturating_sub(waited))
    }
}

/// A body that has not been read yet, with the slot of its request.
#[derive(Default)]
pub(crate) struct UnreadBody {
    /// The body.
    pub(crate) body: Body,
    /// The slot of the request; none if the request holds none.
    pub(crate) turn: Option<RequestSlot>,
}

impl UnreadBody {
    /// Writes the whole body to a temporary file. The result keeps its place among the spooled
    /// bodies until it is dropped.
    /// Fails if the body exceeds `bounds` or breaks off, or if too many bodies arrive.
    pub(crate) async fn spool(
        self,
        app: &App,
        bounds: &BodyLimits,
    ) -> Result<SpooledBody, ApiError> {
        let Self { body, turn } = self;
        let spooling = spool(body, app.temp_dir().to_owned(), bounds);
        let (spooled, place) =
            receive_in_own_place(turn, app.import_body_slots(), spooling).await?;
        Ok(SpooledBody { _place: place, ..spooled })
    }

    /// Reads the whole body into memory. Fails like [`Self::spool`].
    pub(crate) async fn collect(self, app: &App, bounds: &BodyLimits) -> Result<Vec<u8>, ApiError> {
        let Self { body, turn } = self;
        let (bytes, _place) =
            receive_in_own_place(turn, app.body_slots(), collect(body, bounds)).await?;
        Ok(bytes)
    }
}

/// Waits for a body while it holds a place among the arriving bodies instead of the request's slot.
/// Takes the slot again afterwards.
async fn receive_in_own_place<T>(
    turn: Option<RequestSlot>,
    places: &Arc<FairSlots<SlotHolder>>,
    reading: impl Future<Output = Result<T, ApiError>>,
) -> Result<(T, Option<FairSlot<SlotHolder>>), ApiError> {
    let Some(turn) = turn else { return Ok((reading.await?, None)) };
    let place = places.take(turn.holder());
    let place =
        place.ok_or_else(|| ApiError::unavailable("The server receives too many bodies."))?;
    turn.release();
    let read = reading.await?;
    turn.reacquire()?;
    Ok((read, Some(place)))
}

async fn spool(body: Body, dir: PathBuf, bounds: &BodyLimits) -> Result<SpooledBody, ApiError> {
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

async fn collect(body: Body, bounds: &BodyLimits) -> Result<Vec<u8>, ApiError> {
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

async fn receive(
    mut body: Body,
    sender: Sender<Bytes>,
    bounds: &BodyLimits,
) -> Result<(), ApiError> {
    let mut bytes: u64 = 0;
    // Only the time that the client takes counts, not that of the disk.
    let mut waited = Duration::ZERO;
    loop {
        let asked = Instant::now();
        let frame =
            tokio::time::timeout(bounds.next_piece_timeout(bytes, waited), body.frame()).await;
        let Ok(frame) = frame else {
            return Err(ApiError::request(
                "The body stopped arriving before it was complete, or arrived too slowly.",
            ));
        };
        waited += asked.elapsed();
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
            // The writer has stopped and reports the reason itself.
            return Ok(());
        }
    }
}

fn write(mut pieces: Receiver<Bytes>, dir: PathBuf) -> io::Result<SpooledBody> {
    let mut file = tempfile::Builder::new().prefix("body-").tempfile_in(dir)?;
    let mut hasher = Sha256::new();
    while let Some(piece) = pieces.blocking_recv() {
        hasher.update(&piece);
        file.write_all(&piece)?;
    }
    let (path, sha256) = (file.into_temp_path(), hasher.finalize().into());
    Ok(SpooledBody { path, sha256, _place: None })
}

pub(crate) fn too_large(bounds: &BodyLimits) -> ApiError {
    let message = format!("The body is larger than {} bytes.", bounds.bytes_max);
    ApiError::new(ErrorCode::RequestTooLarge, message)
}

fn not_written(error: &io::Error) -> ApiError {
    log_error("spool_failed", error);
    ApiError::from_file_error(error)
}

#[cfg(test)]
mod tests {
    use futures::stream;

    use super::*;

    fn body(pieces: Vec<Result<&'static str, &'static str>>) -> Body {
        Body::from_stream(stream::iter(pieces))
    }

    fn bounds(bytes_max: u64, idle_max: Duration) -> BodyLimits {
        BodyLimits { bytes_max, idle_max, bytes_per_s_min: 0 }
    }

    async fn spooled(body: Body, bytes_max: u64) -> Result<(String, [u8; 32]), ErrorCode> {
        let dir = tempfile::tempdir().unwrap();
        let bounds = bounds(bytes_max, Duration::from_secs(5));
        let result = spool(body, dir.path().to_owned(), &bounds).await;
        let read =
            result.map(|spooled| (std::fs::read_to_string(&spooled.path).unwrap(), spooled.sha256));
        // The writer of a refused body may not have noticed yet.
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
    async fn a_folder_that_cannot_be_written_to_is_not_the_fault_of_the_client() {
        let bounds = bounds(10, Duration::from_secs(5));
        let result = spool(Body::from("a"), "/nowhere/at/all".into(), &bounds).await;
        assert_eq!(result.err().map(|error| error.code), Some(ErrorCode::Unavailable));
    }

    #[tokio::test]
    async fn a_body_that_stops_arriving_is_refused() {
        let silent = Body::from_stream(stream::pending::<Result<&str, io::Error>>());
        let dir = tempfile::tempdir().unwrap();
        let bounds = bounds(3, Duration::from_millis(1));
        let result = spool(silent, dir.path().to_owned(), &bounds).await;
        assert_eq!(result.err().map(|error| error.code), Some(ErrorCode::ParameterInvalid));
    }
    #[tokio::test]
    async fn a_body_that_never_stops_arriving_but_is_too_slow_is_refused() {
        let drops = stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_millis(1)).await;
            Some((Ok::<_, io::Error>("x"), ()))
        });
        let idle_max = Duration::from_millis(20);
        let bounds = BodyLimits { bytes_max: u64::MAX, idle_max, bytes_per_s_min: 1 << 30 };
        let result = collect(Body::from_stream(drops), &bounds).await;
        assert_eq!(result.err().map(|error| error.code), Some(ErrorCode::ParameterInvalid));
    }

    #[test]
    fn bytes_that_have_arrived_buy_time_for_the_next() {
        let secs = Duration::from_secs;
        let bounds = BodyLimits { bytes_max: 1, idle_max: secs(60), bytes_per_s_min: 100 };
        for (bytes, waited, expected) in
            [(0, 0, 60), (0, 59, 1), (0, 61, 0), (1000, 60, 10), (1000, 70, 0), (1_000_000, 70, 60)]
        {
            assert_eq!(
                bounds.next_piece_timeout(bytes, secs(waited)),
                secs(expected),
                "{bytes} {waited}"
            );
        }
        let any_rate = BodyLimits { bytes_per_s_min: 0, ..bounds };
        assert_eq!(any_rate.next_piece_timeout(0, secs(1_000_000)), secs(60));
    }
}

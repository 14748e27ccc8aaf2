//! Answers that send a finished file, whole or one range of it, with the headers that clients need
//! to check it and to resume. Rule: spec/reports.md §11.2; spec/exports.md §6; RFC 9110 §13, §14.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::Stream;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

use app::error::ApiError;
use app::jobs::stored_file::StoredFile;

const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");
/// Number of bytes that are read at a time.
const PIECE_BYTES: usize = 128 * 1024;

/// The reason why a file is not sent.
pub(crate) enum DownloadRefusal {
    /// The requested range lies outside the file.
    RangeOutside,
    /// The file does not exist, or its bytes do not match the recorded digest.
    Missing,
    /// The file cannot be read at the moment.
    Unreadable,
}

impl DownloadRefusal {
    /// Returns the error for [`Self::Unreadable`].
    pub(crate) fn unreadable() -> ApiError {
        ApiError::unavailable("The file cannot be read now.")
    }
}

/// Callback that runs once, when the last byte of the file has been handed over.
pub(crate) type OnComplete = Box<dyn FnOnce() + Send>;

/// Returns the answer to a download: the whole file, the requested range, or 304 if the client
/// already has this file.
/// Calls `on_complete` when the end of the file has been sent.
pub(crate) async fn download_response(
    file: &StoredFile,
    asked: &HeaderMap,
    on_complete: OnComplete,
) -> Result<Response, DownloadRefusal> {
    let etag = format!("\"{}\"", file.sha256);
    if lists_entity_tag(asked, header::IF_NONE_MATCH, &etag) {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        insert_file_headers(file, &etag, response.headers_mut());
        return Ok(response);
    }
    let is_current = match asked.get(header::IF_RANGE) {
        None => true,
        Some(value) => value.as_bytes() == etag.as_bytes(),
    };
    let range = if is_current { ByteRange::read(asked, file.bytes) } else { ByteRange::Whole };
    let (start, length) = match range {
        ByteRange::Whole => (0, file.bytes),
        ByteRange::Part { first, last } => (first, last - first + 1),
        ByteRange::Outside => return Err(DownloadRefusal::RangeOutside),
    };
    let opened = open_at(file, start).await.map_err(|error| refusal_of_error(&error))?;
    let reaches_end = start + length == file.bytes;
    let body = DownloadStream {
        pieces: ReaderStream::with_capacity(opened.take(length), PIECE_BYTES),
        left: length,
        on_complete: reaches_end.then_some(on_complete),
    };
    let mut response = Response::new(Body::from_stream(body));
    let headers = response.headers_mut();
    insert_file_headers(file, &etag, headers);
    headers.insert(header::CONTENT_LENGTH, length.into());
    if let ByteRange::Part { first, last } = range {
        let said = format!("bytes {first}-{last}/{}", file.bytes);
        insert(headers, header::CONTENT_RANGE, &said);
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(response)
}

/// Adds the size of the file to the error that answers a range outside of it.
pub(crate) fn with_file_size(file: &StoredFile, mut response: Response) -> Response {
    insert(response.headers_mut(), header::CONTENT_RANGE, &format!("bytes */{}", file.bytes));
    response
}

/// Opens the file at `start`, after its size and digest have been checked.
async fn open_at(file: &StoredFile, start: u64) -> io::Result<File> {
    let (folder, path) = (file.folder.clone(), file.path.clone());
    let (bytes, sha256) = (file.bytes, file.sha256.clone());
    let opening = move || folder.open_checked(&path, bytes, &sha256);
    let opened = tokio::task::spawn_blocking(opening).await.map_err(io::Error::other)?;
    let mut opened = File::from_std(opened?);
    opened.seek(io::SeekFrom::Start(start)).await?;
    Ok(opened)
}

/// Maps a failure to open the file. Only a missing or changed file counts as missing; other
/// failures, such as too many open files, say nothing about it.
fn refusal_of_error(error: &io::Error) -> DownloadRefusal {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::InvalidData => {
            app::error::log_error("file_missing", error);
            DownloadRefusal::Missing
        }
        _ => {
            app::error::log_error("file_failed", error);
            DownloadRefusal::Unreadable
        }
    }
}

fn insert_file_headers(file: &StoredFile, etag: &str, headers: &mut HeaderMap) {
    insert(headers, header::CONTENT_TYPE, &file.content_type);
    insert(headers, header::CONTENT_DISPOSITION, &content_disposition(&file.name));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    insert(headers, header::ETAG, etag);
    if let Ok(digest) = hex::decode(&file.sha256) {
        insert(headers, REPR_DIGEST, &format!("sha-256=:{}:", STANDARD.encode(digest)));
    }
}

/// Returns the value of `Content-Disposition`. Our file names contain only letters, digits and
/// `._-`; any other character is replaced, so that a name cannot break the header.
fn content_disposition(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let name: String = name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    format!("attachment; filename=\"{name}\"")
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// Returns true if a list of entity tags contains `etag` or `*`.
fn lists_entity_tag(asked: &HeaderMap, name: HeaderName, etag: &str) -> bool {
    let values = asked.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let mut tags = values.flat_map(|value| value.split(',')).map(str::trim);
    tags.any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag)
}

/// The part of the file that a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ByteRange {
    Whole,
    Part { first: u64, last: u64 },
    Outside,
}

impl ByteRange {
    /// Reads the `Range` header. Several ranges, and ranges that cannot be parsed, ask for the
    /// whole file.
    fn read(asked: &HeaderMap, bytes: u64) -> Self {
        let mut values = asked.get_all(header::RANGE).iter();
        let (Some(value), None) = (values.next(), values.next()) else { return Self::Whole };
        let range = value.to_str().ok().and_then(|text| text.strip_prefix("bytes="));
        let Some((first, last)) = range.and_then(|range| range.trim().split_once('-')) else {
            return Self::Whole;
        };
        match (RangeEnd::parse(first), RangeEnd::parse(last)) {
            (RangeEnd::At(first), RangeEnd::Open) if first < bytes => {
                Self::Part { first, last: bytes - 1 }
            }
            (RangeEnd::At(_), RangeEnd::Open) => Self::Outside,
            (RangeEnd::At(first), RangeEnd::At(last)) if first <= last => {
                let last = last.min(bytes.saturating_sub(1));
                if first < bytes { Self::Part { first, last } } else { Self::Outside }
            }
            (RangeEnd::Open, RangeEnd::At(count)) => match (count.min(bytes), bytes) {
                (0, _) => Self::Outside,
                (count, bytes) => Self::Part { first: bytes - count, last: bytes - 1 },
            },
            _ => Self::Whole,
        }
    }
}

/// One end of a range in the `Range` header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RangeEnd {
    /// It is not given.
    Open,
    /// A number of bytes.
    At(u64),
    /// It is not a number.
    Invalid,
}

impl RangeEnd {
    fn parse(text: &str) -> Self {
        match text {
            "" => Self::Open,
            text if text.bytes().all(|byte| byte.is_ascii_digit()) => {
                Self::At(text.parse().unwrap_or(u64::MAX))
            }
            _ => Self::Invalid,
        }
    }
}

/// The stream of a file's bytes. It calls `on_complete` when the last byte has been handed over.
struct DownloadStream<R> {
    pieces: ReaderStream<R>,
    left: u64,
    on_complete: Option<OnComplete>,
}

impl<R: tokio::io::AsyncRead + Unpin> Stream for DownloadStream<R> {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let piece = futures::ready!(Pin::new(&mut self.pieces).poll_next(context));
        if let Some(Ok(bytes)) = &piece {
            self.left = self.left.saturating_sub(bytes.len() as u64);
        }
        Poll::Ready(piece)
    }
}

/// The connection drops the body as soon as it has taken the announced number of bytes, so the end
/// of a transfer is only seen here.
impl<R> Drop for DownloadStream<R> {
    fn drop(&mut self) {
        if self.left == 0
            && let Some(on_complete) = self.on_complete.take()
        {
            on_complete();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_read_and_anything_odd_is_the_whole_file() {
        use ByteRange::{Outside, Part, Whole};
        for (text, expected) in [
            ("bytes=0-0", Part { first: 0, last: 0 }),
            ("bytes=3-", Part { first: 3, last: 9 }),
            ("bytes=3-99", Part { first: 3, last: 9 }),
            ("bytes=-4", Part { first: 6, last: 9 }),
            ("bytes=-99", Part { first: 0, last: 9 }),
            ("bytes=10-", Outside),
            ("bytes=99999999999999999999-", Outside),
            ("bytes=-0", Outside),
            ("bytes=5-4", Whole),
            ("bytes=-", Whole),
            ("bytes=0-1,3-4", Whole),
            ("lines=0-1", Whole),
            ("bytes=a-b", Whole),
        ] {
            let mut asked = HeaderMap::new();
            asked.insert(header::RANGE, HeaderValue::from_static(text));
            assert_eq!(ByteRange::read(&asked, 10), expected, "{text}");
        }
        assert_eq!(ByteRange::read(&HeaderMap::new(), 10), Whole);
    }

    #[test]
    fn nothing_of_an_empty_file_is_in_any_range() {
        for text in ["bytes=0-", "bytes=-1"] {
            let mut asked = HeaderMap::new();
            asked.insert(header::RANGE, HeaderValue::from_static(text));
            assert_eq!(ByteRange::read(&asked, 0), ByteRange::Outside, "{text}");
        }
    }

    #[test]
    fn names_of_files_cannot_break_out_of_their_header() {
        let said = content_disposition("a\"; x=\r\n.csv");
        assert_eq!(said, "attachment; filename=\"a___x___.csv\"");
    }
}

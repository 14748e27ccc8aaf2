//! Format and compression of a body, from its headers. Rule: spec/data-model.md §3.

use files::format::{Compression, ImportFormat};
use http::{HeaderMap, header};

use app::error::{ApiError, ErrorCode};

/// Reads the format and compression of a body.
/// Fails with `unsupported_media_type` if the format is not one of `formats`.
pub(crate) fn read_content_headers(
    headers: &HeaderMap,
    formats: &[ImportFormat],
) -> Result<(ImportFormat, Compression), ApiError> {
    let named = single_header(headers, header::CONTENT_TYPE.as_str()).flatten();
    let format = named.and_then(ImportFormat::from_content_type);
    let format = format.filter(|format| formats.contains(format)).ok_or_else(|| {
        let names: Vec<_> = formats.iter().map(|format| format.content_type()).collect();
        refused(format!("Content-Type must be {}.", names.join(", ")))
    })?;
    let packing = single_header(headers, header::CONTENT_ENCODING.as_str());
    let compression = packing.and_then(|named| match named {
        None => Some(Compression::None),
        Some(text) => Compression::from_content_encoding(text),
    });
    let compression = compression
        .ok_or_else(|| refused("Content-Encoding must be gzip, zstd or absent.".to_owned()))?;
    Ok((format, compression))
}

/// Returns the value of a header that may be sent at most once: `Some(None)` if it is absent,
/// `None` if it is sent twice or is not text.
pub(crate) fn single_header<'h>(headers: &'h HeaderMap, name: &str) -> Option<Option<&'h str>> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Some(None),
        (Some(value), None) => value.to_str().ok().map(Some),
        _ => None,
    }
}

fn refused(message: String) -> ApiError {
    ApiError::new(ErrorCode::UnsupportedMediaType, message)
}

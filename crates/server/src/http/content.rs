//! Format and compression of a body, from its headers. Rule: spec/data-model.md §3.

use files::format::Compression;
use http::{HeaderMap, header};
use model::file_format::FileFormat;

use app::auth::credential::HeaderText;
use app::error::{ApiError, ErrorCode};

/// Reads the format and compression of a body.
/// Fails with `unsupported_media_type` if the format is not one of `formats`.
pub(crate) fn read_content_headers(
    headers: &HeaderMap,
    formats: &[FileFormat],
) -> Result<(FileFormat, Compression), ApiError> {
    let named = header_text(headers, header::CONTENT_TYPE.as_str());
    let format = named.text().and_then(FileFormat::from_import_content_type);
    let format = format.filter(|format| formats.contains(format)).ok_or_else(|| {
        let names: Vec<_> = formats.iter().map(|format| format.media_type()).collect();
        refused(format!("Content-Type must be {}.", names.join(", ")))
    })?;
    let compression = match header_text(headers, header::CONTENT_ENCODING.as_str()) {
        HeaderText::Absent => Some(Compression::None),
        HeaderText::Text(text) => Compression::from_content_encoding(text),
        HeaderText::NotText | HeaderText::Repeated => None,
    };
    let compression = compression
        .ok_or_else(|| refused("Content-Encoding must be gzip, zstd or absent.".to_owned()))?;
    Ok((format, compression))
}

/// Returns the text of a header that may be sent once.
pub(crate) fn header_text<'h>(headers: &'h HeaderMap, name: &str) -> HeaderText<'h> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => HeaderText::Absent,
        (Some(value), None) => value.to_str().map_or(HeaderText::NotText, HeaderText::Text),
        _ => HeaderText::Repeated,
    }
}

fn refused(message: String) -> ApiError {
    ApiError::new(ErrorCode::UnsupportedMediaType, message)
}

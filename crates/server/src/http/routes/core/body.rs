//! A request's body as a JSON object in which each key stands once. Rule: spec/exports.md §2 row 6.

use http::{HeaderMap, header};
use serde_json::{Map, Value};

use crate::http::body::{BodyLimits, UnreadBody};
use crate::http::content;
use crate::http::form::{BODY_BYTES_MAX, parse_unique_members};
use app::app::App;
use app::blocking::blocking;
use app::error::{ApiError, ErrorCode};

/// Reads the whole body as a JSON object. Fails with a message about what is wrong with it.
pub(super) async fn read_json_object(
    app: &App,
    headers: &HeaderMap,
    body: UnreadBody,
) -> Result<Map<String, Value>, ApiError> {
    let content_type = content::header_text(headers, header::CONTENT_TYPE.as_str());
    let media_type =
        content_type.text().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let is_packed = headers.contains_key(header::CONTENT_ENCODING);
    if !media_type.eq_ignore_ascii_case("application/json") || is_packed {
        let message = "The body must be application/json, without a content encoding.";
        return Err(ApiError::new(ErrorCode::UnsupportedMediaType, message));
    }
    let bytes = body.collect(app, &BodyLimits::new(app, BODY_BYTES_MAX)).await?;
    let read = move || {
        parse_unique_members(&bytes).map_err(|why| ApiError::new(ErrorCode::InvalidJson, why))
    };
    blocking(read).await
}

//! Parameters in a body: JSON, form or multipart. Rule: spec/reports.md §2, spec/usage.md §10,
//! spec/auth-and-errors.md §8.

use std::fmt;
use std::io::Read;

use axum::body::Body;
use axum::extract::{FromRequest, Multipart};
use files::format::Compression;
use flate2::read::MultiGzDecoder;
use futures::executor::block_on;
use http::{HeaderMap, Request, header};
use reports::request::{RawParameters, RawValue};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::body::{BodyLimits, UnreadBody, too_large};
use super::query::VALUES_MAX;
use super::{content, query};
use app::app::App;
use app::auth::credential::HeaderText;
use app::blocking::blocking;
use app::error::{ApiError, ErrorCode};

/// Largest size of a body with parameters in bytes, before and after decompression.
pub(crate) const BODY_BYTES_MAX: u64 = 1024 * 1024;

/// Largest number of keys in a JSON body: far more than any endpoint has parameters.
const KEYS_MAX: usize = 1000;

/// The encoding of parameters in a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BodyEncoding {
    Json,
    Form,
    Multipart,
}

const KINDS: [(&str, BodyEncoding); 3] = [
    ("application/json", BodyEncoding::Json),
    ("application/x-www-form-urlencoded", BodyEncoding::Form),
    ("multipart/form-data", BodyEncoding::Multipart),
];

/// Reads the parameters in a body that may be empty.
pub(crate) async fn read_optional_body_parameters(
    app: &App,
    headers: &HeaderMap,
    body: UnreadBody,
) -> Result<RawParameters, ApiError> {
    if headers.contains_key(header::CONTENT_TYPE) {
        return read_body_parameters(app, headers, body).await;
    }
    if body.collect(app, &bounds(app)).await?.is_empty() {
        Ok(vec![])
    } else {
        kind("").map(|_| vec![])
    }
}

/// Fails if a request to an endpoint without a body has one. An empty JSON object is allowed,
/// because some clients always send one.
pub(crate) async fn refuse_body(app: &App, body: UnreadBody) -> Result<(), ApiError> {
    let bytes = body.collect(app, &bounds(app)).await?;
    match bytes.trim_ascii() {
        b"" | b"{}" => Ok(()),
        _ => Err(ApiError::request("This endpoint takes no body. Send none.")),
    }
}

/// Reads the parameters in a body. Parsing runs on a blocking thread, not on those that serve
/// connections.
pub(crate) async fn read_body_parameters(
    app: &App,
    headers: &HeaderMap,
    body: UnreadBody,
) -> Result<RawParameters, ApiError> {
    let content_type = content::header_text(headers, header::CONTENT_TYPE.as_str());
    let content_type = content_type.text().unwrap_or_default().to_owned();
    let (kind, is_packed) = (kind(&content_type)?, is_packed(headers)?);
    let bounds = bounds(app);
    let bytes = body.collect(app, &bounds).await?;
    let read = move || {
        let bytes = if is_packed { decompress(&bytes, &bounds)? } else { bytes };
        match kind {
            BodyEncoding::Json => parse_json(&bytes),
            BodyEncoding::Form => parse_form(bytes),
            // The whole body is in memory, so this never waits.
            BodyEncoding::Multipart => block_on(parse_multipart(&content_type, bytes)),
        }
    };
    blocking(read).await
}

fn bounds(app: &App) -> BodyLimits {
    BodyLimits::new(app, BODY_BYTES_MAX)
}

fn kind(content_type: &str) -> Result<BodyEncoding, ApiError> {
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    let found = KINDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(media_type));
    found.map(|(_, kind)| *kind).ok_or_else(|| {
        let names = KINDS.map(|(name, _)| name).join(", ");
        unsupported(format!("Content-Type must be one of {names}."))
    })
}

fn is_packed(headers: &HeaderMap) -> Result<bool, ApiError> {
    let packing = match content::header_text(headers, header::CONTENT_ENCODING.as_str()) {
        HeaderText::Absent => Some(Compression::None),
        HeaderText::Text(name) => Compression::from_content_encoding(name),
        HeaderText::NotText | HeaderText::Repeated => None,
    };
    match packing {
        Some(Compression::None) => Ok(false),
        Some(Compression::Gzip) => Ok(true),
        _ => Err(unsupported("Content-Encoding must be gzip or absent.".to_owned())),
    }
}

fn unsupported(message: String) -> ApiError {
    ApiError::new(ErrorCode::UnsupportedMediaType, message)
}

fn decompress(packed: &[u8], bounds: &BodyLimits) -> Result<Vec<u8>, ApiError> {
    let mut bytes = Vec::new();
    let mut unpacking = MultiGzDecoder::new(packed).take(bounds.bytes_max + 1);
    match unpacking.read_to_end(&mut bytes) {
        Ok(count) if count as u64 <= bounds.bytes_max => Ok(bytes),
        Ok(_) => Err(too_large(bounds)),
        Err(_) => Err(ApiError::request("The body is not valid gzip.")),
    }
}

fn parse_json(bytes: &[u8]) -> Result<RawParameters, ApiError> {
    let members = parse_unique_members(bytes).map_err(ApiError::request)?;
    Ok(members.into_iter().map(|(name, value)| (name, raw_value_of_json(value))).collect())
}

/// Parses a JSON object in which no key is repeated. The error is a message for the caller.
pub(crate) fn parse_unique_members(bytes: &[u8]) -> Result<Map<String, Value>, String> {
    let members: Result<UniqueMembers, _> = serde_json::from_slice(bytes);
    let members = members
        .map(|members| members.0)
        .map_err(|_| "The body must be a JSON object in which each key stands once.".to_owned())?;
    if members.len() > KEYS_MAX {
        let count = members.len();
        return Err(format!("The body has {count} keys; at most {KEYS_MAX} are allowed."));
    }
    let count: usize = members.values().map(count_values).sum();
    match count {
        ..=VALUES_MAX => Ok(members),
        count => Err(format!("The body has {count} values; at most {VALUES_MAX} are allowed.")),
    }
}

/// Returns the number of values in a value, including itself.
fn count_values(value: &Value) -> usize {
    match value {
        Value::Array(list) => 1 + list.iter().map(count_values).sum::<usize>(),
        Value::Object(members) => 1 + members.values().map(count_values).sum::<usize>(),
        _ => 1,
    }
}

struct UniqueMembers(Map<String, Value>);

impl<'de> Deserialize<'de> for UniqueMembers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(UniqueMembersVisitor)
    }
}

struct UniqueMembersVisitor;

impl<'de> Visitor<'de> for UniqueMembersVisitor {
    type Value = UniqueMembers;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<UniqueMembers, M::Error> {
        let mut members = Map::new();
        while let Some((name, value)) = map.next_entry::<String, Value>()? {
            if members.insert(name, value).is_some() {
                return Err(M::Error::custom("a key stands there twice"));
            }
        }
        Ok(UniqueMembers(members))
    }
}

fn raw_value_of_json(value: Value) -> RawValue {
    match value {
        Value::Null => RawValue::Null,
        Value::Bool(value) => RawValue::Bool(value),
        Value::Number(number) => RawValue::Number(number.to_string()),
        Value::String(text) => RawValue::Text(text),
        Value::Array(items) => RawValue::List(items.into_iter().map(raw_value_of_json).collect()),
        Value::Object(_) => RawValue::Object,
    }
}

fn parse_form(bytes: Vec<u8>) -> Result<RawParameters, ApiError> {
    let refused = |_| ApiError::request("The body must be a form in UTF-8.");
    let text = String::from_utf8(bytes).map_err(refused)?;
    query::parse(Some(text.trim_end_matches(['\r', '\n'])))
}

async fn parse_multipart(content_type: &str, bytes: Vec<u8>) -> Result<RawParameters, ApiError> {
    let broken = || ApiError::request("The body is not valid multipart/form-data in UTF-8.");
    let request = Request::builder().header(header::CONTENT_TYPE, content_type);
    let request = request.body(Body::from(bytes)).map_err(|_| broken())?;
    let parts = Multipart::from_request(request, &()).await;
    let mut parts = parts.map_err(|_| broken())?;
    let mut parameters = RawParameters::new();
    while let Some(field) = parts.next_field().await.map_err(|_| broken())? {
        let name = field.name().ok_or_else(broken)?.to_owned();
        let bytes = field.bytes().await.map_err(|_| broken())?;
        let text = String::from_utf8(bytes.to_vec()).map_err(|_| broken())?;
        parameters.push((name, RawValue::Text(text)));
        if parameters.len() > VALUES_MAX {
            return Err(query::too_many_values_error());
        }
    }
    Ok(parameters)
}

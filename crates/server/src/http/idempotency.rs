//! The `Idempotency-Key` header of a request. Rule: spec/data-model.md §3; spec/reports.md §11.1;
//! spec/exports.md §2.

use app::auth::credential::HeaderText;
use http::HeaderMap;

use super::content;

/// Name of the header.
pub(crate) const HEADER: &str = "idempotency-key";
/// Largest length of a key in bytes.
pub(crate) const BYTES_MAX: usize = 255;

/// Reads the key; none if the header is absent. The error is a message for the caller.
pub(crate) fn read_idempotency_key(headers: &HeaderMap) -> Result<Option<String>, String> {
    let is_key = |key: &str| {
        (1..=BYTES_MAX).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
    };
    match content::header_text(headers, HEADER) {
        HeaderText::Absent => Ok(None),
        HeaderText::Text(key) if is_key(key) => Ok(Some(key.to_owned())),
        _ => Err(format!("Must be sent once, as 1 to {BYTES_MAX} visible characters.")),
    }
}

//! The caller's key for a request that is to be done once. Rule: spec/data-model.md §3;
//! spec/reports.md §11.1; spec/exports.md §2.

use http::HeaderMap;

use super::content;

/// Its header.
pub(crate) const HEADER: &str = "idempotency-key";
/// Longest key.
pub(crate) const BYTES_MAX: usize = 255;

/// The key, none when there is none, or what is wrong with it.
pub(crate) fn read(headers: &HeaderMap) -> Result<Option<String>, String> {
    let is_key = |key: &str| {
        (1..=BYTES_MAX).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
    };
    match content::only(headers, HEADER) {
        Some(None) => Ok(None),
        Some(Some(key)) if is_key(key) => Ok(Some(key.to_owned())),
        _ => Err(format!("Must be sent once, as 1 to {BYTES_MAX} visible characters.")),
    }
}

//! The normal form of paths: repeated slashes count as one, a trailing slash is ignored. Rule:
//! spec/reports.md §1. Also the variable parts of a path.

use axum::extract::{FromRequestParts, RawPathParams};
use http::Uri;
use http::request::Parts;
use http::uri::PathAndQuery;

/// The variable parts of a path, decoded.
#[derive(Debug, Clone, Default)]
pub(crate) struct PathValues(Vec<(String, String)>);

impl PathValues {
    /// Reads the parts that the router found. Parts that are not UTF-8 are dropped, so
    /// [`PathValues::get`] returns an empty text for them.
    pub(crate) async fn read(parts: &mut Parts) -> Self {
        let found = RawPathParams::from_request_parts(parts, &()).await;
        let pair = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Self(found.map(|found| found.iter().map(pair).collect()).unwrap_or_default())
    }

    /// Returns the part with this name; empty if there is none.
    pub(crate) fn get(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    /// Returns the part as an id; none unless it is a number from 1 in digits without a sign.
    pub(crate) fn id(&self, name: &str) -> Option<i64> {
        let text = self.get(name);
        let is_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|id| is_digits && model::id::is_valid_id(*id))
    }
}

/// Returns the address with its path in normal form; none if it already is.
pub(crate) fn normalize(uri: &Uri) -> Option<Uri> {
    let path = uri.path();
    let is_normal =
        path == "/" || (path.starts_with('/') && !path.ends_with('/') && !path.contains("//"));
    if is_normal || path == "*" {
        return None;
    }
    let mut normal = String::with_capacity(uri.path().len() + 1);
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        normal.push('/');
        normal.push_str(segment);
    }
    if normal.is_empty() {
        normal.push('/');
    }
    if let Some(query) = uri.query() {
        normal.push('?');
        normal.push_str(query);
    }
    // Only the path and query matter from here on, so scheme and authority are dropped.
    PathAndQuery::try_from(normal).ok().map(Uri::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slashes_are_collapsed_and_queries_kept() {
        for (given, expected) in [
            ("/a/b", None),
            ("/", None),
            ("//", Some("/")),
            ("/a//b/", Some("/a/b")),
            (
                "/api/v2//reports/customer_credits/data/?a=1//2",
                Some("/api/v2/reports/customer_credits/data?a=1//2"),
            ),
            ("http://host//a", Some("/a")),
            ("*", None),
        ] {
            let uri: Uri = given.parse().unwrap();
            let expected: Option<Uri> = expected.map(|text| text.parse().unwrap());
            assert_eq!(normalize(&uri), expected, "{given}");
        }
    }
}

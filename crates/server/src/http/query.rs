//! Parameters in the query string. Rule: spec/reports.md §2.2.

use http::request::Parts;
use percent_encoding::percent_decode;
use reports::request::{RawParameters, RawValue};

use super::accept::Accept;
use app::error::ApiError;

/// Largest number of values in one request: room for the longest list that a parameter may have,
/// and for every other parameter.
pub(crate) const VALUES_MAX: usize = 11_000;

/// Returns the error for a request with more than [`VALUES_MAX`] values.
pub(crate) fn too_many_values_error() -> ApiError {
    ApiError::request(format!("More than {VALUES_MAX} values are given."))
}

/// Parses `name=value&…` in the order given; `+` is a space, `%XX` a byte of UTF-8.
pub(crate) fn parse(query: Option<&str>) -> Result<RawParameters, ApiError> {
    let pairs = query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    if pairs.clone().count() > VALUES_MAX {
        return Err(too_many_values_error());
    }
    pairs.map(parse_pair).collect::<Option<_>>().ok_or_else(|| {
        ApiError::request("The query string must be UTF-8 with correct percent-encoding.")
    })
}

/// Returns true if the request asks for XML, by `format` or else by `Accept`. Only for endpoints
/// that answer in JSON or XML. Rule: spec/usage.md §1.
pub(crate) fn asks_for_xml(parts: &Parts) -> bool {
    let parameters = parse(parts.uri.query()).unwrap_or_default();
    let format = parameters.iter().rev().find_map(|(name, value)| match value {
        RawValue::Text(text) if name == "format" => Some(text.to_ascii_lowercase()),
        _ => None,
    });
    match format.as_deref() {
        Some("xml") => true,
        Some("json") => false,
        _ => Accept::read(&parts.headers).prefers("application/xml", "application/json"),
    }
}

/// Returns true if the query has this parameter.
pub(crate) fn has_parameter(parts: &Parts, name: &str) -> bool {
    parse(parts.uri.query()).is_ok_and(|given| given.iter().any(|(known, _)| known == name))
}

/// Returns the site that `site_id` names; none if it is absent, repeated or not a valid id.
pub(crate) fn site_parameter(parts: &Parts) -> Option<i64> {
    let given = parse(parts.uri.query()).ok()?;
    let mut texts = given.iter().filter(|(name, _)| name == "site_id").map(|(_, value)| value);
    match (texts.next(), texts.next()) {
        (Some(RawValue::Text(text)), None) => {
            text.parse().ok().filter(|id| model::id::is_valid_id(*id))
        }
        _ => None,
    }
}

fn parse_pair(text: &str) -> Option<(String, RawValue)> {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    Some((decode(name)?, RawValue::Text(decode(value)?)))
}

fn decode(text: &str) -> Option<String> {
    let mut escapes = text.split('%').skip(1);
    let is_escape = |rest: &str| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    if !escapes.all(is_escape) {
        return None;
    }
    let spaced = text.replace('+', " ");
    let decoded = percent_decode(spaced.as_bytes()).decode_utf8().ok()?;
    Some(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_decoded() {
        for (query, expected) in [
            ("", vec![]),
            ("a=1&b=2", vec![("a", "1"), ("b", "2")]),
            ("a=1&a=2", vec![("a", "1"), ("a", "2")]),
            ("a", vec![("a", "")]),
            ("&&a=&", vec![("a", "")]),
            ("a=b=c", vec![("a", "b=c")]),
            ("columns%5B%5D=x", vec![("columns[]", "x")]),
            ("as_of=2026-01-01T00:00:00+01:00", vec![("as_of", "2026-01-01T00:00:00 01:00")]),
            ("as_of=2026-01-01T00:00:00%2B01:00", vec![("as_of", "2026-01-01T00:00:00+01:00")]),
            ("q=%C3%A9", vec![("q", "é")]),
            ("q=%00", vec![("q", "\0")]),
        ] {
            let found = parse(Some(query)).unwrap();
            let expected: RawParameters = expected
                .into_iter()
                .map(|(name, value)| (name.to_owned(), RawValue::Text(value.to_owned())))
                .collect();
            assert_eq!(found, expected, "{query}");
        }
    }

    #[test]
    fn far_too_many_values_are_refused() {
        assert_eq!(parse(Some(&"a&".repeat(VALUES_MAX))).unwrap().len(), VALUES_MAX);
        let error = parse(Some(&"a&".repeat(VALUES_MAX + 1))).unwrap_err();
        assert!(error.fields.0["non_field_errors"][0].contains("11000 values"), "{error:?}");
    }

    #[test]
    fn broken_escapes_and_broken_utf8_are_refused() {
        for query in ["a=%", "a=%4", "a=%zz", "%=1", "a=%ff", "a=%C3", "a=%C3%28", "a=%+1"] {
            let error = parse(Some(query)).unwrap_err();
            assert!(error.fields.0.contains_key("non_field_errors"), "{query}");
        }
    }
}

//! The `Accept` header of a request. Rule: spec/reports.md §7.1, spec/usage.md §1, RFC 9110
//! §12.5.1.

use http::{HeaderMap, header};

use super::endpoint::AnswerFormats;
use app::error::{ApiError, ErrorCode};

const WEIGHT_MAX: u16 = 1000;

/// The media ranges that a client accepts; empty = every type.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Accept(Vec<MediaRange>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct MediaRange {
    kind: String,
    subtype: String,
    /// Weight in thousandths; 0 = not acceptable.
    weight: u16,
}

impl Accept {
    /// Reads all `Accept` headers. Ignores parts that are not media ranges.
    pub(crate) fn read(headers: &HeaderMap) -> Self {
        let values = headers.get_all(header::ACCEPT).iter();
        let texts = values.filter_map(|value| value.to_str().ok());
        Self(texts.flat_map(|text| text.split(',')).filter_map(MediaRange::parse).collect())
    }

    /// Returns true if the client accepts `media_type`, written as `type/subtype`.
    pub(crate) fn allows(&self, media_type: &str) -> bool {
        self.0.is_empty() || self.most_exact_range(media_type).is_some_and(|range| range.weight > 0)
    }

    /// Returns true if the client prefers `media_type` to `other`: by weight, then by how exactly
    /// its ranges name each.
    pub(crate) fn prefers(&self, media_type: &str, other: &str) -> bool {
        let rank = |range: &MediaRange| (range.weight, range.exactness());
        let rank_of = |media_type| self.most_exact_range(media_type).map(rank);
        self.allows(media_type) && rank_of(media_type) > rank_of(other)
    }

    /// Fails with `not_acceptable` if the client accepts none of the types that an endpoint offers.
    pub(crate) fn require_any_of(&self, produces: AnswerFormats) -> Result<(), ApiError> {
        let offered = produces.media_types();
        if offered.is_empty() || offered.iter().any(|media_type| self.allows(media_type)) {
            return Ok(());
        }
        let offered = offered.join(" or ");
        let message = format!("This answers with {offered}, which Accept does not allow.");
        Err(ApiError::new(ErrorCode::NotAcceptable, message))
    }

    /// Returns the most exact range that matches `media_type`.
    fn most_exact_range(&self, media_type: &str) -> Option<&MediaRange> {
        let (kind, subtype) = media_type.split_once('/')?;
        let fitting = self.0.iter().filter(|range| range.fits(kind, subtype));
        fitting.max_by_key(|range| range.exactness())
    }
}

impl MediaRange {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let (kind, subtype) = parts.next()?.split_once('/')?;
        let weight = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
        let weight = weight.map_or(WEIGHT_MAX, parse_weight);
        let (kind, subtype) = (kind.to_ascii_lowercase(), subtype.to_ascii_lowercase());
        Some(Self { kind, subtype, weight })
    }

    fn fits(&self, kind: &str, subtype: &str) -> bool {
        (self.kind == "*" && self.subtype == "*")
            || (self.kind == kind && (self.subtype == "*" || self.subtype == subtype))
    }

    fn exactness(&self) -> u8 {
        u8::from(self.kind != "*") + u8::from(self.subtype != "*")
    }
}

/// Returns a weight in thousandths, such as 500 for `0.5`. A text that is not a weight counts as 1.
fn parse_weight(text: &str) -> u16 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fraction = format!("{fraction:0<3}");
    let digits = fraction.get(..3).and_then(|digits| digits.parse::<u16>().ok());
    match (whole, digits) {
        ("0" | "", Some(digits)) => digits,
        _ => WEIGHT_MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heavier_then_the_more_exactly_named_is_preferred() {
        for (accept, is_preferred) in [
            ("", false),
            ("*/*", false),
            ("application/json", false),
            ("application/xml", true),
            ("application/*", false),
            ("application/xml, application/json", false),
            ("application/xml, application/json;q=0.9", true),
            ("application/xml;q=0.9, application/json", false),
            ("application/xml, */*;q=0.1", true),
            ("application/xml, */*", true),
            ("application/xml;q=0.5, */*;q=0.500", true),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true),
            ("application/xml;q=0", false),
            ("application/xml;q=0, */*;q=0", false),
            ("text/html", false),
        ] {
            let mut headers = HeaderMap::new();
            if !accept.is_empty() {
                headers.insert(header::ACCEPT, accept.parse().unwrap());
            }
            let found = Accept::read(&headers).prefers("application/xml", "application/json");
            assert_eq!(found, is_preferred, "{accept}");
        }
    }

    #[test]
    fn weights_are_read_in_thousandths() {
        for (text, expected) in [
            ("1", 1000),
            ("1.000", 1000),
            ("0", 0),
            ("0.000", 0),
            ("0.5", 500),
            ("0.123", 123),
            (".5", 500),
            ("x", 1000),
            ("0.x", 1000),
        ] {
            assert_eq!(parse_weight(text), expected, "{text}");
        }
    }

    #[test]
    fn the_most_exact_range_decides() {
        // Accept, JSON allowed, CSV allowed
        for (accept, json, csv) in [
            ("", true, true),
            ("*/*", true, true),
            ("application/json", true, false),
            ("Application/JSON; charset=utf-8", true, false),
            ("text/csv", false, true),
            ("text/csv, application/json;q=0", false, true),
            ("text/csv, */*;q=0.1", true, true),
            ("text/*", false, true),
            ("*/*;q=0", false, false),
            ("application/json;q=0.000, */*", false, true),
            ("text/html", false, false),
            ("application/xml", false, false),
        ] {
            let mut headers = HeaderMap::new();
            if !accept.is_empty() {
                headers.insert(header::ACCEPT, accept.parse().unwrap());
            }
            let accept_read = Accept::read(&headers);
            let found = (accept_read.allows("application/json"), accept_read.allows("text/csv"));
            assert_eq!(found, (json, csv), "{accept}");
        }
    }
}

//! What a client takes, as its `Accept` says. Rule: spec/reports.md §7.1, RFC 9110 §12.5.1.

use http::{HeaderMap, header};

/// The media ranges of a request; empty = everything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Accept(Vec<Range>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Range {
    kind: String,
    subtype: String,
    is_refused: bool,
}

impl Accept {
    /// Reads all `Accept` headers. What is no media range is passed over.
    pub(crate) fn read(headers: &HeaderMap) -> Self {
        let values = headers.get_all(header::ACCEPT).iter();
        let texts = values.filter_map(|value| value.to_str().ok());
        Self(texts.flat_map(|text| text.split(',')).filter_map(Range::parse).collect())
    }

    /// Whether `type/subtype` may be sent: the most exact range that fits decides.
    pub(crate) fn allows(&self, media_type: &str) -> bool {
        let Some((kind, subtype)) = media_type.split_once('/') else { return false };
        let fitting = self.0.iter().filter(|range| range.fits(kind, subtype));
        let most_exact = fitting.max_by_key(|range| range.exactness());
        self.0.is_empty() || most_exact.is_some_and(|range| !range.is_refused)
    }
}

impl Range {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let (kind, subtype) = parts.next()?.split_once('/')?;
        let weight = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
        let is_refused = weight.is_some_and(|q| q.bytes().all(|b| b == b'0' || b == b'.'));
        let (kind, subtype) = (kind.to_ascii_lowercase(), subtype.to_ascii_lowercase());
        Some(Self { kind, subtype, is_refused })
    }

    fn fits(&self, kind: &str, subtype: &str) -> bool {
        (self.kind == "*" && self.subtype == "*")
            || (self.kind == kind && (self.subtype == "*" || self.subtype == subtype))
    }

    fn exactness(&self) -> u8 {
        u8::from(self.kind != "*") + u8::from(self.subtype != "*")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

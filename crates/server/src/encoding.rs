//! How an answer is written where XML is offered beside JSON. Rule: spec/usage.md §8.

use usage::xml::ListStyle;

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// JSON, everywhere.
    #[default]
    Json,
    /// XML, where an endpoint offers it and a request asks for it.
    Xml(ListStyle),
}

impl Encoding {
    /// The answer's `Content-Type`.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Xml(_) => "application/xml; charset=utf-8",
        }
    }
}

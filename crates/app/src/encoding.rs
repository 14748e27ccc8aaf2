//! How an answer and its errors are written. Rule: spec/usage.md §8; spec/exports.md §2.

use usage::xml::ListStyle;

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// JSON, everywhere.
    #[default]
    Json,
    /// JSON in the envelope of `/api/v1/core`. Rule: spec/exports.md §2.
    Core,
    /// XML, where an endpoint offers it and a request asks for it.
    Xml(ListStyle),
}

impl Encoding {
    /// The answer's `Content-Type`.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Json | Self::Core => "application/json",
            Self::Xml(_) => "application/xml; charset=utf-8",
        }
    }
}

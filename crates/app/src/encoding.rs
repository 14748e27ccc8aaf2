//! The encodings of answers and errors. Rule: spec/usage.md §8; spec/exports.md §2.

use usage::xml::ListStyle;

/// The encoding of an answer and its errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// JSON, which every endpoint offers.
    #[default]
    Json,
    /// JSON in the envelope of `/api/v1/core`. Rule: spec/exports.md §2.
    Core,
    /// XML, if the endpoint offers it and the request asks for it.
    Xml(ListStyle),
}

impl Encoding {
    /// Returns the `Content-Type` of the answer.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Json | Self::Core => "application/json",
            Self::Xml(_) => "application/xml; charset=utf-8",
        }
    }
}

//! Raw parameters, as any door hands them over, and what is wrong with them.
//! Rule: spec/reports.md §2, §14.

use std::collections::BTreeMap;

/// One parameter's value before it is checked.
#[derive(Debug, Clone, PartialEq)]
pub enum RawValue {
    /// Text of a query string, form or JSON string.
    Text(String),
    /// A JSON integer, or a JSON number as it was written.
    Number(String),
    /// A JSON bool.
    Bool(bool),
    /// JSON null.
    Null,
    /// A JSON array.
    List(Vec<RawValue>),
    /// A JSON object, which no parameter takes.
    Object,
}

/// Parameters in the order given; a name may come more than once.
pub type RawParameters = Vec<(String, RawValue)>;

/// Messages by parameter (canonical name); `non_field_errors` for the request as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FieldErrors(pub BTreeMap<String, Vec<String>>);

impl FieldErrors {
    /// Adds a message for a parameter.
    pub fn push(&mut self, field: &str, message: impl Into<String>) {
        self.0.entry(field.to_owned()).or_default().push(message.into());
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

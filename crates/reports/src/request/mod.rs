//! Raw parameters from any entry point, checked into a request or refused with all errors. Rule:
//! spec/reports.md §2, §14.
//!
//! | module | holds |
//! | --- | --- |
//! | `parameters` | reads parameters by name and refuses unknown ones |
//! | `unknown` | ignored names, and suggestions for unknown ones |
//! | `values` | single values and lists: integers, ids, bools, dates, instants |
//! | `timeframe` | words and ranges of days |
//! | `selection` | column names and sort items |
//! | `conditions` | the report's filters with the values given |
//! | `grouped` | sort and pivot of a grouped report |
//! | `pivot`, `period` | the pivot of a request and its periods |
//! | `report_query` | rows, columns and order: the part that pages and files share |
//! | `paging` | requests for one page |
//! | `file` | requests for all rows |

use std::collections::BTreeMap;

pub(crate) mod conditions;
pub(crate) mod file;
pub(crate) mod grouped;
pub(crate) mod paging;
pub(crate) mod parameters;
pub(crate) mod period;
pub(crate) mod pivot;
pub(crate) mod report_query;
pub(crate) mod selection;
pub(crate) mod timeframe;
pub mod unknown;
pub mod values;

pub use file::{FileRequest, parse_file};
pub use paging::{PageRequest, parse_page};
pub use parameters::{MessageStyle, Parameters};

/// The context in which a request is checked, besides its report and provider.
#[derive(Debug, Clone)]
pub struct RequestContext {
    /// The time of the request; `as_of` overrides it.
    pub now: model::time::Instant,
    /// The largest number of rows that a page may have (setting `reports.max_page_size`).
    pub page_size_max: u32,
    /// The name of the caller, for whom `me` stands.
    pub caller_name: Option<String>,
}

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

impl RawValue {
    /// Returns the text of a text.
    fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns true for null and the empty text, which count as not given.
    fn is_absent(&self) -> bool {
        matches!(self, Self::Null) || self.as_text() == Some("")
    }
}

/// The parameters in the order given; a name may occur more than once.
pub type RawParameters = Vec<(String, RawValue)>;

/// Error messages by canonical parameter name; `non_field_errors` holds those about the whole
/// request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FieldErrors(pub BTreeMap<String, Vec<String>>);

impl FieldErrors {
    /// Adds a message for a parameter.
    pub fn push(&mut self, field: &str, message: impl Into<String>) {
        self.0.entry(field.to_owned()).or_default().push(message.into());
    }

    /// Adds all messages of `others`.
    pub fn extend(&mut self, others: Self) {
        for (field, messages) in others.0 {
            self.0.entry(field).or_default().extend(messages);
        }
    }

    /// Returns true if there are no messages.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

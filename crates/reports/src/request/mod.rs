//! Raw parameters, as any door hands them over, checked into a request or refused with all errors.
//! Rule: spec/reports.md §2, §14.
//!
//! | module | holds |
//! | --- | --- |
//! | `parameters` | taking parameters by name; what nobody took is unknown |
//! | `unknown` | names that mean nothing where they are given |
//! | `values` | single values and lists: integers, ids, bools, dates, instants |
//! | `timeframe` | words and ranges of days |
//! | `selection` | column names and sort items |
//! | `conditions` | the report's filters |
//! | `grouped` | order and pivot of groups |
//! | `pivot`, `period` | which pivot, over which periods |
//! | `question` | which rows, columns and order: what pages and files share |
//! | `paging` | which page, in which format |
//! | `file` | all rows, for a file |

use std::collections::BTreeMap;

pub(crate) mod conditions;
pub(crate) mod file;
pub(crate) mod grouped;
pub(crate) mod paging;
pub(crate) mod parameters;
pub(crate) mod period;
pub(crate) mod pivot;
pub(crate) mod question;
pub(crate) mod selection;
pub(crate) mod timeframe;
pub mod unknown;
pub mod values;

pub use file::{FileRequest, parse_file};
pub use paging::{PageFormat, PageRequest, parse_page};
pub use parameters::Parameters;

/// What a request is checked against beside its report and provider.
#[derive(Debug, Clone)]
pub struct RequestContext {
    /// The present, before `as_of`.
    pub now: model::time::Instant,
    /// The most rows that a page may have (setting `reports.max_page_size`).
    pub page_size_max: u32,
    /// Name of whoever asks: who `me` is.
    pub identity_name: Option<String>,
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

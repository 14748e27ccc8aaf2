//! Reports and exports: their definitions as data, the checking of requests, plans and results.
//!
//! Must not know: HTTP, file formats, the store.
//!
//! | module | holds |
//! | --- | --- |
//! | [`definition`] | types that describe a report as data |
//! | `definitions` | the definitions of the reports, one per file |
//! | `terms` | terms that several reports share: display names, effective status, holds |
//! | [`exports`] | every kind of record as the rows of a file |
//! | `usage_rows` | usage of customer memberships as rows of a table |
//! | [`request`] | raw parameters, checked into a request or refused |
//! | `query_scope` | the context of one request: session, present, provider, functions |
//! | `engine` | builds and runs the plans of a checked request |
//! | `functions` | functions that plans need and DataFusion does not have |
//! | [`page`] | one page of a report, ready to be written |
//! | [`rows`] | all rows of a report, ready to be written |
//! | [`describe`] | the discovery documents |
//! | `row_schema` | JSON Schemas of the rows of reports |
//! | [`error`] | errors that occur while a report is computed |

pub mod csv_dialect;
pub mod definition;
mod definitions;
pub mod describe;
mod engine;
pub mod error;
pub mod exports;
mod functions;
pub mod page;
mod query_scope;
pub mod request;
mod row_schema;
pub mod rows;
mod terms;
mod usage_rows;

pub use csv_dialect::CsvDialect;
pub use datafusion::arrow::array::RecordBatch;
pub use definition::Report;
pub use definitions::{find_report, report_catalogue};
pub use engine::all_rows::{check_file, open_rows};
pub use engine::run::run_page;
pub use error::ReportError;
pub use page::{ColumnHeader, ReportPage, SortPosition};
pub use request::{
    FieldErrors, FileRequest, PageRequest, RawParameters, RawValue, RequestContext, parse_file,
    parse_page,
};
pub use row_schema::row_schema;
pub use rows::{ReportRows, RowStream};

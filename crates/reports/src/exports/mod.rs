//! Exports: every kind of record as the rows of a file. Rule: spec/exports.md.
//!
//! A type is a definition that the report engine runs. The body of a request is checked into
//! requests that jobs can store. A request is run to get rows.
//!
//! | module | holds |
//! | --- | --- |
//! | `types` | the export types, one per file |
//! | `export_type`, `export_layout`, `export_filter` | the definition of a type as data |
//! | `export_request` | a checked request, as a job stores it |
//! | `parse` | checks a body into requests or refuses it |
//! | `export_predicates` | a request's filters as expressions |
//! | `run` | runs a request: its rows, and whether there are any |
//! | `metadata` | metadata as columns or as rows |
//! | `describe` | the catalogue of types |
//! | `sites` | the sites that a request may name |

mod describe;
mod export_filter;
mod export_layout;
mod export_predicates;
mod export_request;
mod export_type;
mod metadata;
mod parse;
mod run;
mod sites;
mod types;

pub use describe::describe_export_type;
pub use export_request::{
    AccountingPackageRequest, DateMode, ExportRange, ExportRequest, MetadataLayout, RowPer,
};
pub use export_type::ExportType;
pub use parse::{ExportContext, ExportErrors, ExportRequests, parse_export_body};
pub use run::{export_has_rows, open_export_rows};
pub use sites::site_ids;
pub use types::{export_types, find_export_type};

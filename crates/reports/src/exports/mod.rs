//! Exports: every kind of record as the rows of a file. Rule: spec/exports.md.
//!
//! A type is data over the report engine. A request's body is checked into requests that a job can
//! store; a request gives rows.
//!
//! | module | holds |
//! | --- | --- |
//! | `types` | the export types, one per file |
//! | `export_type`, `layout`, `filter` | what a type is, as data |
//! | `request` | a checked request, as a job stores it |
//! | `parse` | a body to requests, or everything that is wrong with it |
//! | `predicates` | a request's filters as expressions |
//! | `run` | whether there are rows, and the rows |
//! | `metadata` | metadata as columns or as rows |
//! | `describe` | the catalogue of types |
//! | `sites` | the sites that a request may name |

mod describe;
mod export_type;
mod filter;
mod layout;
mod metadata;
mod parse;
mod predicates;
mod request;
mod run;
mod sites;
mod types;

pub use describe::describe;
pub use export_type::ExportType;
pub use parse::{ExportContext, ExportErrors, ExportRequests, parse};
pub use request::{ExportFormat, ExportRequest, MetadataLayout, Mode, Package, Range, RowPer};
pub use run::{has_rows, open_rows};
pub use sites::site_ids;
pub use types::{find, types};

//! The mirror: a columnar cache of the store, and sessions that read it at one revision.
//!
//! Deleting the mirror's folder loses nothing: it is rebuilt from the store.
//! Must not know: HTTP, report names, SQL.
//!
//! | module | holds |
//! | --- | --- |
//! | [`mirror`] | the public interface: open the mirror, start sessions, refresh, verify |
//! | `options` | the options of an opened mirror |
//! | [`session`] | one provider's tables at one revision |
//! | [`engine`] | the engine that runs plans: threads, memory pool, query configuration |
//! | [`schema`] | Arrow schemas, derived from the catalogue |
//! | [`cells`] | columns of batches as cells |
//! | [`status`] | status and reports of the mirror |
//! | [`error`] | the errors of the mirror and of plans, with stable codes |
//! | `updater` | advances the state, refreshes segments, repairs damage |
//! | `state`, `delta` | immutable: segments at one revision and the changes since |
//! | `refresh`, `writer`, `columns` | writing segments from the store |
//! | `scan`, `scan_files`, `locate`, `reader` | one provider's rows as a table that plans can scan |
//! | `row_index` | where the rows of a customer, an invoice and so on are in a segment |
//! | `folder`, `manifest`, `segment`, `blocks`, `block_checksums`, `load`, `retired` | the files on disk |
//! | `stream`, `plan_limiter` | result batches of running plans, and limits on concurrent plans |
//! | `verify` | comparison of the mirror with the store |

mod block_checksums;
mod blocks;
pub mod cells;
mod columns;
mod delta;
pub mod engine;
pub mod error;
mod folder;
mod load;
mod locate;
mod manifest;
pub mod mirror;
mod options;
mod plan_limiter;
mod reader;
mod refresh;
mod retired;
mod row_index;
mod scan;
mod scan_files;
pub mod schema;
mod segment;
pub mod session;
mod state;
pub mod status;
mod stream;
mod updater;
mod verify;
mod writer;

pub use engine::{PlanEngine, PlanEngineOptions};
pub use error::MirrorError;
pub use mirror::Mirror;
pub use options::{MirrorOptions, MirrorRole};
pub use session::{MirrorSession, ScanKeys, ScanRequest, TableSource};
pub use status::{MirrorStatus, RefreshReport, TableStatus, VerifyReport};
pub use stream::BatchStream;

#[cfg(test)]
mod tests;

//! The mirror: a columnar cache of the store, and sessions that read it at one revision.
//!
//! Deleting the mirror's folder loses nothing: it is rebuilt from the store.
//! Must not know: HTTP, report names, SQL.
//!
//! | module | holds |
//! | --- | --- |
//! | [`mirror`] | the mirror as its users see it: open, session, refresh, verify |
//! | [`session`] | one provider's tables at one revision |
//! | [`engine`] | where plans run: their runtime, memory pool and query state |
//! | [`schema`] | Arrow schemas, derived from the catalogue |
//! | [`status`] | what the mirror says of itself |
//! | [`error`] | what can go wrong, with stable codes |
//! | `keeper` | advances the state, refreshes segments, mends damage |
//! | `state`, `delta` | segments at one revision and what changed since, immutable |
//! | `refresh`, `writer`, `columns` | segments written from the store |
//! | `scan`, `units`, `locate`, `reader` | one provider's rows as a table that plans scan |
//! | `folder`, `manifest`, `segment`, `blocks`, `load`, `retired` | files, from their first byte to their last |
//! | `stream`, `turns` | batches of running plans, and whose turn it is |
//! | `verify` | the mirror compared with the store |

mod blocks;
mod columns;
mod delta;
pub mod engine;
pub mod error;
mod folder;
mod keeper;
mod load;
mod locate;
mod manifest;
pub mod mirror;
mod reader;
mod refresh;
mod retired;
mod scan;
pub mod schema;
mod segment;
pub mod session;
mod state;
pub mod status;
mod stream;
mod turns;
mod units;
mod verify;
mod writer;

pub use engine::{Engine, EngineOptions};
pub use error::MirrorError;
pub use mirror::{Mirror, MirrorOptions, Role};
pub use session::{Session, TableSource};
pub use status::{MirrorStatus, RefreshReport, TableStatus, VerifyReport};
pub use stream::BatchStream;

#[cfg(test)]
mod tests;

//! The mirror: a columnar cache of the store, and sessions that read it at one revision.
//!
//! Deleting the mirror's folder loses nothing: it is rebuilt from the store.
//! Must not know: HTTP, report names, SQL.
//!
//! | module | holds |
//! | --- | --- |
//! | [`schema`] | Arrow schemas, derived from the catalogue |
//! | [`engine`] | where plans run: their runtime, memory pool and query state |
//! | [`session`] | one provider's tables at one revision |
//! | [`error`] | what can go wrong, with stable codes |

pub mod engine;
pub mod error;
pub mod schema;
pub mod session;

pub use engine::{Engine, EngineOptions};
pub use error::MirrorError;
pub use session::{BatchStream, Session, TableSource};

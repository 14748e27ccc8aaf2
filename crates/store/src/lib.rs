//! The store: the authoritative copy of every record, behind one set of traits (the port).
//!
//! Synchronous by design: an adapter may block, so callers run it off their event loop. Must not
//! know: Arrow, HTTP, reports.
//!
//! | module | holds |
//! | --- | --- |
//! | [`port`] | the traits that an adapter implements, in the caller's terms |
//! | [`postgres`] | the adapter for a PostgreSQL database |
//! | [`sqlite`] | the adapter for SQLite files |
//! | [`token`] | opaque tokens in the form in which they are stored |
//! | [`store_move`] | moving a store from one database to another |
//! | [`error`] | errors of the store, with stable codes |
//! | [`crash`] | points at which tests abort the process |

pub mod crash;
pub mod error;
mod import;
mod part_content;
pub mod port;
pub mod postgres;
mod sql;
pub mod sqlite;
pub mod store_move;
pub mod token;

pub use error::StoreError;
pub use port::{
    ImportStart, ImportTransaction, KeyRange, RecordStore, RowKey, Snapshot, Store, StoredRow,
};

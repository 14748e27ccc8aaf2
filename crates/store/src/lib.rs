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
//! | [`transfer`] | moving a store from one database to another |
//! | [`error`] | errors of the store, with stable codes |

mod content;
pub mod error;
mod import;
pub mod port;
pub mod postgres;
pub mod sqlite;
pub mod token;
pub mod transfer;

pub use error::StoreError;
pub use port::{
    ImportStart, ImportTransaction, KeyRange, RecordStore, RowKey, Snapshot, Store, StoredRow,
};

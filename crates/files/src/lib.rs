//! Readers of import files and writers of answers. All stream: memory grows with none.
//!
//! Must not know: sessions and plans, the store, HTTP, or where a report's rows come from. It takes
//! files and record batches, and gives back changes and bytes.
//!
//! | module | holds |
//! | --- | --- |
//! | [`mod@format`] | formats and compressions, as file names and content types spell them |
//! | [`read`] | CSV, NDJSON and Parquet to changes for the store |
//! | [`mod@write`] | record batches to files of every format, with totals and hashes |
//! | [`spool`] | changes set aside until the store takes them |
//! | [`archive`] | several files in one ZIP |

pub mod archive;
pub mod format;
mod formula_guard;
pub mod read;
#[cfg(test)]
mod round_trip;
pub mod spool;
pub mod write;

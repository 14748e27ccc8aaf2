//! Readers of import files and writers of result files. All of them stream: memory use does not
//! grow with the file.
//!
//! Must not know: sessions and plans, the store, HTTP, or where a report's rows come from. Readers
//! turn files into changes; writers turn record batches into files.
//!
//! | module | holds |
//! | --- | --- |
//! | [`mod@format`] | formats and compressions, as file names and content types spell them |
//! | [`read`] | CSV, JSON, NDJSON and Parquet to changes for the store |
//! | [`mod@write`] | record batches to files of every format, with totals and hashes |
//! | [`spool`] | temporary storage of changes until the store takes them |
//! | [`archive`] | ZIP archives of several files |

pub mod archive;
pub mod format;
mod formula_guard;
pub mod read;
#[cfg(test)]
mod round_trip;
pub mod spool;
pub mod write;

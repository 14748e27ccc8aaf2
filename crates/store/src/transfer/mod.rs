//! Moving a whole store from one database into another: every table, row by row, then compared.
//!
//! Each table is one transaction, and is noted when it is there; a move that was interrupted goes
//! on with the tables that are not. Until all are there and equal, the target does not open as a
//! store.
//!
//! | module | holds |
//! | --- | --- |
//! | `tables` | what every store consists of, whatever the database |
//! | `value`, `digest` | one value; the hash of a table |

mod digest;
mod tables;
mod value;

use std::path::Path;

use crate::error::StoreError;
use crate::postgres::{MoveTarget, PostgresOptions};
use crate::sqlite::MoveSource;
use digest::Digest;

pub(crate) use tables::{ColumnKind, StoredTable};
pub(crate) use value::Value;

/// What became of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovedTable {
    /// Its name.
    pub name: &'static str,
    /// Its rows.
    pub rows: u64,
    /// SHA-256 over all of them in the order of their keys, the same on both sides; lower-case
    /// hex.
    pub sha256: String,
    /// Whether an earlier, interrupted move had brought it.
    pub was_there: bool,
}

/// Moves the store whose records are in the SQLite file at `from` into the PostgreSQL database at
/// `to`, which must be empty or hold part of the same move. `say` is told of each table that is
/// there. Nothing may write to the source meanwhile; it is left as it is.
///
/// [`StoreError::Exists`] when the target holds another store, [`StoreError::Damaged`] when what
/// was written is not what was read.
pub fn move_to_postgres(
    from: &Path,
    to: &str,
    options: &PostgresOptions,
    say: &mut dyn FnMut(&MovedTable),
) -> Result<Vec<MovedTable>, StoreError> {
    let source = MoveSource::open(from)?;
    let target = MoveTarget::open(to, options, &source.name()?)?;
    let mut moved = Vec::new();
    for table in tables::all() {
        let was_there = target.has(table)?;
        if !was_there {
            copy(&source, &target, table)?;
        }
        moved.push(compare(&source, &target, table, was_there)?);
        moved.last().into_iter().for_each(&mut *say);
    }
    target.finish()?;
    Ok(moved)
}

fn copy(
    source: &MoveSource,
    target: &MoveTarget,
    table: &'static StoredTable,
) -> Result<(), StoreError> {
    let mut writer = target.begin(table)?;
    source.read(table, &mut |row| writer.push(row))?;
    writer.finish(source.last_id(table)?)
}

fn compare(
    source: &MoveSource,
    target: &MoveTarget,
    table: &'static StoredTable,
    was_there: bool,
) -> Result<MovedTable, StoreError> {
    let (mut read, mut written) = (Digest::default(), Digest::default());
    source.read(table, &mut |row| {
        read.add(row);
        Ok(())
    })?;
    target.read(table, &mut |row| {
        written.add(row);
        Ok(())
    })?;
    let (name, rows, there) = (table.name, read.rows(), written.rows());
    let (sha256, other) = (read.finish(), written.finish());
    match (rows, &sha256) == (there, &other) {
        true => Ok(MovedTable { name, rows, sha256, was_there }),
        false => Err(StoreError::Damaged {
            reason: format!(
                "{name} has {rows} rows ({sha256}) in the source and {there} ({other}) in the \
                 target: did something write meanwhile? empty the target and move again"
            ),
        }),
    }
}

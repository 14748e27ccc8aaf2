//! Moves a whole store from one database into another: copies every table row by row, then
//! compares.
//!
//! Each table is copied in one transaction, which also records that the table is done. A move that
//! was interrupted goes on with the remaining tables. The target does not open as a store until all
//! tables are copied and equal.
//!
//! | module | holds |
//! | --- | --- |
//! | `tables` | the tables that every store has, whatever the database |
//! | `moved_value`, `table_digest` | one value; the hash of a table |
//! | `store_fingerprint` | the identity of the store that is moved |

mod moved_value;
mod store_fingerprint;
mod table_digest;
mod tables;

use std::collections::HashMap;
use std::path::Path;

use model::catalogue;

use crate::error::StoreError;
use crate::postgres::{MoveTarget, PostgresOptions};
use crate::sqlite::MoveSource;
use table_digest::TableHasher;

pub(crate) use moved_value::MovedValue;
pub(crate) use store_fingerprint::StoreFingerprint;
pub use table_digest::TableDigest;
pub(crate) use tables::{ColumnKind, StoredTable};

/// The result of a move for one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovedTable {
    /// The name of the table.
    pub name: &'static str,
    /// The content of the source's table.
    pub content: TableDigest,
    /// The state of the table in the target.
    pub state: MovedTableState,
}

/// The state of a table in the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MovedTableState {
    /// This run has copied it.
    Copied,
    /// An earlier run has copied it.
    CopiedBefore,
    /// An earlier move that is finished has copied it, and the target has changed it since.
    ChangedSince,
}

/// The result of a move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveReport {
    /// The results for every table.
    pub tables: Vec<MovedTable>,
    /// True if an earlier move was finished already.
    pub was_finished: bool,
}

/// Moves the store whose records are in the SQLite file at `from` into the PostgreSQL database at
/// `to`. The database must be empty, or hold an unfinished or finished move of the same store.
/// After a finished move, the stores are only compared. Calls `say` for each table that is done.
/// Nothing may write to the source meanwhile; its data is not changed.
///
/// Errors: [`StoreError::Exists`] when the target holds another store, or this one from before a
/// change of the source; [`StoreError::Damaged`] when the target differs from what was read.
pub fn move_to_postgres(
    from: &Path,
    to: &str,
    options: &PostgresOptions,
    say: &mut dyn FnMut(&MovedTable),
) -> Result<MoveReport, StoreError> {
    let source = MoveSource::open(from)?;
    let target = MoveTarget::open(to, options, &source.fingerprint()?)?;
    let mut tables = Vec::new();
    for table in tables::stored_tables() {
        tables.push(match target.kept() {
            Some(kept) => compare_again(&source, &target, kept, table)?,
            None => copy_and_compare(&source, &target, table)?,
        });
        tables.last().into_iter().for_each(&mut *say);
    }
    match target.kept() {
        Some(_) => check_changes_come_with_revision(&tables)?,
        None => target.finish(&tables)?,
    }
    Ok(MoveReport { tables, was_finished: target.kept().is_some() })
}

fn copy_and_compare(
    source: &MoveSource,
    target: &MoveTarget,
    table: &'static StoredTable,
) -> Result<MovedTable, StoreError> {
    let was_there = target.has_copied(table)?;
    if !was_there {
        copy_table(source, target, table)?;
    }
    let (name, read, written) =
        (table.name, digest_source_table(source, table)?, digest_target_table(target, table)?);
    if read == written {
        let how = if was_there { MovedTableState::CopiedBefore } else { MovedTableState::Copied };
        Ok(MovedTable { name, content: read, state: how })
    } else {
        Err(StoreError::Damaged {
            reason: format!(
                "{name} has {read} in the source and {written} in the target: did something write \
             meanwhile? empty the target and move again"
            ),
        })
    }
}

/// Compares a table after a finished move: the source must be unchanged, and the target is the same
/// or has been used since.
fn compare_again(
    source: &MoveSource,
    target: &MoveTarget,
    kept: &HashMap<String, TableDigest>,
    table: &'static StoredTable,
) -> Result<MovedTable, StoreError> {
    let (name, read) = (table.name, digest_source_table(source, table)?);
    if kept.get(name) != Some(&read) {
        let what = format!(
            "the store as it was when it was moved (its source has changed since, in {name}, and \
             the target lacks that)"
        );
        return Err(StoreError::Exists { what });
    }
    let how = if digest_target_table(target, table)? == read {
        MovedTableState::CopiedBefore
    } else {
        MovedTableState::ChangedSince
    };
    Ok(MovedTable { name, content: read, state: how })
}

/// Checks that records changed only with a new revision, as imports do.
fn check_changes_come_with_revision(tables: &[MovedTable]) -> Result<(), StoreError> {
    let is_used = |table: &&MovedTable| table.state == MovedTableState::ChangedSince;
    let mut used = tables.iter().filter(is_used);
    let is_new_revision = used.clone().any(|table| table.name == "revision");
    match used.find(|table| catalogue::table(table.name).is_some()) {
        Some(table) if !is_new_revision => Err(StoreError::Damaged {
            reason: format!("{} has changed in the target, which no import did", table.name),
        }),
        _ => Ok(()),
    }
}

fn copy_table(
    source: &MoveSource,
    target: &MoveTarget,
    table: &'static StoredTable,
) -> Result<(), StoreError> {
    let mut writer = target.begin_table(table)?;
    source.read(table, &mut |row| writer.push(row))?;
    writer.finish(source.last_id(table)?)
}

fn digest_source_table(
    source: &MoveSource,
    table: &StoredTable,
) -> Result<TableDigest, StoreError> {
    let mut read = TableHasher::default();
    source.read(table, &mut |row| {
        read.add(row);
        Ok(())
    })?;
    Ok(read.finish())
}

fn digest_target_table(
    target: &MoveTarget,
    table: &'static StoredTable,
) -> Result<TableDigest, StoreError> {
    let mut read = TableHasher::default();
    target.read(table, &mut |row| {
        read.add(row);
        Ok(())
    })?;
    Ok(read.finish())
}

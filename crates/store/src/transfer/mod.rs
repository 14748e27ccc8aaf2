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
//! | `source` | what tells a store from every other |

mod digest;
mod source;
mod tables;
mod value;

use std::collections::HashMap;
use std::path::Path;

use model::catalogue;

use crate::error::StoreError;
use crate::postgres::{MoveTarget, PostgresOptions};
use crate::sqlite::MoveSource;
use digest::Digest;

pub use digest::Content;
pub(crate) use source::SourceName;
pub(crate) use tables::{ColumnKind, StoredTable};
pub(crate) use value::Value;

/// What became of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovedTable {
    /// Its name.
    pub name: &'static str,
    /// What was read, and is in the target.
    pub content: Content,
    /// How it came there.
    pub how: How,
}

/// How a table came into the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// It was brought now.
    Brought,
    /// An earlier move had brought it.
    WasThere,
    /// An earlier, finished move had brought it, and the target has changed it since.
    Used,
}

/// What became of a move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Every table.
    pub tables: Vec<MovedTable>,
    /// Whether an earlier move had come to its end.
    pub was_finished: bool,
}

/// Moves the store whose records are in the SQLite file at `from` into the PostgreSQL database at
/// `to`, which must be empty, or hold part of the same move or its end; that is compared again.
/// `say` is told of each table that is there. Nothing may write to the source meanwhile; it is left
/// as it is.
///
/// [`StoreError::Exists`] when the target holds another store, or this one as it was before the
/// source changed; [`StoreError::Damaged`] when what was written is not what was read.
pub fn move_to_postgres(
    from: &Path,
    to: &str,
    options: &PostgresOptions,
    say: &mut dyn FnMut(&MovedTable),
) -> Result<Moved, StoreError> {
    let source = MoveSource::open(from)?;
    let target = MoveTarget::open(to, options, &source.name()?)?;
    let mut tables = Vec::new();
    for table in tables::all() {
        tables.push(match target.kept() {
            Some(kept) => look_again(&source, &target, kept, table)?,
            None => bring(&source, &target, table)?,
        });
        tables.last().into_iter().for_each(&mut *say);
    }
    match target.kept() {
        Some(_) => must_be_used_as_a_store(&tables)?,
        None => target.finish(&tables)?,
    }
    Ok(Moved { tables, was_finished: target.kept().is_some() })
}

fn bring(
    source: &MoveSource,
    target: &MoveTarget,
    table: &'static StoredTable,
) -> Result<MovedTable, StoreError> {
    let was_there = target.has(table)?;
    if !was_there {
        copy(source, target, table)?;
    }
    let (name, read, written) = (table.name, in_source(source, table)?, in_target(target, table)?);
    match read == written {
        true => {
            let how = if was_there { How::WasThere } else { How::Brought };
            Ok(MovedTable { name, content: read, how })
        }
        false => Err(StoreError::Damaged {
            reason: format!(
                "{name} has {read} in the source and {written} in the target: did something write \
                 meanwhile? empty the target and move again"
            ),
        }),
    }
}

/// After the end of a move: the source is as it was, and the target is the same or has been used.
fn look_again(
    source: &MoveSource,
    target: &MoveTarget,
    kept: &HashMap<String, Content>,
    table: &'static StoredTable,
) -> Result<MovedTable, StoreError> {
    let (name, read) = (table.name, in_source(source, table)?);
    if kept.get(name) != Some(&read) {
        let what = format!(
            "the store as it was when it was moved (its source has changed since, in {name}, and \
             the target lacks that)"
        );
        return Err(StoreError::Exists { what });
    }
    let how = if in_target(target, table)? == read { How::WasThere } else { How::Used };
    Ok(MovedTable { name, content: read, how })
}

/// Records change with a revision, so never alone.
fn must_be_used_as_a_store(tables: &[MovedTable]) -> Result<(), StoreError> {
    let is_used = |table: &&MovedTable| table.how == How::Used;
    let mut used = tables.iter().filter(is_used);
    let is_new_revision = used.clone().any(|table| table.name == "revision");
    match used.find(|table| catalogue::table(table.name).is_some()) {
        Some(table) if !is_new_revision => Err(StoreError::Damaged {
            reason: format!("{} has changed in the target, which no import did", table.name),
        }),
        _ => Ok(()),
    }
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

fn in_source(source: &MoveSource, table: &StoredTable) -> Result<Content, StoreError> {
    let mut read = Digest::default();
    source.read(table, &mut |row| {
        read.add(row);
        Ok(())
    })?;
    Ok(read.finish())
}

fn in_target(target: &MoveTarget, table: &'static StoredTable) -> Result<Content, StoreError> {
    let mut read = Digest::default();
    target.read(table, &mut |row| {
        read.add(row);
        Ok(())
    })?;
    Ok(read.finish())
}

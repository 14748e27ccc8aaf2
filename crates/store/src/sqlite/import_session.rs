//! The rows of an import in SQLite, read and written by key.

use std::cell::Cell as Flag;

use model::catalogue::Table;
use model::cell::Cell;
use model::id::Revision;
use rusqlite::types::Null;
use rusqlite::{CachedStatement, Connection, Rows, params_from_iter};

use super::errors::{damaged, failed};
use super::snapshot::SqliteRow;
use super::statements::{self, GROUP_ROWS};
use crate::error::StoreError;
use crate::import::import_session::{ImportSession, RowChanges};
use crate::import::temp_tables::{self, TempTable};
use crate::port::{RowVisitor, StoredRow};
use crate::sql::session::SqlDialect;
use crate::sql::value::SqlValue;

const TOMBSTONE: &str = "INSERT INTO deleted_rows (table_name, provider_id, id, rev) \
    VALUES (?1, ?2, ?3, ?4) ON CONFLICT (table_name, provider_id, id) DO UPDATE SET rev = excluded.rev";
/// The number of ids in a stretch from which on reading the whole stretch is cheaper.
const STRETCH_IDS_MIN: usize = 8;
/// The greatest gap between two ids of a stretch.
const GAP_MAX: i64 = 2;
/// Neighbouring ids that are looked up together if many of them are wanted. The others will
/// probably be wanted by the next rows.
const WINDOW_IDS: i64 = 512;
/// The number of ids in a window from which on reading all of its ids is cheaper.
const WINDOW_LOOKUPS_MIN: usize = 24;

impl ImportSession for Connection {
    fn prepare_import(&self) -> Result<(), StoreError> {
        let sql = temp_tables::create_all(SqlDialect::Sqlite);
        self.execute_batch(&sql).map_err(failed("prepare for imports"))
    }

    fn forget_import(&self) -> Result<(), StoreError> {
        self.execute_batch(&temp_tables::empty_all()).map_err(failed("forget an import"))
    }

    fn highest_id(&self, table: &Table, provider: i64) -> Result<i64, StoreError> {
        let context = "read the highest id";
        let sql = &statements::for_table(table).highest;
        let mut statement = self.prepare_cached(sql).map_err(failed(context))?;
        let highest: Option<i64> =
            statement.query_row([provider], |row| row.get(0)).map_err(failed(context))?;
        Ok(highest.unwrap_or(0))
    }

    fn visit_rows(
        &self,
        table: &'static Table,
        provider: i64,
        ids: &[i64],
        visit: &mut RowVisitor<'_>,
    ) -> Result<(), StoreError> {
        let read = failed("read rows");
        let sql = statements::for_table(table);
        let mut by_id = self.prepare_cached(&sql.row).map_err(read)?;
        let mut by_range = self.prepare_cached(&sql.rows_by_id).map_err(read)?;
        for stretch in stretches(ids) {
            match stretch {
                [id] => visit_wanted(by_id.query((provider, id)).map_err(read)?, stretch, visit)?,
                _ => {
                    let bounds = (provider, stretch[0], stretch[stretch.len() - 1]);
                    visit_wanted(by_range.query(bounds).map_err(read)?, stretch, visit)?;
                }
            }
        }
        Ok(())
    }

    fn existing_ids(
        &self,
        table: &Table,
        provider: i64,
        ids: &[i64],
    ) -> Result<Vec<i64>, StoreError> {
        let look = failed("look up references");
        let sql = &statements::for_table(table).ids_between;
        let mut statement = self.prepare_cached(sql).map_err(look)?;
        let mut found = Vec::with_capacity(ids.len());
        for (first, last) in lookup_ranges(ids) {
            let mut rows = statement.query((provider, first, last)).map_err(look)?;
            while let Some(row) = rows.next().map_err(look)? {
                found.push(row.get(0).map_err(look)?);
            }
        }
        Ok(found)
    }

    fn write_rows(
        &self,
        table: &'static Table,
        key: (i64, Revision),
        changes: &RowChanges<'_>,
    ) -> Result<(), StoreError> {
        let sql = statements::for_table(table);
        let groups = changes.inserted.chunks_exact(GROUP_ROWS);
        let rest = groups.remainder();
        if changes.inserted.len() >= GROUP_ROWS {
            let mut insert = prepare(self, &sql.insert_group, key)?;
            for group in groups {
                write(&mut insert, group.iter().copied().flatten())?;
            }
        }
        write_each(self, &sql.insert, key, rest)?;
        write_each(self, &sql.update, key, &changes.updated)?;
        delete_rows(self, table, key, &changes.deleted)
    }

    fn add_rows(&self, table: &TempTable, columns: &[SqlValue<'_>]) -> Result<(), StoreError> {
        let add = failed("remember rows");
        let places: Vec<_> = (1..=columns.len()).map(|place| format!("?{place}")).collect();
        let (name, on_conflict) = (table.name, table.on_conflict);
        let (into, places) = (table.columns.join(", "), places.join(", "));
        let sql = format!("INSERT INTO {name} ({into}) VALUES ({places}) {on_conflict}");
        let mut statement = self.prepare_cached(&sql).map_err(add)?;
        for row in 0.. {
            let values: Option<Vec<_>> = columns.iter().map(|list| item(list, row)).collect();
            let Some(values) = values else { break };
            statement.execute(params_from_iter(&values)).map_err(add)?;
        }
        Ok(())
    }
}

/// Returns the value at a position of a list; none after its end.
fn item<'v>(list: &'v SqlValue<'_>, position: usize) -> Option<SqlValue<'v>> {
    match list {
        SqlValue::Ints(values) => values.get(position).map(|value| SqlValue::Int(*value)),
        SqlValue::Texts(values) => values.get(position).map(|value| SqlValue::Text(value)),
        _ => None,
    }
}

/// Visits those of the rows that have one of the ids. Both ascend.
fn visit_wanted(
    mut rows: Rows<'_>,
    ids: &[i64],
    visit: &mut RowVisitor<'_>,
) -> Result<(), StoreError> {
    let mut wanted = ids.iter().peekable();
    while let Some(row) = rows.next().map_err(failed("read rows"))? {
        let row = SqliteRow { row, is_damaged: Flag::new(false) };
        let id = row.key().id;
        while wanted.next_if(|wanted| **wanted < id).is_some() {}
        if wanted.next_if(|wanted| **wanted == id).is_none() {
            continue;
        }
        visit(&row)?;
        if row.is_damaged.get() {
            return Err(damaged(format!("row {:?} cannot be read", row.key())));
        }
    }
    Ok(())
}

fn delete_rows(
    connection: &Connection,
    table: &Table,
    (provider, revision): (i64, Revision),
    ids: &[i64],
) -> Result<(), StoreError> {
    let delete = failed("delete a row");
    let sql = &statements::for_table(table).delete;
    let mut row = connection.prepare_cached(sql).map_err(delete)?;
    let mut tombstone = connection.prepare_cached(TOMBSTONE).map_err(delete)?;
    for id in ids {
        row.execute((provider, id)).map_err(delete)?;
        tombstone.execute((table.name, provider, id, revision.0)).map_err(delete)?;
    }
    Ok(())
}

fn write_each(
    connection: &Connection,
    sql: &str,
    key: (i64, Revision),
    rows: &[&[Cell]],
) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut statement = prepare(connection, sql, key)?;
    rows.iter().try_for_each(|cells| write(&mut statement, *cells))
}

/// Prepares a statement whose first parameters are the provider and the revision.
fn prepare<'c>(
    connection: &'c Connection,
    sql: &str,
    (provider, revision): (i64, Revision),
) -> Result<CachedStatement<'c>, StoreError> {
    let prepare = failed("prepare to write rows");
    let mut statement = connection.prepare_cached(sql).map_err(prepare)?;
    statement.raw_bind_parameter(1, provider).map_err(prepare)?;
    statement.raw_bind_parameter(2, revision.0).map_err(prepare)?;
    Ok(statement)
}

/// Runs a prepared statement with cells as its further parameters.
fn write<'r>(
    statement: &mut CachedStatement<'_>,
    cells: impl IntoIterator<Item = &'r Cell>,
) -> Result<(), StoreError> {
    let write = failed("write a row");
    for (index, cell) in cells.into_iter().enumerate() {
        let index = index + 3;
        match cell {
            Cell::Absent | Cell::Null => statement.raw_bind_parameter(index, Null),
            Cell::Int(value) => statement.raw_bind_parameter(index, *value),
            Cell::Text(value) => statement.raw_bind_parameter(index, &**value),
        }
        .map_err(write)?;
    }
    statement.raw_execute().map(drop).map_err(write)
}

/// Splits ascending ids into stretches. Those between the ends of a stretch of several are mostly
/// wanted; ids that are far from others are stretches of one.
fn stretches(ids: &[i64]) -> impl Iterator<Item = &[i64]> {
    ids.chunk_by(|a, b| b - a <= GAP_MAX).flat_map(|near| {
        let length = if near.len() < STRETCH_IDS_MIN { 1 } else { near.len() };
        near.chunks(length)
    })
}

/// Returns ranges of ids, first to last, that contain all of the ids, which ascend.
fn lookup_ranges(ids: &[i64]) -> Vec<(i64, i64)> {
    let window = |id: i64| id.div_euclid(WINDOW_IDS);
    let mut ranges = Vec::new();
    for near in ids.chunk_by(|a, b| window(*a) == window(*b)) {
        if near.len() < WINDOW_LOOKUPS_MIN {
            ranges.extend(near.iter().map(|id| (*id, *id)));
        } else {
            let first = window(near[0]) * WINDOW_IDS;
            ranges.push((first, first + WINDOW_IDS - 1));
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_are_near_are_one_stretch() {
        let near: Vec<i64> = (0..STRETCH_IDS_MIN as i64).map(|id| id * GAP_MAX).collect();
        let last = near[near.len() - 1];
        let far = [last + GAP_MAX + 1, last + GAP_MAX + 2];
        let ids = [near.as_slice(), &far].concat();
        let split: Vec<_> = stretches(&ids).collect();
        assert_eq!(split, [near.as_slice(), &far[..1], &far[1..]]);
        assert_eq!(stretches(&[]).count(), 0);
    }

    #[test]
    fn a_window_is_looked_up_as_a_whole_if_many_of_its_ids_are_wanted() {
        let many: Vec<i64> = (0..WINDOW_LOOKUPS_MIN as i64).map(|id| 1024 + id * 20).collect();
        let ids = [&[5, 7][..], &many, &[9000]].concat();
        assert_eq!(lookup_ranges(&ids), [(5, 5), (7, 7), (1024, 1535), (9000, 9000)]);
    }
}

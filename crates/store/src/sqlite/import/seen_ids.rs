//! The rows that a call has found unchanged, or has been asked to delete. A second, different row
//! with the same id is a duplicate, which the stored row alone does not show.

use model::catalogue::Table;
use rusqlite::Connection;

use crate::error::StoreError;
use crate::import::id_set::IdSet;
use crate::sqlite::errors::failed;

/// The way in which a call met a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SqliteSeenKind {
    /// It was imported, and equals the stored row.
    Unchanged = 1,
    /// The deletion of the row was requested.
    Deleted = 2,
}

/// The ids of one table that were met in one way: in memory while they fit, then in a temporary
/// table.
pub(super) struct SqliteSeenIds {
    how: SqliteSeenKind,
    ids: IdSet,
    is_empty: bool,
    has_spilled: bool,
}

const SPILL: &str = "INSERT OR IGNORE INTO temp.seen (source, how, id) VALUES (?1, ?2, ?3)";
const FIND: &str = "SELECT 1 FROM temp.seen WHERE source = ?1 AND how = ?2 AND id = ?3";

impl SqliteSeenIds {
    pub(super) fn new(how: SqliteSeenKind) -> Self {
        Self { how, ids: IdSet::default(), is_empty: true, has_spilled: false }
    }

    pub(super) fn insert(
        &mut self,
        connection: &Connection,
        table: &Table,
        id: i64,
    ) -> Result<(), StoreError> {
        self.is_empty = false;
        if !self.ids.insert(id) {
            self.spill(connection, table)?;
            self.ids.insert(id);
        }
        Ok(())
    }

    pub(super) fn contains(
        &self,
        connection: &Connection,
        table: &Table,
        id: i64,
    ) -> Result<bool, StoreError> {
        if self.is_empty || self.ids.contains(id) {
            return Ok(!self.is_empty);
        }
        if !self.has_spilled {
            return Ok(false);
        }
        let look = failed("look for a duplicate");
        let mut statement = connection.prepare_cached(FIND).map_err(look)?;
        statement.exists((table.position, self.how as i64, id)).map_err(look)
    }

    fn spill(&mut self, connection: &Connection, table: &Table) -> Result<(), StoreError> {
        let remember = failed("remember rows");
        let mut statement = connection.prepare_cached(SPILL).map_err(remember)?;
        for id in self.ids.iter() {
            statement.execute((table.position, self.how as i64, id)).map_err(remember)?;
        }
        self.ids.clear();
        self.has_spilled = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::temp_tables;
    use super::*;

    #[test]
    fn ids_past_the_bound_are_remembered_too() {
        let connection = Connection::open_in_memory().unwrap();
        temp_tables::create_temp_tables(&connection).unwrap();
        let table = &model::catalogue::tables()[3];
        let mut seen = SqliteSeenIds::new(SqliteSeenKind::Unchanged);
        let sparse = |n: i64| n * 1_000_003;
        for n in 1..40_000 {
            seen.insert(&connection, table, sparse(n)).unwrap();
        }
        assert!(seen.has_spilled);
        for n in [1, 2, 32_768, 32_769, 39_999] {
            assert!(seen.contains(&connection, table, sparse(n)).unwrap(), "{n}");
            assert!(!seen.contains(&connection, table, sparse(n) + 1).unwrap(), "{n}");
        }
    }
}

//! The rows that a call has found unchanged, or has been asked to delete. A second, different row
//! with the same id is a duplicate, which the stored row alone does not show.

use std::collections::HashSet;

use model::catalogue::Table;

use super::id_set::IdSet;
use super::import_session::ImportSession;
use super::number_of;
use super::temp_tables::SEEN;
use crate::error::StoreError;
use crate::sql::value::{SqlValue, values};

/// The way in which a call met a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SeenKind {
    /// It was imported, and equals the stored row.
    Unchanged = 1,
    /// The deletion of the row was requested.
    Deleted = 2,
}

/// The ids of one table that were met in one way: in memory while they fit, then in a temporary
/// table.
pub(super) struct SeenIds {
    how: SeenKind,
    ids: IdSet,
    is_empty: bool,
    has_spilled: bool,
}

const FIND: &str = "SELECT id FROM seen WHERE source = ?1 AND how = ?2 AND id {in ?3}";
/// The number of ids moved to the temporary table at once.
const SPILLED_AT_ONCE: usize = 10_000;

impl SeenIds {
    pub(super) fn new(how: SeenKind) -> Self {
        Self { how, ids: IdSet::default(), is_empty: true, has_spilled: false }
    }

    pub(super) fn insert(
        &mut self,
        session: &dyn ImportSession,
        table: &Table,
        id: i64,
    ) -> Result<(), StoreError> {
        self.is_empty = false;
        if !self.ids.insert(id) {
            self.spill(session, table)?;
            self.ids.insert(id);
        }
        Ok(())
    }

    /// Returns those of `ids` that were met.
    pub(super) fn find_seen(
        &self,
        session: &dyn ImportSession,
        table: &Table,
        ids: &[i64],
    ) -> Result<HashSet<i64>, StoreError> {
        if self.is_empty {
            return Ok(HashSet::new());
        }
        let mut found: HashSet<_> =
            ids.iter().copied().filter(|id| self.ids.contains(*id)).collect();
        if self.has_spilled {
            let (source, how) = (number_of(table), self.how as i64);
            for row in session.all("look for duplicates", FIND, values![source, how, ids])? {
                found.insert(row.get(0)?);
            }
        }
        Ok(found)
    }

    fn spill(&mut self, session: &dyn ImportSession, table: &Table) -> Result<(), StoreError> {
        let mut ids = self.ids.iter();
        loop {
            let some: Vec<_> = ids.by_ref().take(SPILLED_AT_ONCE).collect();
            if some.is_empty() {
                break;
            }
            let sources = vec![number_of(table); some.len()];
            let ways = vec![self.how as i64; some.len()];
            let columns = [SqlValue::Ints(&sources), SqlValue::Ints(&ways), SqlValue::Ints(&some)];
            session.add_rows(&SEEN, &columns)?;
        }
        drop(ids);
        self.ids.clear();
        self.has_spilled = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_past_the_bound_are_remembered_too() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        connection.prepare_import().unwrap();
        let table = &model::catalogue::tables()[3];
        let mut seen = SeenIds::new(SeenKind::Unchanged);
        let sparse = |n: i64| n * 1_000_003;
        for n in 1..40_000 {
            seen.insert(&connection, table, sparse(n)).unwrap();
        }
        assert!(seen.has_spilled);
        for n in [1, 2, 32_768, 32_769, 39_999] {
            let ids = [sparse(n), sparse(n) + 1];
            let found = seen.find_seen(&connection, table, &ids).unwrap();
            assert_eq!(found, HashSet::from([sparse(n)]), "{n}");
        }
    }
}

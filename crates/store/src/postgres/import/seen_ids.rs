//! The rows that a call has found unchanged, or has been asked to delete. A second, different row
//! with the same id is a duplicate, which the stored row alone does not show.

use std::collections::HashSet;

use model::catalogue::Table;

use super::number_of;
use crate::error::StoreError;
use crate::import::id_set::IdSet;
use crate::postgres::connections::PostgresSession;
use crate::postgres::row::get;

/// The way in which a call met a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PostgresSeenKind {
    /// It was imported, and equals the stored row.
    Unchanged = 1,
    /// The deletion of the row was requested.
    Deleted = 2,
}

/// The ids of one table that were met in one way: in memory while they fit, then in a temporary
/// table.
pub(super) struct PostgresSeenIds {
    how: PostgresSeenKind,
    ids: IdSet,
    is_empty: bool,
    has_spilled: bool,
}

const SPILL: &str = "INSERT INTO pg_temp.seen (source, how, id) \
    SELECT $1::bigint, $2::bigint, unnest($3::bigint[]) ON CONFLICT DO NOTHING";
const FIND: &str = "SELECT id FROM pg_temp.seen WHERE source = $1 AND how = $2 AND id = ANY($3)";
/// The number of ids moved to the temporary table at once.
const SPILLED_AT_ONCE: usize = 10_000;

impl PostgresSeenIds {
    pub(super) fn new(how: PostgresSeenKind) -> Self {
        Self { how, ids: IdSet::default(), is_empty: true, has_spilled: false }
    }

    pub(super) fn insert(
        &mut self,
        session: &PostgresSession<'_>,
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
        session: &PostgresSession<'_>,
        table: &Table,
        ids: &[i64],
    ) -> Result<HashSet<i64>, StoreError> {
        if self.is_empty {
            return Ok(HashSet::new());
        }
        let mut found: HashSet<_> =
            ids.iter().copied().filter(|id| self.ids.contains(*id)).collect();
        if self.has_spilled {
            let params: &[&(dyn tokio_postgres::types::ToSql + Sync)] =
                &[&number_of(table), &(self.how as i64), &ids];
            for row in session.all("look for duplicates", FIND, params)? {
                found.insert(get(&row, 0)?);
            }
        }
        Ok(found)
    }

    fn spill(&mut self, session: &PostgresSession<'_>, table: &Table) -> Result<(), StoreError> {
        let ids: Vec<i64> = self.ids.iter().collect();
        for ids in ids.chunks(SPILLED_AT_ONCE) {
            let params: &[&(dyn tokio_postgres::types::ToSql + Sync)] =
                &[&number_of(table), &(self.how as i64), &ids];
            session.run("remember rows", SPILL, params)?;
        }
        self.ids.clear();
        self.has_spilled = true;
        Ok(())
    }
}

//! The statements of an import that the databases run in their own ways.

use model::catalogue::Table;
use model::cell::Cell;
use model::id::Revision;

use super::temp_tables::TempTable;
use crate::error::StoreError;
use crate::port::RowVisitor;
use crate::sql::session::SqlSession;
use crate::sql::value::SqlValue;

/// The changes of one table's rows. An id is in one of the lists at most, and once.
#[derive(Default)]
pub(crate) struct RowChanges<'r> {
    /// Rows whose ids are not stored.
    pub(crate) inserted: Vec<&'r [Cell]>,
    /// Rows whose ids are stored.
    pub(crate) updated: Vec<&'r [Cell]>,
    /// The ids of stored rows to delete.
    pub(crate) deleted: Vec<i64>,
}

/// A connection in the transaction of an import.
pub(crate) trait ImportSession: SqlSession {
    /// Creates the temporary tables, unless the connection has them.
    fn prepare_import(&self) -> Result<(), StoreError>;

    /// Empties the temporary tables, unless the end of the transaction does.
    fn forget_import(&self) -> Result<(), StoreError>;

    /// Returns the greatest id of a provider's rows; 0 if it has none.
    fn highest_id(&self, table: &Table, provider: i64) -> Result<i64, StoreError>;

    /// Visits the stored rows of a provider with these ids, which ascend.
    fn visit_rows(
        &self,
        table: &'static Table,
        provider: i64,
        ids: &[i64],
        visit: &mut RowVisitor<'_>,
    ) -> Result<(), StoreError>;

    /// Returns those of the ids, which ascend, that a provider's rows have. May return others that
    /// are stored as well.
    fn existing_ids(
        &self,
        table: &Table,
        provider: i64,
        ids: &[i64],
    ) -> Result<Vec<i64>, StoreError>;

    /// Writes changed rows of a provider with a revision.
    fn write_rows(
        &self,
        table: &'static Table,
        key: (i64, Revision),
        changes: &RowChanges<'_>,
    ) -> Result<(), StoreError>;

    /// Adds rows to a temporary table. Each value is a list: the values of one column.
    fn add_rows(&self, table: &TempTable, columns: &[SqlValue<'_>]) -> Result<(), StoreError>;
}

//! The state of one import call while it runs.

use model::catalogue::tables;
use model::id::Revision;
use model::import::TableCounts;
use model::time::Instant;

use super::allotments::SqliteAllotmentCheck;
use super::currency::SqliteCurrencyCheck;
use super::references::SqliteReferenceCheck;
use super::seen_ids::{SqliteSeenIds, SqliteSeenKind};
use crate::import::problem::Problems;
use crate::import::small_amounts::SmallAmounts;

pub(super) struct SqliteImportCall {
    pub(super) provider: i64,
    pub(super) now: Instant,
    /// The revision that the call's rows are written with.
    pub(super) revision: Revision,
    pub(super) problems: Problems,
    pub(super) amounts: SmallAmounts,
    pub(super) tables: Vec<SqliteTableImport>,
    pub(super) references: SqliteReferenceCheck,
    pub(super) allotments: SqliteAllotmentCheck,
    pub(super) currencies: SqliteCurrencyCheck,
}

/// The state of one table in the call.
pub(super) struct SqliteTableImport {
    pub(super) is_touched: bool,
    pub(super) counts: TableCounts,
    /// The greatest id of a row that the call has written, or will write with the waiting group.
    pub(super) highest: i64,
    pub(super) unchanged: SqliteSeenIds,
    pub(super) deleted: SqliteSeenIds,
}

impl SqliteImportCall {
    pub(super) fn new(provider: i64, now: Instant, revision: Revision) -> Self {
        let state = || SqliteTableImport {
            is_touched: false,
            counts: TableCounts::default(),
            highest: 0,
            unchanged: SqliteSeenIds::new(SqliteSeenKind::Unchanged),
            deleted: SqliteSeenIds::new(SqliteSeenKind::Deleted),
        };
        Self {
            provider,
            now,
            revision,
            problems: Problems::new(),
            amounts: SmallAmounts::new(),
            tables: tables().iter().map(|_| state()).collect(),
            references: SqliteReferenceCheck::new(),
            allotments: SqliteAllotmentCheck::default(),
            currencies: SqliteCurrencyCheck::default(),
        }
    }
}

impl SqliteTableImport {
    /// Returns true if the call wrote or deleted rows of the table.
    pub(super) fn has_changed(&self) -> bool {
        self.counts.inserted + self.counts.updated + self.counts.deleted > 0
    }
}

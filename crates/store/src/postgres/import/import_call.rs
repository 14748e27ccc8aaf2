//! The state of one import call while it runs.

use model::catalogue::tables;
use model::id::Revision;
use model::import::TableCounts;
use model::time::Instant;

use super::allotments::PostgresAllotmentCheck;
use super::currency::PostgresCurrencyCheck;
use super::references::PostgresReferenceCheck;
use super::seen_ids::{PostgresSeenIds, PostgresSeenKind};
use crate::import::problem::Problems;
use crate::import::small_amounts::SmallAmounts;

pub(super) struct PostgresImportCall {
    pub(super) provider: i64,
    pub(super) now: Instant,
    /// The revision that the call's rows are written with.
    pub(super) revision: Revision,
    pub(super) problems: Problems,
    pub(super) amounts: SmallAmounts,
    pub(super) tables: Vec<PostgresTableImport>,
    pub(super) references: PostgresReferenceCheck,
    pub(super) allotments: PostgresAllotmentCheck,
    pub(super) currencies: PostgresCurrencyCheck,
}

/// The state of one table in the call.
pub(super) struct PostgresTableImport {
    pub(super) is_touched: bool,
    pub(super) counts: TableCounts,
    /// The provider's greatest id, stored before or by this call; none until it has been read.
    pub(super) highest: Option<i64>,
    pub(super) unchanged: PostgresSeenIds,
    pub(super) deleted: PostgresSeenIds,
}

impl PostgresImportCall {
    pub(super) fn new(provider: i64, now: Instant, revision: Revision) -> Self {
        let state = || PostgresTableImport {
            is_touched: false,
            counts: TableCounts::default(),
            highest: None,
            unchanged: PostgresSeenIds::new(PostgresSeenKind::Unchanged),
            deleted: PostgresSeenIds::new(PostgresSeenKind::Deleted),
        };
        Self {
            provider,
            now,
            revision,
            problems: Problems::new(),
            amounts: SmallAmounts::new(),
            tables: tables().iter().map(|_| state()).collect(),
            references: PostgresReferenceCheck::new(),
            allotments: PostgresAllotmentCheck::default(),
            currencies: PostgresCurrencyCheck::default(),
        }
    }
}

impl PostgresTableImport {
    /// Returns true if the call wrote or deleted rows of the table.
    pub(super) fn has_changed(&self) -> bool {
        self.counts.inserted + self.counts.updated + self.counts.deleted > 0
    }
}

//! The state of one import call while it runs.

use model::catalogue::tables;
use model::id::Revision;
use model::import::TableCounts;
use model::time::Instant;

use super::allotments::AllotmentCheck;
use super::currency::InvoiceCurrencyCheck;
use super::problem::Problems;
use super::references::ReferenceCheck;
use super::seen_ids::{SeenIds, SeenKind};
use super::small_amounts::SmallAmounts;

pub(super) struct ImportCall {
    pub(super) provider: i64,
    pub(super) now: Instant,
    /// The revision that the call's rows are written with.
    pub(super) revision: Revision,
    pub(super) problems: Problems,
    pub(super) amounts: SmallAmounts,
    pub(super) tables: Vec<TableImport>,
    pub(super) references: ReferenceCheck,
    pub(super) allotments: AllotmentCheck,
    pub(super) currencies: InvoiceCurrencyCheck,
}

/// The state of one table in the call.
pub(super) struct TableImport {
    pub(super) is_touched: bool,
    pub(super) counts: TableCounts,
    /// The provider's greatest id, stored before or by this call; none until it has been read.
    pub(super) highest: Option<i64>,
    pub(super) unchanged: SeenIds,
    pub(super) deleted: SeenIds,
}

impl ImportCall {
    pub(super) fn new(provider: i64, now: Instant, revision: Revision) -> Self {
        let state = || TableImport {
            is_touched: false,
            counts: TableCounts::default(),
            highest: None,
            unchanged: SeenIds::new(SeenKind::Unchanged),
            deleted: SeenIds::new(SeenKind::Deleted),
        };
        Self {
            provider,
            now,
            revision,
            problems: Problems::new(),
            amounts: SmallAmounts::new(),
            tables: tables().iter().map(|_| state()).collect(),
            references: ReferenceCheck::new(),
            allotments: AllotmentCheck::default(),
            currencies: InvoiceCurrencyCheck::default(),
        }
    }
}

impl TableImport {
    /// Returns true if the call wrote or deleted rows of the table.
    pub(super) fn has_changed(&self) -> bool {
        self.counts.inserted + self.counts.updated + self.counts.deleted > 0
    }
}

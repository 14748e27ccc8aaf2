//! The state of one import call while it runs.

use model::catalogue::tables;
use model::id::Revision;
use model::import::TableCounts;
use model::time::Instant;

use super::allotments::Allotments;
use super::currency::Currencies;
use super::references::References;
use super::seen::{How, Seen};
use crate::import::problem::Problems;
use crate::import::small_amounts::SmallAmounts;

pub(super) struct Call {
    pub(super) provider: i64,
    pub(super) now: Instant,
    /// The revision that the call's rows are written with.
    pub(super) revision: Revision,
    pub(super) problems: Problems,
    pub(super) amounts: SmallAmounts,
    pub(super) tables: Vec<TableState>,
    pub(super) references: References,
    pub(super) allotments: Allotments,
    pub(super) currencies: Currencies,
}

/// The state of one table in the call.
pub(super) struct TableState {
    pub(super) is_touched: bool,
    pub(super) counts: TableCounts,
    /// The provider's greatest id, stored before or by this call; none until it has been read.
    pub(super) highest: Option<i64>,
    pub(super) unchanged: Seen,
    pub(super) deleted: Seen,
}

impl Call {
    pub(super) fn new(provider: i64, now: Instant, revision: Revision) -> Self {
        let state = || TableState {
            is_touched: false,
            counts: TableCounts::default(),
            highest: None,
            unchanged: Seen::new(How::Unchanged),
            deleted: Seen::new(How::Deleted),
        };
        Self {
            provider,
            now,
            revision,
            problems: Problems::new(),
            amounts: SmallAmounts::new(),
            tables: tables().iter().map(|_| state()).collect(),
            references: References::new(),
            allotments: Allotments::default(),
            currencies: Currencies::default(),
        }
    }
}

impl TableState {
    /// Returns true if the call wrote or deleted rows of the table.
    pub(super) fn has_changed(&self) -> bool {
        self.counts.inserted + self.counts.updated + self.counts.deleted > 0
    }
}

//! Revenue by plan, product or site and month, from the shares of postings by piece.
//! Rule: spec/accounting.md §13.

use std::collections::BTreeMap;

use crate::calendar::Month;
use crate::posting::{LedgerCategory, LedgerFile, PieceShare, Posting, PostingSource};

/// The record by which revenue is grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevenueGrouping {
    /// The piece's plan.
    Plan,
    /// The piece's product.
    Product,
    /// The invoice's site.
    Site,
}

/// The movement of one group in one month, in minor units. Income and deferred amounts are
/// positive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RevenueMovement {
    /// The net amount invoiced.
    pub billed: i128,
    /// The amount recognized, before reversals.
    pub recognized: i128,
    /// The amount taken back before it was delivered.
    pub reversed_deferred: i128,
    /// The amount taken back after it was recognized, including credit given away.
    pub reversed_recognized: i128,
}

/// One row of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RevenueRow {
    /// The month.
    pub month: Month,
    /// The id of the plan, product or site; none for revenue without one.
    pub group: Option<i64>,
    /// The deferred amount before the month.
    pub deferred_opening: i128,
    /// The movement of the month.
    pub movement: RevenueMovement,
    /// The deferred amount after the month.
    pub deferred_closing: i128,
    /// The amount recognized, less the amount taken back from recognized.
    pub net_revenue: i128,
}

/// The sums of one currency by group and month. Parts of any split of the postings can be merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevenueByGroup {
    group_by: RevenueGrouping,
    movements: BTreeMap<(Option<i64>, Month), RevenueMovement>,
}

impl RevenueMovement {
    fn deferred(&self) -> i128 {
        self.billed - self.recognized - self.reversed_deferred
    }

    fn add(&mut self, other: &Self) {
        self.billed += other.billed;
        self.recognized += other.recognized;
        self.reversed_deferred += other.reversed_deferred;
        self.reversed_recognized += other.reversed_recognized;
    }
}

impl RevenueByGroup {
    /// Returns an instance without revenue.
    pub fn new(group_by: RevenueGrouping) -> Self {
        Self { group_by, movements: BTreeMap::new() }
    }

    /// Adds a posting.
    pub fn add(&mut self, posting: &Posting) {
        let whole = PieceShare {
            piece: None,
            plan_id: None,
            product_id: None,
            deferred: posting.amounts[LedgerCategory::DeferredRevenue],
            recognized: posting.amounts[LedgerCategory::RecognizedRevenue],
        };
        let shares =
            if posting.shares.is_empty() { std::slice::from_ref(&whole) } else { &posting.shares };
        for share in shares.iter().filter(|share| (share.deferred, share.recognized) != (0, 0)) {
            let group = match self.group_by {
                RevenueGrouping::Plan => share.plan_id,
                RevenueGrouping::Product => share.product_id,
                RevenueGrouping::Site => posting.links.site_id,
            };
            let movement = movement_of(posting, share);
            self.movements.entry((group, posting.month)).or_default().add(&movement);
        }
    }

    /// Adds the sums of another part.
    pub fn merge(&mut self, other: &Self) {
        for (key, movement) in &other.movements {
            self.movements.entry(*key).or_default().add(movement);
        }
    }

    /// Calls `visit` with the rows from `from` to `to`, by month and group, until it returns false.
    /// A group appears once it has an opening balance or a movement.
    pub fn visit_rows<E>(
        &self,
        from: Month,
        to: Month,
        visit: &mut dyn FnMut(&RevenueRow) -> Result<bool, E>,
    ) -> Result<(), E> {
        let mut deferred: BTreeMap<Option<i64>, i128> = BTreeMap::new();
        let mut by_month: BTreeMap<Month, BTreeMap<Option<i64>, RevenueMovement>> = BTreeMap::new();
        for ((group, month), movement) in self.movements.iter().filter(|((_, m), _)| *m <= to) {
            if *month < from {
                *deferred.entry(*group).or_default() += movement.deferred();
            } else {
                by_month.entry(*month).or_default().insert(*group, *movement);
            }
        }
        for month in from.through(to) {
            let mut moved = by_month.remove(&month).unwrap_or_default();
            for (group, _) in deferred.iter().filter(|(_, opening)| **opening != 0) {
                moved.entry(*group).or_default();
            }
            for (group, movement) in moved {
                let balance = deferred.entry(group).or_default();
                let deferred_opening = *balance;
                *balance += movement.deferred();
                let row = RevenueRow {
                    month,
                    group,
                    deferred_opening,
                    movement,
                    deferred_closing: *balance,
                    net_revenue: movement.recognized - movement.reversed_recognized,
                };
                if !visit(&row)? {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

fn movement_of(posting: &Posting, share: &PieceShare) -> RevenueMovement {
    let is_booking = posting.source == PostingSource::Invoice
        && (posting.file.is_invoices() || posting.file == LedgerFile::CreditNotes);
    if posting.file.is_recognition() {
        RevenueMovement { recognized: share.deferred, ..RevenueMovement::default() }
    } else if is_booking {
        RevenueMovement { billed: -share.deferred, ..RevenueMovement::default() }
    } else {
        RevenueMovement {
            reversed_deferred: share.deferred,
            reversed_recognized: share.recognized,
            ..RevenueMovement::default()
        }
    }
}

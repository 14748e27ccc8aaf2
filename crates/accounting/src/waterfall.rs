//! The waterfall of deferred revenue, by booking month. Rule: spec/accounting.md §13.

use std::collections::BTreeMap;

use crate::calendar::{Horizon, Month};
use crate::invoice_ledger::{InvoiceLedger, LedgerRules};
use crate::posting::{LedgerCategory, PostingSource};
use crate::recognition::piece::MovementContext;

/// The number of months after the last requested one that are listed one by one.
pub const FUTURE_MONTHS: i32 = 120;

/// The waterfall of one currency over a range of months. Parts of any split of the invoices can be
/// merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waterfall {
    from: Month,
    to: Month,
    rows: BTreeMap<Option<Month>, WaterfallRow>,
}

/// The amounts booked in one month, in minor units. booked = recognized + reversed + remaining.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WaterfallRow {
    /// The net deferred in the month. In the row for all earlier months: the amount still deferred.
    pub booked: i128,
    /// The amount recognized in each month from `from` to `to`.
    pub recognized: BTreeMap<Month, i128>,
    /// The amount taken back before it was delivered.
    pub reversed: i128,
    /// The amount still deferred at the end of `to`.
    pub remaining: i128,
    /// The part of `remaining` that the calendar will recognize in each of the next
    /// [`FUTURE_MONTHS`] months.
    pub future: BTreeMap<Month, i128>,
    /// The part of `remaining` that the calendar will recognize after these months.
    pub later: i128,
    /// The part of `remaining` that waits for shipments or order deliveries.
    pub unscheduled: i128,
}

impl Waterfall {
    /// Returns an empty waterfall.
    pub fn new(from: Month, to: Month) -> Self {
        Self { from, to, rows: BTreeMap::new() }
    }

    /// Returns the horizon that the added ledgers must reach.
    pub fn horizon(&self, books: &LedgerRules) -> Horizon {
        Horizon::end_of_month(self.to, &books.calendar)
    }

    /// Adds an invoice. Its ledger must reach to the end of the last month.
    pub fn add_invoice(&mut self, books: &LedgerRules, ledger: &InvoiceLedger) {
        let booked_in = ledger.booking.month;
        let key = (booked_in >= self.from).then_some(booked_in);
        let row = self.rows.entry(key).or_default();
        for posting in &ledger.postings {
            let deferred = posting.amounts[LedgerCategory::DeferredRevenue];
            row.remaining -= deferred;
            if key.is_none() && posting.month < self.from {
                row.booked -= deferred;
                continue;
            }
            match posting.source {
                PostingSource::Piece(_) => {
                    *row.recognized.entry(posting.month).or_default() += deferred
                }
                _ if is_booking(posting) => row.booked -= deferred,
                _ => row.reversed += deferred,
            }
        }
        if !ledger.is_inside {
            return;
        }
        let look = MovementContext {
            calendar: &books.calendar,
            booking: booked_in,
            detail_from: None,
            explains: false,
        };
        for piece in ledger.pieces.iter().filter(|piece| piece.deferred != 0) {
            let future = piece.scheduled_recognition(self.to, self.to.plus(FUTURE_MONTHS), &look);
            for (month, amount) in future.months {
                *row.future.entry(month).or_default() += amount;
            }
            row.later += future.later;
            row.unscheduled += future.unscheduled;
        }
    }

    /// Adds the sums of another part.
    pub fn merge(&mut self, other: &Self) {
        for (key, part) in &other.rows {
            let row = self.rows.entry(*key).or_default();
            row.booked += part.booked;
            row.reversed += part.reversed;
            row.remaining += part.remaining;
            row.later += part.later;
            row.unscheduled += part.unscheduled;
            for (month, amount) in &part.recognized {
                *row.recognized.entry(*month).or_default() += amount;
            }
            for (month, amount) in &part.future {
                *row.future.entry(*month).or_default() += amount;
            }
        }
    }

    /// Returns the rows by booking month. The row without a month is everything booked before
    /// `from`.
    pub fn rows(&self) -> impl Iterator<Item = (Option<Month>, &WaterfallRow)> {
        self.rows.iter().map(|(month, row)| (*month, row))
    }
}

/// Returns true if a posting books the invoice itself and does not reverse it.
fn is_booking(posting: &crate::posting::Posting) -> bool {
    let is_invoice = posting.source == PostingSource::Invoice;
    is_invoice && (posting.file.is_invoices() || posting.file == crate::LedgerFile::CreditNotes)
}

//! Where deferred revenue came from and goes: by booking month. Rule: spec/accounting.md §13.

use std::collections::BTreeMap;

use crate::calendar::{Horizon, Month};
use crate::life::{Books, InvoiceLedger};
use crate::posting::{Category, Source};
use crate::recognition::piece::Look;

/// Months after the last asked one that are told one by one.
pub const FUTURE_MONTHS: i32 = 120;

/// The waterfall of one currency from one month to another. It adds up over any split of invoices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waterfall {
    from: Month,
    to: Month,
    rows: BTreeMap<Option<Month>, WaterfallRow>,
}

/// What was booked in one month, in minor units. booked = recognized + reversed + remaining.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WaterfallRow {
    /// Net deferred in the month; for earlier months together, what was still deferred.
    pub booked: i128,
    /// Recognized in each month from `from` to `to`.
    pub recognized: BTreeMap<Month, i128>,
    /// Taken back before it was delivered.
    pub reversed: i128,
    /// Still deferred at the end of `to`.
    pub remaining: i128,
    /// Of that, what the calendar will recognize in each of the next [`FUTURE_MONTHS`] months.
    pub future: BTreeMap<Month, i128>,
    /// Of that, what the calendar will recognize after these months.
    pub later: i128,
    /// Of that, what waits for shipments and orders.
    pub unscheduled: i128,
}

impl Waterfall {
    /// An empty waterfall.
    pub fn new(from: Month, to: Month) -> Self {
        Self { from, to, rows: BTreeMap::new() }
    }

    /// Up to where the ledgers that are added must reach.
    pub fn horizon(&self, books: &Books) -> Horizon {
        Horizon::end_of_month(self.to, &books.calendar)
    }

    /// Adds an invoice, whose ledger reaches to the end of the last month.
    pub fn add(&mut self, books: &Books, ledger: &InvoiceLedger) {
        let booked_in = ledger.booking.month;
        let key = (booked_in >= self.from).then_some(booked_in);
        let row = self.rows.entry(key).or_default();
        for posting in &ledger.postings {
            let deferred = posting.amounts[Category::DeferredRevenue];
            row.remaining -= deferred;
            if key.is_none() && posting.month < self.from {
                row.booked -= deferred;
                continue;
            }
            match posting.source {
                Source::Piece(_) => *row.recognized.entry(posting.month).or_default() += deferred,
                _ if is_booking(posting) => row.booked -= deferred,
                _ => row.reversed += deferred,
            }
        }
        if !ledger.is_inside {
            return;
        }
        let look = Look {
            calendar: &books.calendar,
            booking: booked_in,
            detail_from: None,
            explains: false,
        };
        for piece in ledger.pieces.iter().filter(|piece| piece.deferred != 0) {
            let future = piece.future(self.to, self.to.plus(FUTURE_MONTHS), &look);
            for (month, amount) in future.months {
                *row.future.entry(month).or_default() += amount;
            }
            row.later += future.later;
            row.unscheduled += future.unscheduled;
        }
    }

    /// Adds another part.
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

    /// Rows by booking month; the first, of no month, is everything booked before `from`.
    pub fn rows(&self) -> impl Iterator<Item = (Option<Month>, &WaterfallRow)> {
        self.rows.iter().map(|(month, row)| (*month, row))
    }
}

/// Whether a posting books the invoice itself rather than taking it back.
fn is_booking(posting: &crate::posting::Posting) -> bool {
    let is_invoice = posting.source == Source::Invoice;
    is_invoice && (posting.file.is_invoices() || posting.file == crate::File::CreditNotes)
}

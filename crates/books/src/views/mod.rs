//! Reports from the postings of the books. Every total equals the trial balance exactly.
//! Rule: spec/accounting.md §13.
//!
//! | module | holds |
//! | --- | --- |
//! | [`balance`] | the trial balance of a month, and the grid of files and categories |
//! | [`waterfall`] | deferred revenue by booking month and month of recognition |
//! | [`aging`] | receivables by age |
//! | [`revenue`] | revenue by plan, product or site |
//! | [`mod@file`] | writing of a view in any format |

pub mod aging;
pub mod balance;
pub mod file;
pub mod revenue;
pub mod waterfall;

use std::borrow::Cow;
use std::path::Path;

use crate::parts::BookTableColumn;
use accounting::package::FieldValue;
use accounting::{Horizon, LedgerSettings, Month, Posting, ProviderCalendar};
use mirror::MirrorSession;
use model::id::Revision;
use model::money::Currency;
use model::time::Instant;
use serde_json::{Map, Value};
use store::Store;

use super::drift::{DriftRow, find_drift};
use super::error::PackageError;
use super::frozen::FrozenBooks;
use super::tables::FieldRowSink;

pub use file::write_view;

/// A function that passes the rows of a view to a sink, one value per column. Rows are produced one
/// by one, so that memory holds only a few of them.
pub type ViewRows<'v> =
    Box<dyn FnOnce(&mut FieldRowSink<'_>) -> Result<(), PackageError> + Send + 'v>;

/// A report from the books, as a table.
pub struct BooksView<'v> {
    /// The name of the view, for files.
    pub name: &'static str,
    /// The parameters of the view, and sums that are not rows: the keys beside the rows in JSON.
    pub facts: Map<String, Value>,
    /// The columns of the view; `currency` is one of them.
    pub columns: Vec<BookTableColumn>,
    /// The rows of the view.
    pub rows: ViewRows<'v>,
    /// The revision of the records.
    pub revision: Revision,
}

/// The parameters that every view has.
pub struct ViewRequest<'r> {
    /// The session, with the provider and the revision.
    pub session: &'r MirrorSession,
    /// The store, with the closed months.
    pub store: &'r dyn Store,
    /// The folder for temporary files.
    pub folder: &'r Path,
    /// The accounting settings.
    pub settings: LedgerSettings,
    /// The currency.
    pub currency: Currency,
    /// The present, up to which a month that has not ended is calculated.
    pub now: Instant,
    /// Returns true if the work is canceled.
    pub is_canceled: &'r (dyn Fn() -> bool + Sync),
}

impl ViewRequest<'_> {
    pub(super) fn observer(&self) -> super::PassObserver<'_> {
        super::PassObserver { progress: &|_| (), is_canceled: self.is_canceled }
    }

    /// Calls `add` with each adjustment for drift of closed months, as it is booked in the first
    /// open month.
    fn visit_adjustments(
        &self,
        frozen: &FrozenBooks<'_>,
        add: &mut dyn FnMut(&Posting),
    ) -> Result<(), PackageError> {
        self.visit_drift(frozen, &mut |found| {
            add(&found.drift.adjustment);
            Ok(())
        })
    }

    /// Calls `sink` with every posting of closed months that differs from the frozen one.
    pub(super) fn visit_drift(
        &self,
        frozen: &FrozenBooks<'_>,
        sink: &mut dyn FnMut(DriftRow) -> Result<(), PackageError>,
    ) -> Result<(), PackageError> {
        let (session, settings, currency) = (self.session, &self.settings, self.currency);
        find_drift(session, frozen, settings, currency, self.folder, self.observer(), sink)
    }

    /// Reads the closed months.
    pub(super) fn frozen(&self) -> Result<FrozenBooks<'_>, PackageError> {
        Ok(FrozenBooks::load(self.store, self.session.provider().id)?)
    }

    /// Returns the end of a month, or now if the month has not ended.
    pub(super) fn until(&self, month: Month, calendar: &ProviderCalendar) -> Horizon {
        if calendar.month_of(self.now) <= month {
            Horizon::AsOf(self.now)
        } else {
            Horizon::end_of_month(month, calendar)
        }
    }

    fn currency_field(&self) -> FieldValue<'static> {
        text_field(self.currency.code())
    }
}

/// Returns the rows of a small view, which are all in memory.
pub(super) fn rows_in_memory(rows: Vec<Vec<FieldValue<'static>>>) -> ViewRows<'static> {
    Box::new(move |sink| {
        for row in &rows {
            if !sink(row)? {
                break;
            }
        }
        Ok(())
    })
}

pub(super) fn text_field(value: impl Into<String>) -> FieldValue<'static> {
    FieldValue::Text(Cow::Owned(value.into()))
}

fn optional_text(value: Option<&str>) -> FieldValue<'static> {
    value.map_or(FieldValue::Empty, text_field)
}

fn optional_id(id: Option<i64>) -> FieldValue<'static> {
    id.map_or(FieldValue::Empty, |id| FieldValue::Int(i128::from(id)))
}

//! Further reports from the same postings. Every total ties to the trial balance to the cent.
//! Rule: spec/accounting.md §13.
//!
//! | module | holds |
//! | --- | --- |
//! | [`balance`] | the trial balance of a month, and the grid of files and categories |
//! | [`waterfall`] | where deferred revenue came from and goes |
//! | [`aging`] | what is due, by age |
//! | [`revenue`] | revenue by plan, product or site |
//! | [`mod@file`] | a view in any format |

pub mod aging;
pub mod balance;
pub mod file;
pub mod revenue;
pub mod waterfall;

use std::borrow::Cow;
use std::path::Path;

use crate::parts::TableColumn;
use accounting::package::Field;
use accounting::{Calendar, Horizon, Month, Posting, Settings};
use mirror::Session;
use model::id::Revision;
use model::money::Currency;
use model::time::Instant;
use serde_json::{Map, Value};
use store::Store;

use super::drift::{DriftRow, find_drift};
use super::error::PackageError;
use super::frozen::FrozenBooks;
use super::tables::RowSink;

pub use file::{ViewFormat, write_view};

/// Gives the rows of a view to a sink, one value per column: as they are wanted, so that however
/// many there are, memory holds a few.
pub type ViewRows<'v> = Box<dyn FnOnce(&mut RowSink<'_>) -> Result<(), PackageError> + Send + 'v>;

/// A table of figures.
pub struct View<'v> {
    /// Its name, for files.
    pub name: &'static str,
    /// What it was asked for, and sums that are no rows: the keys beside the rows in JSON.
    pub facts: Map<String, Value>,
    /// Its columns; `currency` is one of them.
    pub columns: Vec<TableColumn>,
    /// Its rows.
    pub rows: ViewRows<'v>,
    /// The revision of the records.
    pub revision: Revision,
}

/// What every view is asked for.
pub struct ViewRequest<'r> {
    /// Whose books, at which revision.
    pub session: &'r Session,
    /// Where closed months are.
    pub store: &'r dyn Store,
    /// For temporary files.
    pub folder: &'r Path,
    /// How they are kept.
    pub settings: Settings,
    /// In which currency.
    pub currency: Currency,
    /// The present: months that are not over reach to now.
    pub now: Instant,
    /// Asked whether nobody waits for the answer any more.
    pub is_canceled: &'r (dyn Fn() -> bool + Sync),
}

impl ViewRequest<'_> {
    pub(super) fn watch(&self) -> super::Watch<'_> {
        super::Watch { progress: &|_| (), is_canceled: self.is_canceled }
    }

    /// Calls `add` with what closed months no longer say, as it is booked in the first open month.
    fn each_adjustment(
        &self,
        frozen: &FrozenBooks<'_>,
        add: &mut dyn FnMut(&Posting),
    ) -> Result<(), PackageError> {
        self.each_drift(frozen, &mut |found| {
            add(&found.drift.adjustment);
            Ok(())
        })
    }

    /// Calls `sink` with every posting of closed months that is no longer what was frozen.
    pub(super) fn each_drift(
        &self,
        frozen: &FrozenBooks<'_>,
        sink: &mut dyn FnMut(DriftRow) -> Result<(), PackageError>,
    ) -> Result<(), PackageError> {
        let (session, settings, currency) = (self.session, &self.settings, self.currency);
        find_drift(session, frozen, settings, currency, self.folder, self.watch(), sink)
    }

    /// The closed months.
    pub(super) fn frozen(&self) -> Result<FrozenBooks<'_>, PackageError> {
        Ok(FrozenBooks::of(self.store, self.session.provider().id)?)
    }

    /// The end of a month, or now when it is not over.
    pub(super) fn until(&self, month: Month, calendar: &Calendar) -> Horizon {
        match calendar.month_of(self.now) <= month {
            true => Horizon::AsOf(self.now),
            false => Horizon::end_of_month(month, calendar),
        }
    }

    fn currency_field(&self) -> Field<'static> {
        text(self.currency.code())
    }
}

/// A few rows, all at hand.
pub(super) fn few_rows(rows: Vec<Vec<Field<'static>>>) -> ViewRows<'static> {
    Box::new(move |sink| {
        for row in &rows {
            if !sink(row)? {
                break;
            }
        }
        Ok(())
    })
}

pub(super) fn text(value: impl Into<String>) -> Field<'static> {
    Field::Text(Cow::Owned(value.into()))
}

fn optional_text(value: Option<&str>) -> Field<'static> {
    value.map_or(Field::Empty, text)
}

fn optional_id(id: Option<i64>) -> Field<'static> {
    id.map_or(Field::Empty, |id| Field::Int(i128::from(id)))
}

/// A row as it stays when what it was made from is gone.
pub(super) fn owned(fields: Vec<Field<'_>>) -> Vec<Field<'static>> {
    let own = |field: Field<'_>| match field {
        Field::Empty => Field::Empty,
        Field::Int(value) => Field::Int(value),
        Field::Text(text) => Field::Text(Cow::Owned(text.into_owned())),
        Field::Bool(value) => Field::Bool(value),
        Field::Date(date) => Field::Date(date),
        Field::Instant(instant) => Field::Instant(instant),
        Field::Money(minor) => Field::Money(minor),
    };
    fields.into_iter().map(own).collect()
}

//! The trial balance of a month. Rule: spec/accounting.md §10.2, §11.1, §13.

use crate::parts::{BookTableColumn, table_columns};
use accounting::package::{FieldKind, FieldValue};
use accounting::{
    LedgerCategory, LedgerFile, LedgerSpan, Month, PostingTotals, TrialBalance, trial_balance,
};
use serde_json::{Map, json};

use super::{BooksView, ViewRequest, rows_in_memory, text_field};
use crate::drift::book_adjustment;
use crate::error::PackageError;
use crate::pass::{LedgerPass, LedgerVisit, books_of_session};
use crate::tables::owned_fields;

/// Returns the balances of `month`: the frozen ones if it is closed, or else those of the records,
/// in the first open month with the adjustments of closed ones. Blocking.
pub fn month_balance(
    request: &ViewRequest<'_>,
    month: Month,
) -> Result<TrialBalance, PackageError> {
    let frozen = request.frozen()?;
    if frozen.closing(month).is_some() {
        return frozen.balance(month, request.currency, &|_| true);
    }
    let books = books_of_session(request.session, &request.settings);
    let span = LedgerSpan::month(month, request.until(month, &books.calendar));
    let pass = LedgerPass { books, currency: request.currency, span };
    let visit = |totals: &mut PostingTotals, visit: LedgerVisit<'_>| {
        let postings = match visit {
            LedgerVisit::Invoice { ledger, .. } => &ledger.postings,
            LedgerVisit::Untied { ledger, .. } => &ledger.postings,
            LedgerVisit::Links(_) | LedgerVisit::BalanceTransactions(_) => return Ok(()),
        };
        postings.iter().for_each(|posting| totals.add(posting));
        Ok(())
    };
    let mut totals = PostingTotals::default();
    for part in pass.run(request.session, request.observer(), &PostingTotals::default, &visit)? {
        totals.merge(&part);
    }
    if frozen.first_open() == Some(month) {
        request.visit_adjustments(&frozen, &mut |adjustment| {
            book_adjustment(&mut totals, adjustment);
        })?;
    }
    let balance = TrialBalance::from_totals(&totals, request.currency, month);
    balance.check()?;
    Ok(balance)
}

/// Returns the trial balance: one line per category, and the total, which is zero. Blocking.
pub fn trial_balance(
    request: &ViewRequest<'_>,
    month: Month,
) -> Result<BooksView<'static>, PackageError> {
    let balance = month_balance(request, month)?;
    let rows = balance.rows(&request.settings.accounts);
    let rows = rows.iter().map(|row| owned_fields(row.fields(&balance.currency)));
    Ok(BooksView {
        name: "trial_balance",
        facts: Map::from_iter([("month".to_owned(), json!(month.to_string()))]),
        columns: table_columns(&trial_balance::trial_balance_columns()),
        rows: rows_in_memory(rows.collect()),
        revision: request.session.revision(),
    })
}

/// Returns a table with a row per file and a column per category, between the opening and the
/// closing balance. Blocking.
pub fn period_grid(
    request: &ViewRequest<'_>,
    month: Month,
) -> Result<BooksView<'static>, PackageError> {
    let balance = month_balance(request, month)?;
    let calendar = &books_of_session(request.session, &request.settings).calendar;
    let as_of = request.until(month, calendar).last_instant();
    let facts = [
        ("month".to_owned(), json!(month.to_string())),
        ("as_of".to_owned(), json!(as_of.to_string())),
    ];
    let mut rows = vec![grid_row("opening", None, &balance.opening, request)];
    for (file, count) in LedgerFile::ALL.into_iter().zip(balance.row_counts) {
        rows.push(grid_row(file.as_str(), Some(count), &balance.file_movement(file), request));
    }
    rows.push(grid_row("movement", None, &balance.movement, request));
    rows.push(grid_row("closing", None, &balance.closing, request));
    Ok(BooksView {
        name: "period",
        facts: Map::from_iter(facts),
        columns: grid_columns(),
        rows: rows_in_memory(rows),
        revision: request.session.revision(),
    })
}

/// Returns the columns of the period grid.
pub fn grid_columns() -> Vec<BookTableColumn> {
    let head = [("row", FieldKind::Text), ("rows", FieldKind::Int)];
    let head = head.map(|(name, kind)| BookTableColumn::new(name, kind));
    let categories =
        LedgerCategory::ALL.map(|c| BookTableColumn::new(c.as_str(), FieldKind::Money));
    let currency = [BookTableColumn::new("currency", FieldKind::Text)];
    head.into_iter().chain(categories).chain(currency).collect()
}

fn grid_row(
    name: &str,
    count: Option<u64>,
    amounts: &accounting::CategoryAmounts,
    request: &ViewRequest<'_>,
) -> Vec<FieldValue<'static>> {
    let count = count.map_or(FieldValue::Empty, |count| FieldValue::Int(i128::from(count)));
    let amounts = LedgerCategory::ALL.map(|category| FieldValue::Money(amounts[category]));
    [text_field(name), count].into_iter().chain(amounts).chain([request.currency_field()]).collect()
}

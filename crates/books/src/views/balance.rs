//! The trial balance of a month. Rule: spec/accounting.md §10.2, §11.1, §13.

use crate::parts::{TableColumn, table_columns};
use accounting::package::{Field, FieldKind};
use accounting::{Category, File, Month, Span, Totals, TrialBalance, trial_balance};
use serde_json::{Map, json};

use super::{View, ViewRequest, few_rows, owned, text};
use crate::drift::book_adjustment;
use crate::error::PackageError;
use crate::pass::{Pass, Visit, books_of};

/// Returns the balances of `month`: the frozen ones if it is closed, or else those of the records,
/// in the first open month with the adjustments of closed ones. Blocking.
pub fn balances(request: &ViewRequest<'_>, month: Month) -> Result<TrialBalance, PackageError> {
    let frozen = request.frozen()?;
    if frozen.closing(month).is_some() {
        return frozen.balance(month, request.currency, &|_| true);
    }
    let books = books_of(request.session, &request.settings);
    let span = Span::month(month, request.until(month, &books.calendar));
    let pass = Pass { books, currency: request.currency, span };
    let visit = |totals: &mut Totals, visit: Visit<'_>| {
        let postings = match visit {
            Visit::Invoice { ledger, .. } => &ledger.postings,
            Visit::Untied { ledger, .. } => &ledger.postings,
            Visit::Links(_) | Visit::BalanceTransactions(_) => return Ok(()),
        };
        postings.iter().for_each(|posting| totals.add(posting));
        Ok(())
    };
    let mut totals = Totals::default();
    for part in pass.run(request.session, request.watch(), &Totals::default, &visit)? {
        totals.merge(&part);
    }
    if frozen.first_open() == Some(month) {
        request.each_adjustment(&frozen, &mut |adjustment| {
            book_adjustment(&mut totals, adjustment);
        })?;
    }
    let balance = TrialBalance::of(&totals, request.currency, month);
    balance.check()?;
    Ok(balance)
}

/// Returns the trial balance: one line per category, and the total, which is zero. Blocking.
pub fn trial_balance(
    request: &ViewRequest<'_>,
    month: Month,
) -> Result<View<'static>, PackageError> {
    let balance = balances(request, month)?;
    let rows = balance.rows(&request.settings.accounts);
    let rows = rows.iter().map(|row| owned(row.fields(&balance.currency)));
    Ok(View {
        name: "trial_balance",
        facts: Map::from_iter([("month".to_owned(), json!(month.to_string()))]),
        columns: table_columns(&trial_balance::columns()),
        rows: few_rows(rows.collect()),
        revision: request.session.revision(),
    })
}

/// Returns a table with a row per file and a column per category, between the opening and the
/// closing balance. Blocking.
pub fn grid(request: &ViewRequest<'_>, month: Month) -> Result<View<'static>, PackageError> {
    let balance = balances(request, month)?;
    let calendar = &books_of(request.session, &request.settings).calendar;
    let as_of = request.until(month, calendar).last_instant();
    let facts = [
        ("month".to_owned(), json!(month.to_string())),
        ("as_of".to_owned(), json!(as_of.to_string())),
    ];
    let mut rows = vec![grid_row("opening", None, &balance.opening, request)];
    for (file, count) in File::ALL.into_iter().zip(balance.row_counts) {
        rows.push(grid_row(file.as_str(), Some(count), &balance.file(file), request));
    }
    rows.push(grid_row("movement", None, &balance.movement, request));
    rows.push(grid_row("closing", None, &balance.closing, request));
    Ok(View {
        name: "period",
        facts: Map::from_iter(facts),
        columns: grid_columns(),
        rows: few_rows(rows),
        revision: request.session.revision(),
    })
}

/// Returns the columns of the period grid.
pub fn grid_columns() -> Vec<TableColumn> {
    let head = [("row", FieldKind::Text), ("rows", FieldKind::Int)];
    let head = head.map(|(name, kind)| TableColumn::new(name, kind));
    let categories = Category::ALL.map(|c| TableColumn::new(c.as_str(), FieldKind::Money));
    let currency = [TableColumn::new("currency", FieldKind::Text)];
    head.into_iter().chain(categories).chain(currency).collect()
}

fn grid_row(
    name: &str,
    count: Option<u64>,
    amounts: &accounting::Amounts,
    request: &ViewRequest<'_>,
) -> Vec<Field<'static>> {
    let count = count.map_or(Field::Empty, |count| Field::Int(i128::from(count)));
    let amounts = Category::ALL.map(|category| Field::Money(amounts[category]));
    [text(name), count].into_iter().chain(amounts).chain([request.currency_field()]).collect()
}

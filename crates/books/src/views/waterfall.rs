//! The waterfall of deferred revenue by booking month. Rule: spec/accounting.md §13.

use std::collections::BTreeSet;

use crate::parts::BookTableColumn;
use accounting::package::{FieldKind, FieldValue};
use accounting::waterfall::{Waterfall, WaterfallRow};
use accounting::{LedgerSpan, Month};
use serde_json::{Map, json};

use super::{BooksView, ViewRequest, rows_in_memory, text_field};
use crate::error::PackageError;
use crate::pass::{LedgerPass, LedgerVisit, books_of_session};

/// Returns the waterfall of the months `from` to `to`, which may be the current one. Blocking.
///
/// It has a row per booking month, one row for all months before `from`, and their sum. The future
/// is shown month by month for ten years, then as one sum.
pub fn deferred_waterfall(
    request: &ViewRequest<'_>,
    from: Month,
    to: Month,
) -> Result<BooksView<'static>, PackageError> {
    let books = books_of_session(request.session, &request.settings);
    let span = LedgerSpan {
        detail_from: Some(from),
        ..LedgerSpan::until(request.until(to, &books.calendar))
    };
    let pass = LedgerPass { books, currency: request.currency, span };
    let begin = || Waterfall::new(from, to);
    let visit = |waterfall: &mut Waterfall, visit: LedgerVisit<'_>| {
        if let LedgerVisit::Invoice { ledger, .. } = visit {
            waterfall.add_invoice(&pass.books, ledger);
        }
        Ok(())
    };
    let mut waterfall = begin();
    for part in pass.run(request.session, request.observer(), &begin, &visit)? {
        waterfall.merge(&part);
    }
    Ok(view(request, from, to, &waterfall))
}

fn view(
    request: &ViewRequest<'_>,
    from: Month,
    to: Month,
    waterfall: &Waterfall,
) -> BooksView<'static> {
    let future: BTreeSet<Month> =
        waterfall.rows().flat_map(|(_, row)| row.future.keys().copied()).collect();
    let months: Vec<Month> = from.through(to).collect();
    let money = |name: String| BookTableColumn::new(name, FieldKind::Money);
    let mut columns = vec![BookTableColumn::new("booking_month", FieldKind::Text)];
    columns.push(money("booked".to_owned()));
    columns.extend(months.iter().map(|month| money(format!("recognized_{month}"))));
    columns.extend(["reversed", "remaining"].map(|name| money(name.to_owned())));
    columns.extend(future.iter().map(|month| money(format!("future_{month}"))));
    let has_later = waterfall.rows().any(|(_, row)| row.later != 0);
    columns.extend(has_later.then(|| money("future_later".to_owned())));
    columns.push(money("unscheduled".to_owned()));
    columns.push(BookTableColumn::new("currency", FieldKind::Text));
    let mut sum = WaterfallRow::default();
    let mut rows = Vec::new();
    for (month, row) in waterfall.rows() {
        add_to_sum(&mut sum, row);
        let name = month.map_or_else(|| "earlier".to_owned(), |month| month.to_string());
        rows.push(fields(&name, row, (&months, &future, has_later), request));
    }
    rows.push(fields("total", &sum, (&months, &future, has_later), request));
    let facts = [("from", from), ("to", to)];
    BooksView {
        name: "deferred_waterfall",
        facts: Map::from_iter(facts.map(|(key, month)| (key.to_owned(), json!(month.to_string())))),
        columns,
        rows: rows_in_memory(rows),
        revision: request.session.revision(),
    }
}

fn fields(
    name: &str,
    row: &WaterfallRow,
    (months, future, has_later): (&[Month], &BTreeSet<Month>, bool),
    request: &ViewRequest<'_>,
) -> Vec<FieldValue<'static>> {
    let of = |amounts: &std::collections::BTreeMap<Month, i128>, month: &Month| {
        FieldValue::Money(amounts.get(month).copied().unwrap_or_default())
    };
    let mut fields = vec![text_field(name), FieldValue::Money(row.booked)];
    fields.extend(months.iter().map(|month| of(&row.recognized, month)));
    fields.extend([row.reversed, row.remaining].map(FieldValue::Money));
    fields.extend(future.iter().map(|month| of(&row.future, month)));
    fields.extend(has_later.then_some(FieldValue::Money(row.later)));
    fields.push(FieldValue::Money(row.unscheduled));
    fields.push(request.currency_field());
    fields
}

fn add_to_sum(sum: &mut WaterfallRow, row: &WaterfallRow) {
    sum.booked += row.booked;
    sum.reversed += row.reversed;
    sum.remaining += row.remaining;
    sum.later += row.later;
    sum.unscheduled += row.unscheduled;
    for (month, amount) in &row.recognized {
        *sum.recognized.entry(*month).or_default() += amount;
    }
    for (month, amount) in &row.future {
        *sum.future.entry(*month).or_default() += amount;
    }
}

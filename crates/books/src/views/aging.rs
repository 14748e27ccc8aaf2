//! Receivables at the end of a day, by age. Rule: spec/accounting.md §13.

use crate::parts::BookTableColumn;
use accounting::aging::{AgingRow, AgingTotals, BUCKETS, build_aging_row};
use accounting::package::codec::{decode_fields, encode_fields};
use accounting::package::{FieldKind, FieldValue};
use accounting::records::Directory;
use accounting::{Horizon, LedgerSpan};
use model::time::Date;
use serde_json::{Map, json};

use super::{BooksView, ViewRequest, optional_id, optional_text, text_field};
use crate::error::PackageError;
use crate::explain::minor_units;
use crate::pass::{LedgerPass, LedgerVisit, books_of_session};
use crate::sorter::RowSorter;

/// The findings of one thread, with rows by invoice id.
struct AgingFindings {
    rows: RowSorter<8>,
    totals: AgingTotals,
}

/// Returns one row per invoice with a receivable at the end of `as_of`, by id, then their sum. The
/// customers' credit is a fact beside the rows in JSON, and the last row in other formats.
/// Blocking.
pub fn ar_aging(
    request: &ViewRequest<'_>,
    as_of: Date,
) -> Result<BooksView<'static>, PackageError> {
    let books = books_of_session(request.session, &request.settings);
    let end_of_day = Horizon::end_of_day(as_of, &books.calendar);
    let until =
        if end_of_day.includes(request.now) { Horizon::AsOf(request.now) } else { end_of_day };
    let pass = LedgerPass { books, currency: request.currency, span: LedgerSpan::until(until) };
    let visit = |found: &mut AgingFindings, visit: LedgerVisit<'_>| {
        let postings = match visit {
            LedgerVisit::Invoice { records, ledger, directory } => {
                if let Some(row) = build_aging_row(records, ledger, as_of) {
                    found.totals.add_row(&row);
                    let fields = fields(request, &row, directory);
                    let key = row.invoice_id.to_be_bytes();
                    found.rows.push(key, |out| encode_fields(&fields, out))?;
                }
                &ledger.postings
            }
            LedgerVisit::Untied { ledger, .. } => &ledger.postings,
            LedgerVisit::Links(_) | LedgerVisit::BalanceTransactions(_) => return Ok(()),
        };
        postings.iter().for_each(|p| found.totals.add_credit(p, request.currency));
        Ok(())
    };
    let begin =
        || AgingFindings { rows: RowSorter::new(request.folder), totals: AgingTotals::default() };
    let mut rows = Vec::new();
    let mut totals = AgingTotals::default();
    for part in pass.run(request.session, request.observer(), &begin, &visit)? {
        rows.push(part.rows);
        totals.merge(&part.totals);
    }
    let mut rows = RowSorter::merge(rows)?;
    let last = [
        total_row("total", None, Some(&totals), request),
        total_row("customer_balance", Some(totals.customer_balance), None, request),
    ];
    let facts = [
        ("as_of", json!(as_of.to_string())),
        ("accounts_receivable", minor_units(totals.accounts_receivable)),
        ("customer_balance", minor_units(totals.customer_balance)),
    ];
    Ok(BooksView {
        name: "ar_aging",
        facts: Map::from_iter(facts.map(|(key, value)| (key.to_owned(), value))),
        columns: aging_columns(),
        rows: Box::new(move |sink| {
            let mut row = Vec::new();
            while rows.next(&mut row)?.is_some() {
                if !sink(&decode_fields(&mut row.as_slice())?)? {
                    return Ok(());
                }
            }
            last.iter().try_for_each(|row| sink(row).map(drop))
        }),
        revision: request.session.revision(),
    })
}

/// Returns the columns of the view.
pub fn aging_columns() -> Vec<BookTableColumn> {
    use FieldKind::{Date, Int, Money, Text};
    let head = [
        ("invoice_id", Int),
        ("invoice_number", Text),
        ("invoice_date", Date),
        ("due_date", Date),
        ("customer_id", Int),
        ("customer_name", Text),
        ("customer_email", Text),
        ("subscription_id", Int),
        ("plan_name", Text),
        ("product_name", Text),
        ("total", Money),
        ("accounts_receivable", Money),
    ];
    let buckets = BUCKETS.map(|name| (name, Money));
    let all = head.into_iter().chain(buckets).chain([("currency", Text)]);
    all.map(|(name, kind)| BookTableColumn::new(name, kind)).collect()
}

fn fields(
    request: &ViewRequest<'_>,
    row: &AgingRow,
    directory: &Directory,
) -> Vec<FieldValue<'static>> {
    let belongs = &row.belongs;
    let customer = belongs.customer_id.and_then(|id| directory.customers.get(&id));
    let plan = belongs.plan_id.and_then(|id| directory.plans.get(&id));
    let product = belongs.product_id.and_then(|id| directory.products.get(&id));
    let mut fields = vec![
        FieldValue::Int(i128::from(row.invoice_id)),
        optional_text(row.invoice_number.as_deref()),
        FieldValue::Date(row.invoice_date),
        row.due_date.map_or(FieldValue::Empty, FieldValue::Date),
        optional_id(belongs.customer_id),
        optional_text(customer.and_then(|customer| customer.name.as_deref())),
        optional_text(customer.and_then(|customer| customer.email.as_deref())),
        optional_id(belongs.subscription_id),
        optional_text(plan.map(|plan| &*plan.name)),
        optional_text(product.map(|product| &*product.name)),
        FieldValue::Money(row.total),
        FieldValue::Money(row.accounts_receivable),
    ];
    fields.extend(row.buckets.map(FieldValue::Money));
    fields.push(request.currency_field());
    fields
}

/// Returns a row of sums, with its name in the column of the invoice number.
fn total_row(
    name: &str,
    total: Option<i128>,
    totals: Option<&AgingTotals>,
    request: &ViewRequest<'_>,
) -> Vec<FieldValue<'static>> {
    let mut fields = vec![FieldValue::Empty, text_field(name)];
    fields.resize(10, FieldValue::Empty);
    fields.push(total.map_or(FieldValue::Empty, FieldValue::Money));
    fields.push(totals.map_or(FieldValue::Empty, |t| FieldValue::Money(t.accounts_receivable)));
    match totals {
        Some(totals) => fields.extend(totals.buckets.map(FieldValue::Money)),
        None => fields.resize(fields.len() + BUCKETS.len(), FieldValue::Empty),
    }
    fields.push(request.currency_field());
    fields
}

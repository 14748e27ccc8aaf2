//! customer_credits. Rule: spec/reports.md §17.1.

use super::super::column::{c, money};
use super::super::data::OracleRow;
use super::super::filter::{ids, instant_bounds, instant_frame};
use super::super::value::OracleValue;
use super::super::world::{OracleContext, currency};
use super::{OracleReport, customer, int, text};

pub(super) fn report() -> OracleReport {
    let mut columns = customer(|_, bt| bt.int("customer_id"));
    let money = |key, amount: fn(&OracleContext<'_>, &OracleRow) -> i128| {
        money(key, "balance_transactions", move |w, bt| Some(amount(w, bt)), |_, bt| currency(bt))
    };
    columns.extend([
        c("created_at", "", |_, bt| OracleValue::instant(bt.instant("date"))),
        money("amount", |_, bt| -bt.amount("amount")),
        money("balance", |w, bt| balance(w, bt, |_| true)),
        c("memo", "", |_, bt| OracleValue::text(bt.text("description"))),
        int("id").addition(),
        money("running_balance", |w, bt| {
            balance(w, bt, |x| (x.instant("date"), x.id()) <= (bt.instant("date"), bt.id()))
        })
        .addition(),
        text("type").addition(),
        text("kind").addition(),
    ]);
    let mut filters = vec![ids("customers", |_, bt| bt.int("customer_id"))];
    filters.extend(instant_bounds("created_at", |_, bt| bt.instant("date")));
    filters.push(instant_frame("created_at_timeframe", |_, bt| bt.instant("date")));
    OracleReport {
        name: "customer_credits",
        table: "balance_transactions",
        columns,
        parents: &["customer"],
        filters,
        default_sort: &["-created_at", "-id"],
        is_base_row: |_, _| true,
        grouping: None,
    }
}

/// Returns the credit of the row's customer in the row's currency, over the transactions for which
/// `counts` is true.
fn balance(w: &OracleContext<'_>, bt: &OracleRow, counts: impl Fn(&OracleRow) -> bool) -> i128 {
    let customer = bt.int("customer_id").expect("a customer");
    let mut sum = 0;
    for x in w.naming("balance_transactions", "customer_id", customer) {
        if x.text("currency") == bt.text("currency") && counts(x) {
            sum += x.amount("amount");
        }
    }
    -sum
}

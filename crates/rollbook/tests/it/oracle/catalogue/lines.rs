//! invoice_line_items. Rule: spec/reports.md §17.7.

use serde_json::json;

use super::super::column::{OracleColumn, c, money, not_modelled};
use super::super::data::OracleRow;
use super::super::filter::{OracleFilter, date_bounds, ids, instant_bounds, words};
use super::super::value::OracleValue;
use super::super::world::{OracleContext, currency};
use super::invoices::{STATUS, confirmed_at, discount_name, status, updated_at};
use super::{
    OracleGrouping, OracleReport, count, currency_dimension, customer, customer_venue, int, owned,
    sum, text,
};

pub(super) fn report() -> OracleReport {
    OracleReport {
        name: "invoice_line_items",
        table: "invoice_lines",
        columns: columns(),
        parents: &["invoice", "invoice.discount_code", "customer", "customer.venue"],
        filters: filters(),
        default_sort: &["id"],
        is_base_row: |w, l| !invoice(w, l).has("deleted_at"),
        grouping: Some(OracleGrouping {
            dimensions: vec![c("type", "", line_type), currency_dimension()],
            measures: vec![sum("total_amount", "amount"), count()],
            parents: &[],
            default_columns: &["total_amount", "type"],
            pivots: &[],
            bucket: None,
        }),
    }
}

fn invoice<'a>(w: &OracleContext<'a>, l: &OracleRow) -> &'a OracleRow {
    w.get("invoices", l.int("invoice_id")).expect("an invoice")
}

fn amount(key: &'static str, column: &'static str) -> OracleColumn {
    money(key, "invoice_lines", move |_, l: &OracleRow| Some(l.amount(column)), |_, l| currency(l))
}

fn columns() -> Vec<OracleColumn> {
    let of: fn(&OracleContext<'_>, &OracleRow) -> Option<i64> =
        |w, l| invoice(w, l).int("customer_id");
    let mut columns = vec![
        int("id"),
        c("invoice.id", "invoice_id", |w, l| OracleValue::Int(invoice(w, l).id())),
        c("invoice.due_date", "due_date", |w, l| OracleValue::date(invoice(w, l).date("due_date"))),
        c("invoice.number", "invoice_number", |w, l| {
            OracleValue::text(invoice(w, l).text("number"))
        }),
        c("invoice.confirmed_at", "invoice_confirmed_at", |w, l| {
            OracleValue::instant(confirmed_at(invoice(w, l)))
        }),
        c("invoice.paid_at", "paid_at", |w, l| {
            OracleValue::instant(invoice(w, l).instant("paid_at"))
        }),
        c("invoice.updated_at", "invoice_updated_at", |w, l| {
            OracleValue::Instant(updated_at(w, invoice(w, l)))
        }),
        c("invoice.status", "invoice_status", |w, l| {
            OracleValue::text(Some(status(w, invoice(w, l))))
        }),
        c("invoice.is_credit_note", "invoice_is_credit_note", |w, l| {
            OracleValue::Bool(invoice(w, l).flag("is_credit_note"))
        }),
        c("invoice.discount_code.name", "discount_code_name", |w, l| {
            discount_name(w, invoice(w, l))
        }),
        c("invoice.discount_code.code", "discount_code", |w, l| {
            OracleValue::text(invoice(w, l).text("discount_code"))
        }),
    ];
    columns.extend(customer(of));
    columns.extend(customer_venue(of));
    columns.extend([
        amount("amount", "amount"),
        c("type", "", line_type),
        c("billed_item", "", billed_item).unsortable(),
        text("description"),
        amount("tax_amount", "tax"),
        amount("discount_amount", "discount"),
        not_modelled("credit_amount", ""),
        not_modelled("refund_amount", ""),
        int("quantity").addition(),
        text("currency").addition(),
    ]);
    columns
}

fn filters() -> Vec<OracleFilter> {
    let mut filters = vec![
        words("invoice_status", STATUS, |w, l| owned(Some(status(w, invoice(w, l))))),
        ids("customers", |w, l| invoice(w, l).int("customer_id")),
        ids("invoices", |_, l| l.int("invoice_id")),
    ];
    filters.extend(date_bounds("invoice_due_date", |w, l| invoice(w, l).date("due_date")));
    filters.extend(instant_bounds("invoice_paid_at", |w, l| invoice(w, l).instant("paid_at")));
    filters.extend(instant_bounds("invoice_updated_at", |w, l| Some(updated_at(w, invoice(w, l)))));
    filters.extend(instant_bounds("invoice_confirmed_at", |w, l| confirmed_at(invoice(w, l))));
    filters
}

fn line_type(w: &OracleContext<'_>, l: &OracleRow) -> OracleValue {
    if l.has("type") {
        return OracleValue::text(l.text("type"));
    }
    let cm = w.get("customer_memberships", l.int("customer_membership_id"));
    OracleValue::text(match cm.map(|cm| cm.word("type")) {
        Some("pack") => Some("pack_membership"),
        Some("prepaid") => Some("prepaid_plan_membership"),
        Some("recurring") => Some("recurring_plan_membership"),
        Some(other) => panic!("membership type {other}"),
        None => l.has("order_item_id").then_some("store_order"),
    })
}

fn billed_item(_: &OracleContext<'_>, l: &OracleRow) -> OracleValue {
    let item = [
        ("customer_membership", l.int("customer_membership_id")),
        ("store_order_item", l.int("order_item_id")),
    ];
    let Some((object, Some(id))) = item.into_iter().find(|(_, id)| id.is_some()) else {
        return OracleValue::Null;
    };
    OracleValue::Composite(json!({"object": object, "id": id}), format!("{object}:{id}"))
}

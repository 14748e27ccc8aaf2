//! Lines of invoices. Rule: spec/reports.md §17.7.

use datafusion::functions::expr_fn::{coalesce, named_struct};
use datafusion::logical_expr::{Expr, lit};
use datafusion::prelude::col;
use model::output::ObjectText;
use model::permission::Permission;

use super::invoices::{confirmed_at, statuses, updated_at};
use crate::definition::column::{
    Column, Kind, boolean, count, date, instant, int, money, object, string, sum, unmodelled,
};
use crate::definition::filter::{Filter, dates, ids, instants, words};
use crate::definition::grouping::{Grouping, Groups};
use crate::definition::relation::{derived, row};
use crate::definition::value::{Value, at, choose, text, value};
use crate::definition::{Base, Deleted, Report, Shape};
use crate::terms::{customer, invoice, payment, refund};

const ITEM: Kind = Kind::Object {
    fields: &[("object", Kind::Text), ("id", Kind::Int)],
    text: ObjectText::Joined(":"),
};

pub(super) fn report() -> Report {
    Report {
        name: "invoice_line_items",
        label: "Invoice Line Items",
        permissions: &[Permission::Revenue],
        base: Base { table: "invoice_lines", alias: "l", deleted: Deleted::Never },
        kept: Some(value(|_| col("i.deleted_at").is_null())),
        relations: vec![
            row("i", "invoices", "l.invoice_id"),
            customer::relation("i.customer_id"),
            customer::venue_relation(),
            row("cm", "customer_memberships", "l.customer_membership_id"),
            derived("cp", [("i.discount_code", "code")], invoice::coupons),
            derived("lastpay", [("i.id", "invoice_id")], payment::last_of_invoice),
            derived("payments", [("i.id", "invoice_id")], payment::of_invoice),
            derived("refunds", [("i.id", "invoice_id")], refund::of_invoice),
            derived("lines", [("i.id", "invoice_id")], invoice::lines),
        ],
        columns: columns(),
        parents: &["invoice", "invoice.discount_code", "customer", "customer.venue"],
        filters: filters(),
        default_sort: &["id"],
        brief_columns: &[
            "id",
            "invoice.number",
            "customer.name",
            "description",
            "amount",
            "tax_amount",
            "invoice.status",
        ],
        shape: Shape::Plain,
    }
}

/// Returns the grouped form of the report.
pub(super) fn grouped() -> Report {
    report().in_groups(Groups {
        name: "invoice_line_items.grouped",
        label: "Invoice Line Items (grouped)",
        columns: vec![
            string("type", line_type()),
            sum("total_amount", at("l.amount"), at("l.currency")),
            string("currency", at("l.currency")).addition(),
            count().addition(),
        ],
        parents: &[],
        grouping: Grouping { default_columns: &["total_amount", "type"], pivots: None },
    })
}

fn columns() -> Vec<Column> {
    let amount = |key: &'static str, column| money(key, at(column), at("l.currency"));
    let mut columns = vec![
        int("id", at("l.id")),
        int("invoice.id", at("i.id")).alias("invoice_id"),
        date("invoice.due_date", at("i.due_date")).alias("due_date"),
        string("invoice.number", at("i.number")).alias("invoice_number"),
        instant("invoice.confirmed_at", confirmed_at()).alias("invoice_confirmed_at"),
        instant("invoice.paid_at", at("i.paid_at")).alias("paid_at"),
        instant("invoice.updated_at", updated_at()).alias("invoice_updated_at"),
        string("invoice.status", invoice::written_status()).alias("invoice_status"),
        boolean("invoice.is_credit_note", at("i.is_credit_note")).alias("invoice_is_credit_note"),
        string("invoice.discount_code.name", at("cp.name")).alias("discount_code_name"),
        string("invoice.discount_code.code", at("i.discount_code")).alias("discount_code"),
    ];
    columns.extend(customer::columns("i.customer_id"));
    columns.extend(customer::venue_columns());
    columns.extend([
        amount("amount", "l.amount"),
        string("type", line_type()),
        object("billed_item", ITEM, billed_item()),
        string("description", at("l.description")),
        amount("tax_amount", "l.tax"),
        amount("discount_amount", "l.discount"),
        unmodelled("credit_amount", "money"),
        unmodelled("refund_amount", "money"),
        int("quantity", at("l.quantity")).addition(),
        string("currency", at("l.currency")).addition(),
    ]);
    columns
}

fn filters() -> Vec<Filter> {
    let mut filters = vec![words("invoice_status", statuses()).typed("string")];
    filters.extend(dates(["invoice_due_date_gte", "invoice_due_date_lte"], at("i.due_date")));
    filters.extend(instants(["invoice_paid_at_gte", "invoice_paid_at_lte"], at("i.paid_at")));
    filters.extend(instants(["invoice_updated_at_gte", "invoice_updated_at_lte"], updated_at()));
    filters
        .extend(instants(["invoice_confirmed_at_gte", "invoice_confirmed_at_lte"], confirmed_at()));
    filters.extend([
        ids("customers", at("i.customer_id")).addition(),
        ids("invoices", at("l.invoice_id")).addition(),
    ]);
    filters
}

/// Returns the stored type of a line. If there is none, the type follows from the membership or the
/// order item that the line bills.
fn line_type() -> Value {
    value(|_| {
        let held = |word: &str| col("cm.type").eq(text(word));
        let meant = choose(
            [
                (held("pack"), text("pack_membership")),
                (held("prepaid"), text("prepaid_plan_membership")),
                (held("recurring"), text("recurring_plan_membership")),
                (col("l.order_item_id").is_not_null(), text("store_order")),
            ],
            None,
        );
        coalesce(vec![col("l.type"), meant])
    })
}

fn billed_item() -> Value {
    value(|_| {
        let item =
            |object: &str, id: Expr| named_struct(vec![lit("object"), text(object), lit("id"), id]);
        let (membership, order_item) = (col("l.customer_membership_id"), col("l.order_item_id"));
        choose(
            [
                (membership.clone().is_not_null(), item("customer_membership", membership)),
                (order_item.clone().is_not_null(), item("store_order_item", order_item)),
            ],
            None,
        )
    })
}

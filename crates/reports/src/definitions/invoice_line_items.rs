//! Lines of invoices. Rule: spec/reports.md §17.7.

use datafusion::functions::expr_fn::{coalesce, named_struct};
use datafusion::logical_expr::{Expr, lit};
use datafusion::prelude::col;
use model::output::ObjectText;
use model::permission::Permission;

use super::invoices::{confirmed_at, invoice_relations, statuses, updated_at};
use crate::definition::column::{
    ReportColumn, ReportColumnKind, boolean, count, date, instant, int, money, object, string, sum,
    unmodelled,
};
use crate::definition::filter::{ReportFilter, dates, ids, instants, words};
use crate::definition::grouping::{GroupedForm, ReportGrouping};
use crate::definition::relation::{Relation, related_row};
use crate::definition::scoped_expr::{
    ScopedExpr, case_when, column_value, scoped_expr, text_literal,
};
use crate::definition::{DeletedRows, Report, ReportShape, RowSource};
use crate::terms::{customer, invoice};

const ITEM: ReportColumnKind = ReportColumnKind::Object {
    fields: &[("object", ReportColumnKind::Text), ("id", ReportColumnKind::Int)],
    text: ObjectText::Joined(":"),
};

pub(super) fn report() -> Report {
    Report {
        name: "invoice_line_items",
        label: "Invoice Line Items",
        permissions: &[Permission::Revenue],
        source: RowSource { table: "invoice_lines", alias: "l", relations: relations() },
        deleted: DeletedRows::Never,
        row_condition: Some(scoped_expr(|_| col("i.deleted_at").is_null())),
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
        shape: ReportShape::Plain,
    }
}

/// Returns the grouped form of the report.
pub(super) fn grouped() -> Report {
    report().into_grouped(GroupedForm {
        name: "invoice_line_items.grouped",
        label: "Invoice Line Items (grouped)",
        columns: vec![
            string("type", line_type()),
            sum("total_amount", column_value("l.amount"), column_value("l.currency")),
            string("currency", column_value("l.currency")).addition(),
            count().addition(),
        ],
        parents: &[],
        grouping: ReportGrouping { default_columns: &["total_amount", "type"], pivots: None },
    })
}

fn relations() -> Vec<Relation> {
    let mut relations = vec![related_row("i", "invoices", "l.invoice_id")];
    relations.extend(invoice_relations());
    relations.push(related_row("cm", "customer_memberships", "l.customer_membership_id"));
    relations
}

fn columns() -> Vec<ReportColumn> {
    let amount =
        |key: &'static str, column| money(key, column_value(column), column_value("l.currency"));
    let mut columns = vec![
        int("id", column_value("l.id")),
        int("invoice.id", column_value("i.id")).alias("invoice_id"),
        date("invoice.due_date", column_value("i.due_date")).alias("due_date"),
        string("invoice.number", column_value("i.number")).alias("invoice_number"),
        instant("invoice.confirmed_at", confirmed_at()).alias("invoice_confirmed_at"),
        instant("invoice.paid_at", column_value("i.paid_at")).alias("paid_at"),
        instant("invoice.updated_at", updated_at()).alias("invoice_updated_at"),
        string("invoice.status", invoice::displayed_status()).alias("invoice_status"),
        boolean("invoice.is_credit_note", column_value("i.is_credit_note"))
            .alias("invoice_is_credit_note"),
        string("invoice.discount_code.name", column_value("cp.name")).alias("discount_code_name"),
        string("invoice.discount_code.code", column_value("i.discount_code"))
            .alias("discount_code"),
    ];
    columns.extend(customer::customer_columns("i.customer_id"));
    columns.extend(customer::venue_columns());
    columns.extend([
        amount("amount", "l.amount"),
        string("type", line_type()),
        object("billed_item", ITEM, billed_item()),
        string("description", column_value("l.description")),
        amount("tax_amount", "l.tax"),
        amount("discount_amount", "l.discount"),
        unmodelled("credit_amount", "money"),
        unmodelled("refund_amount", "money"),
        int("quantity", column_value("l.quantity")).addition(),
        string("currency", column_value("l.currency")).addition(),
    ]);
    columns
}

fn filters() -> Vec<ReportFilter> {
    let mut filters = vec![words("invoice_status", statuses()).typed("string")];
    filters.extend(dates(
        ["invoice_due_date_gte", "invoice_due_date_lte"],
        column_value("i.due_date"),
    ));
    filters.extend(instants(
        ["invoice_paid_at_gte", "invoice_paid_at_lte"],
        column_value("i.paid_at"),
    ));
    filters.extend(instants(["invoice_updated_at_gte", "invoice_updated_at_lte"], updated_at()));
    filters
        .extend(instants(["invoice_confirmed_at_gte", "invoice_confirmed_at_lte"], confirmed_at()));
    filters.extend([
        ids("customers", column_value("i.customer_id")).addition(),
        ids("invoices", column_value("l.invoice_id")).addition(),
    ]);
    filters
}

/// Returns the stored type of a line. If there is none, the type follows from the membership or the
/// order item that the line bills.
fn line_type() -> ScopedExpr {
    scoped_expr(|_| {
        let held = |word: &str| col("cm.type").eq(text_literal(word));
        let meant = case_when(
            [
                (held("pack"), text_literal("pack_membership")),
                (held("prepaid"), text_literal("prepaid_plan_membership")),
                (held("recurring"), text_literal("recurring_plan_membership")),
                (col("l.order_item_id").is_not_null(), text_literal("store_order")),
            ],
            None,
        );
        coalesce(vec![col("l.type"), meant])
    })
}

fn billed_item() -> ScopedExpr {
    scoped_expr(|_| {
        let item = |object: &str, id: Expr| {
            named_struct(vec![lit("object"), text_literal(object), lit("id"), id])
        };
        let (membership, order_item) = (col("l.customer_membership_id"), col("l.order_item_id"));
        case_when(
            [
                (membership.clone().is_not_null(), item("customer_membership", membership)),
                (order_item.clone().is_not_null(), item("store_order_item", order_item)),
            ],
            None,
        )
    })
}

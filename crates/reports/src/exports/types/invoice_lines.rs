//! Lines of invoices: as rows of their own, and as a cell of the invoice. Rule: spec/exports.md
//! §10.4, `line_items` and `row_per=line`.

use datafusion::functions::expr_fn::coalesce;
use datafusion::functions_aggregate::expr_fn::{count, first_value};
use datafusion::logical_expr::LogicalPlanBuilder;
use datafusion::prelude::col;

use super::super::export_layout::{
    ExportLayout, customer_fields, customer_relation_of, export_layout, id_at, instant_at, text_at,
};
use crate::definition::column::{int, string};
use crate::definition::relation::{RelationKeys, derived_relation, related_row};
use crate::definition::scoped_expr::{ScopedExpr, case_when, column_value, scoped_expr};
use crate::error::ReportError;
use crate::functions::json_text::{JsonMemberType, collect_texts, json_object};
use crate::query_scope::QueryScope;

/// Makes the layout with one row per line.
pub(super) fn invoice_line_layout() -> ExportLayout {
    let subscription =
        scoped_expr(|_| coalesce(vec![col("l.subscription_id"), col("i.subscription_id")]));
    export_layout("l", "invoice_lines", column_value("i.site_id"))
        .with_record("i", "invoices", "l.invoice_id")
        .joined([
            customer_relation_of("i.customer_id"),
            related_row("lpl", "plans", "l.plan_id"),
            related_row("lpr", "products", "lpl.product_id"),
            derived_relation("first", [("l.invoice_id", "invoice_id")], first_plans),
            related_row("fpl", "plans", "first.plan_id"),
            related_row("fpr", "products", "fpl.product_id"),
            related_row("s", "subscriptions", "i.subscription_id"),
            related_row("spl", "plans", "s.plan_id"),
            related_row("spr", "products", "spl.product_id"),
        ])
        .and([
            id_at("line_id", "l.id"),
            id_at("invoice_id", "i.id"),
            text_at("invoice_number", "i.number"),
            text_at("invoice_status", "i.status"),
            instant_at("invoice_date", "i.date"),
        ])
        .and(customer_fields("i.customer_id"))
        .and([
            int("subscription_id", subscription),
            int("plan_id", own_plan("l.plan_id", plan("first.plan_id", "s.plan_id"))),
            string("plan_name", own_plan("lpl.name", plan("fpl.name", "spl.name"))),
            int("product_id", own_plan("lpl.product_id", plan("fpl.product_id", "spl.product_id"))),
            string("product_name", own_plan("lpr.name", plan("fpr.name", "spr.name"))),
        ])
        .stored(
            "customer_membership_id order_item_id type description quantity amount discount tax \
             currency period_start period_end is_proration created_at updated_at",
        )
}

/// Returns a column of the line's own plan. If the line has none, returns the value of the invoice.
fn own_plan(own: &'static str, of_invoice: ScopedExpr) -> ScopedExpr {
    scoped_expr(move |scope| {
        let has_own = col("l.plan_id").is_not_null();
        case_when([(has_own, col(own))], Some(of_invoice(scope)))
    })
}

/// Returns a plan with the columns `invoice_id`, `count` and `items`: the number of lines of each
/// invoice, and their texts.
pub(super) fn line_summaries_of_invoices(
    scope: &QueryScope<'_>,
    invoices: &RelationKeys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let rows = invoices.scan(scope, "invoice_lines", "x", "invoice_id")?;
    let members = [
        ("id", JsonMemberType::Int, col("x.id")),
        ("description", JsonMemberType::Text, col("x.description")),
        ("quantity", JsonMemberType::Int, col("x.quantity")),
        ("amount", JsonMemberType::Amount(6), col("x.amount")),
        ("discount", JsonMemberType::Amount(6), col("x.discount")),
        ("tax", JsonMemberType::Amount(6), col("x.tax")),
        ("currency", JsonMemberType::Text, col("x.currency")),
        ("period_start", JsonMemberType::Instant, col("x.period_start")),
        ("period_end", JsonMemberType::Instant, col("x.period_end")),
        ("is_proration", JsonMemberType::Bool, col("x.is_proration")),
        ("subscription_id", JsonMemberType::Int, col("x.subscription_id")),
        ("plan_id", JsonMemberType::Int, col("x.plan_id")),
    ];
    let values = vec![
        count(col("x.id")).alias("count"),
        collect_texts(col("x.id"), json_object(members, scope.amounts)).alias("items"),
    ];
    Ok(rows.aggregate(vec![col("x.invoice_id")], values)?)
}

/// Returns a column of the plan of the first line that has one, else of the subscription's plan.
pub(super) fn plan(of_line: &'static str, of_subscription: &'static str) -> ScopedExpr {
    scoped_expr(move |_| {
        let has_line = col("first.plan_id").is_not_null();
        case_when([(has_line, col(of_line))], Some(col(of_subscription)))
    })
}

/// Returns a query with the columns `invoice_id` and `plan_id`: for each invoice, the plan (what was
/// bought) on its line with the lowest id that has one.
pub(super) fn first_plans(
    scope: &QueryScope<'_>,
    invoices: &RelationKeys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let rows = invoices.scan(scope, "invoice_lines", "x", "invoice_id")?;
    let rows = rows.filter(col("x.plan_id").is_not_null())?;
    let plan = first_value(col("x.plan_id"), vec![col("x.id").sort(true, false)]).alias("plan_id");
    Ok(rows.aggregate(vec![col("x.invoice_id")], vec![plan])?)
}

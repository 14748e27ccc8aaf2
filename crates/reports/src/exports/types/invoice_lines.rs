//! Lines of invoices: as rows of their own, and as a cell of the invoice. Rule: spec/exports.md
//! §10.4, `line_items` and `row_per=line`.

use datafusion::functions::expr_fn::coalesce;
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::LogicalPlanBuilder;
use datafusion::prelude::col;

use super::super::layout::{Layout, customer, customer_row, id_at, instant_at, layout, text_at};
use super::invoices::{first_plans, plan};
use crate::definition::column::{int, string};
use crate::definition::relation::{Keys, derived, row};
use crate::definition::value::{Value, at, choose, value};
use crate::engine::scope::Scope;
use crate::error::ReportError;
use crate::functions::json_text::{Member, gathered, object};

/// Makes the layout with one row per line.
pub(super) fn rows() -> Layout {
    let subscription =
        value(|_| coalesce(vec![col("l.subscription_id"), col("i.subscription_id")]));
    layout("l", "invoice_lines", at("i.site_id"))
        .of_record("i", "invoices", "l.invoice_id")
        .joined([
            customer_row("i.customer_id"),
            row("lpl", "plans", "l.plan_id"),
            row("lpr", "products", "lpl.product_id"),
            derived("first", [("l.invoice_id", "invoice_id")], first_plans),
            row("fpl", "plans", "first.plan_id"),
            row("fpr", "products", "fpl.product_id"),
            row("s", "subscriptions", "i.subscription_id"),
            row("spl", "plans", "s.plan_id"),
            row("spr", "products", "spl.product_id"),
        ])
        .and([
            id_at("line_id", "l.id"),
            id_at("invoice_id", "i.id"),
            text_at("invoice_number", "i.number"),
            text_at("invoice_status", "i.status"),
            instant_at("invoice_date", "i.date"),
        ])
        .and(customer("i.customer_id"))
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
fn own_plan(own: &'static str, of_invoice: Value) -> Value {
    value(move |scope| {
        let has_own = col("l.plan_id").is_not_null();
        choose([(has_own, col(own))], Some(of_invoice(scope)))
    })
}

/// Returns a plan with the columns `invoice_id`, `count` and `items`: the number of lines of each
/// invoice, and their texts.
pub(super) fn of_invoices(
    scope: &Scope<'_>,
    invoices: &Keys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let rows = invoices.restrict(scope.session.scan("invoice_lines", "x")?, col("x.invoice_id"))?;
    let members = [
        ("id", Member::Int, col("x.id")),
        ("description", Member::Text, col("x.description")),
        ("quantity", Member::Int, col("x.quantity")),
        ("amount", Member::Amount(6), col("x.amount")),
        ("discount", Member::Amount(6), col("x.discount")),
        ("tax", Member::Amount(6), col("x.tax")),
        ("currency", Member::Text, col("x.currency")),
        ("period_start", Member::Instant, col("x.period_start")),
        ("period_end", Member::Instant, col("x.period_end")),
        ("is_proration", Member::Bool, col("x.is_proration")),
        ("subscription_id", Member::Int, col("x.subscription_id")),
        ("plan_id", Member::Int, col("x.plan_id")),
    ];
    let values = vec![
        count(col("x.id")).alias("count"),
        gathered(col("x.id"), object(members, scope.amounts)).alias("items"),
    ];
    Ok(rows.aggregate(vec![col("x.invoice_id")], values)?)
}

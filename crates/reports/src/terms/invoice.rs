//! Values of an invoice that are not in its row: displayed status, lines, applied credit, coupon.

use datafusion::functions::expr_fn::named_struct;
use datafusion::functions_aggregate::expr_fn::{first_value, max};
use datafusion::logical_expr::{Expr, ExprFunctionExt, LogicalPlanBuilder, in_subquery, lit};
use datafusion::prelude::col;
use model::output::ObjectText;

use crate::definition::column::ReportColumnKind;
use crate::definition::relation::RelationKeys;
use crate::definition::scoped_expr::{
    ScopedExpr, case_when, is_one_of, scoped_expr, text_literal, widen_amount,
};
use crate::engine::predicates::is_one_of_ids;
use crate::error::ReportError;
use crate::functions::ordered_list::{collect_with_places, list_in_order};
use crate::query_scope::QueryScope;

/// The type of an element of an invoice's `applied_credits`.
pub(crate) const APPLIED_CREDIT: ReportColumnKind = ReportColumnKind::Object {
    fields: &[(
        "amount",
        ReportColumnKind::Object {
            fields: &[("decimal", ReportColumnKind::Decimal)],
            text: ObjectText::Field("decimal"),
        },
    )],
    text: ObjectText::Field("amount"),
};

/// Returns a condition that is true for invoices that await payment. Their displayed status depends
/// on the last payment.
pub(crate) fn awaits_payment() -> Expr {
    is_one_of(col("i.status"), &["open", "past_due"])
}

/// Returns the displayed status. The relation to the invoice's last payment must be called
/// `lastpay`.
pub(crate) fn displayed_status() -> ScopedExpr {
    scoped_expr(|_| {
        let stored = |word: &str| col("i.status").eq(text_literal(word));
        let last = |word: &str| col("lastpay.status").eq(text_literal(word));
        let pending_by =
            |channel: &str| last("pending").and(col("lastpay.type").eq(text_literal(channel)));
        case_when(
            [
                (stored("draft"), text_literal("upcoming")),
                (stored("paid"), text_literal("paid")),
                (stored("void"), text_literal("voided")),
                (stored("uncollectible"), text_literal("retry_failed")),
                (pending_by("online"), text_literal("pending_online")),
                (pending_by("offline"), text_literal("pending_offline")),
                (last("failed"), text_literal("failed")),
            ],
            Some(text_literal("open")),
        )
    })
}

/// Returns a plan with the columns `invoice_id`, `items` and `updated_at`: the descriptions of an
/// invoice's lines in order, and the last change of a line.
pub(crate) fn invoice_line_summaries(
    scope: &QueryScope<'_>,
    invoices: &RelationKeys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let rows = invoices.scan(scope, "invoice_lines", "l", "invoice_id")?;
    let items = collect_with_places(col("l.id"), col("l.description"))
        .filter(col("l.description").is_not_null())
        .build()?;
    let values = vec![items.alias("items"), max(col("l.updated_at")).alias("updated_at")];
    let items = list_in_order(col("items")).alias("items");
    let columns = vec![col("l.invoice_id"), items, col("updated_at")];
    Ok(rows.aggregate(vec![col("l.invoice_id")], values)?.project(columns)?)
}

/// Returns a plan with the columns `invoice_id` and `description`: the first description of a line.
pub(crate) fn first_description(
    scope: &QueryScope<'_>,
    invoices: &RelationKeys,
) -> Result<LogicalPlanBuilder, ReportError> {
    first_line(scope, invoices, "description", col("l.description").is_not_null())
}

/// Returns a plan with the columns `invoice_id` and `type`: the type of the first line that is a
/// fee.
pub(crate) fn first_fee_type(
    scope: &QueryScope<'_>,
    invoices: &RelationKeys,
) -> Result<LogicalPlanBuilder, ReportError> {
    first_line(scope, invoices, "type", is_one_of(col("l.type"), &["flat_fee", "service_fee"]))
}

fn first_line(
    scope: &QueryScope<'_>,
    invoices: &RelationKeys,
    column: &str,
    condition: Expr,
) -> Result<LogicalPlanBuilder, ReportError> {
    let rows = invoices.scan(scope, "invoice_lines", "l", "invoice_id")?;
    let order = vec![col("l.id").sort(true, false)];
    let first = first_value(col(format!("l.{column}")), order).alias(column);
    Ok(rows.filter(condition)?.aggregate(vec![col("l.invoice_id")], vec![first])?)
}

/// Returns a plan with the columns `invoice_id` and `list`: the credit applied to an invoice and
/// the credit taken back from it.
pub(crate) fn applied_credits(
    scope: &QueryScope<'_>,
    invoices: &RelationKeys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let kinds = is_one_of(col("x.kind"), &["applied_to_invoice", "unapplied_from_invoice"]);
    let transactions = invoices
        .scan(scope, "balance_transactions", "x", "invoice_id")?
        .filter(col("x.invoice_id").is_not_null().and(kinds))?;
    let amount = named_struct(vec![lit("decimal"), widen_amount(col("x.amount"))]);
    let list = collect_with_places(col("x.id"), named_struct(vec![lit("amount"), amount]));
    Ok(transactions
        .aggregate(vec![col("x.invoice_id")], vec![list.alias("list")])?
        .project(vec![col("x.invoice_id"), list_in_order(col("list")).alias("list")])?)
}

/// Returns a plan with the columns `code` and `name`. If coupons share a code, the name is that of
/// the coupon with the lowest id.
pub(crate) fn coupons_by_code(
    scope: &QueryScope<'_>,
    codes: &RelationKeys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let rows = codes.scan(scope, "coupons", "x", "code")?;
    let name = first_value(col("x.name"), vec![col("x.id").sort(true, false)]).alias("name");
    Ok(rows.aggregate(vec![col("x.code")], vec![name])?)
}

/// Returns a condition that is true if the invoice `i`, or one of its lines, is for one of these
/// customer memberships.
pub(crate) fn is_for_memberships(
    scope: &QueryScope<'_>,
    memberships: &[i64],
) -> Result<Expr, ReportError> {
    let wanted = |alias: &str| {
        is_one_of_ids(col(format!("{alias}.customer_membership_id")), memberships, false)
    };
    let whole = scope.session.scan("invoices", "w")?.filter(wanted("w"))?;
    let lines = scope.session.scan("invoice_lines", "l")?.filter(wanted("l"))?;
    let lines = lines.project(vec![col("l.invoice_id").alias("id")])?.build()?;
    let found = whole.project(vec![col("w.id").alias("id")])?.union(lines)?.build()?;
    Ok(in_subquery(col("i.id"), found.into()))
}

//! Refunds. Rule: spec/exports.md §10.6.

use datafusion::functions::expr_fn::coalesce;
use datafusion::logical_expr::{JoinType, LogicalPlanBuilder};
use datafusion::prelude::col;

use super::super::export_filter::{words_of_column, words_or_all};
use super::super::export_layout::{
    customer_fields, customer_relation_of, export_layout, id_at, text_at,
};
use super::super::export_type::ExportType;
use super::record_type;
use crate::definition::relation::{RelationKeys, derived_relation, related_row};
use crate::definition::scoped_expr::scoped_expr;
use crate::error::ReportError;
use crate::query_scope::QueryScope;

pub(super) fn export_type() -> ExportType {
    let filters = vec![
        words_or_all("status", "r.status", ["pending", "succeeded", "failed", "canceled"]),
        words_of_column("type", "r.type", ["online", "offline"]),
    ];
    let site = scoped_expr(|_| coalesce(vec![col("owner.site_id"), col("c.site_id")]));
    let rows = export_layout("r", "refunds", site)
        .joined([
            related_row("p", "payments", "r.payment_id"),
            derived_relation("owner", [("r.id", "id")], owners),
            customer_relation_of("owner.customer_id"),
        ])
        .stored("id payment_id")
        .and([
            id_at("invoice_id", "owner.invoice_id"),
            text_at("invoice_number", "owner.invoice_number"),
        ])
        .stored("credit_note_id")
        .and(customer_fields("owner.customer_id"))
        .stored("amount currency status type destination reason")
        .and([
            text_at("payment_category", "p.category"),
            text_at("payment_reference", "p.reference"),
        ])
        .stored("succeeded_at created_at updated_at deleted_at");
    record_type("refunds", "Refunds", filters, rows)
}

/// Returns a plan with the columns `id`, `invoice_id`, `invoice_number`, `site_id` and
/// `customer_id`: the invoice, the invoice's site and the customer of each refund.
fn owners(
    scope: &QueryScope<'_>,
    refunds: &RelationKeys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let payments = scope.session.scan("payments", "y")?.project(vec![
        col("y.id").alias("paid_id"),
        col("y.invoice_id").alias("paid_invoice"),
        col("y.customer_id").alias("paid_by"),
    ])?;
    let with_payments = refunds
        .scan(scope, "refunds", "x", "id")?
        .join(payments.build()?, JoinType::Left, (vec!["x.payment_id"], vec!["paid_id"]), None)?
        .project(vec![
            col("x.id").alias("refund_id"),
            coalesce(vec![col("x.invoice_id"), col("paid_invoice")]).alias("invoice_id"),
            coalesce(vec![col("x.customer_id"), col("paid_by")]).alias("refunded_to"),
        ])?;
    let invoices = scope.session.scan("invoices", "z")?.project(vec![
        col("z.id").alias("billed_id"),
        col("z.number").alias("invoice_number"),
        col("z.site_id").alias("site_id"),
        col("z.customer_id").alias("billed_to"),
    ])?;
    Ok(with_payments
        .join(invoices.build()?, JoinType::Left, (vec!["invoice_id"], vec!["billed_id"]), None)?
        .project(vec![
            col("refund_id").alias("id"),
            col("invoice_id"),
            col("invoice_number"),
            col("site_id"),
            coalesce(vec![col("refunded_to"), col("billed_to")]).alias("customer_id"),
        ])?)
}

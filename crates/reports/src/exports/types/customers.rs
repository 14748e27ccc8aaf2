//! Customers. Rule: spec/exports.md §10.7.

use datafusion::functions::expr_fn::coalesce;
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::{LogicalPlanBuilder, lit};
use datafusion::prelude::col;

use super::super::export_layout::{export_layout, text_at};
use super::super::export_type::ExportType;
use super::record_type;
use crate::definition::column::{int, json, money, string};
use crate::definition::relation::{RelationKeys, derived_relation, related_row};
use crate::definition::scoped_expr::{
    column_value, is_one_of, scoped_expr, text_literal, zero_amount,
};
use crate::error::ReportError;
use crate::functions::json_text::{amount_by_currency, collect_texts, json_object_from};
use crate::query_scope::QueryScope;
use crate::terms::credit;

/// The statuses of running subscriptions.
pub(super) const RUNNING_STATUSES: [&str; 3] = ["active", "trialing", "past_due"];

pub(super) fn export_type() -> ExportType {
    let active = scoped_expr(|_| coalesce(vec![col("subscribed.active"), lit(0_i64)]));
    let balance = scoped_expr(|_| coalesce(vec![col("credit.amount"), zero_amount()]));
    let currency = || scoped_expr(|scope| text_literal(scope.provider().currency.code()));
    let rows = export_layout("c", "customers", column_value("c.site_id"))
        .joined([
            related_row("site", "sites", "c.site_id"),
            derived_relation("subscribed", [("c.id", "customer_id")], active_subscriptions),
            derived_relation(
                "credit",
                [("c.id", "customer_id")],
                credit::provider_currency_balances,
            ),
            derived_relation("balances", [("c.id", "customer_id")], balances_by_currency),
        ])
        .stored(
            "id external_id email first_name last_name name phone date_of_birth gender language \
             organization site_id",
        )
        .and([text_at("site_name", "site.name")])
        .stored("is_lead last_login_at")
        .and([
            int("active_subscriptions", active),
            money("balance", balance, currency()),
            string("currency", currency()),
            json("balances", scoped_expr(|_| json_object_from(col("balances.members")))),
        ])
        .stored("metadata created_at updated_at deleted_at");
    record_type("customers", "Customers", vec![], rows)
}

/// Returns a plan with the columns `customer_id` and `active`: the number of running subscriptions
/// of each customer.
fn active_subscriptions(
    scope: &QueryScope<'_>,
    customers: &RelationKeys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let rows = customers.scan(scope, "subscriptions", "x", "customer_id")?;
    let runs = col("x.deleted_at").is_null().and(is_one_of(col("x.status"), &RUNNING_STATUSES));
    let active = count(col("x.id")).alias("active");
    Ok(rows.filter(runs)?.aggregate(vec![col("x.customer_id")], vec![active])?)
}

/// Returns a plan with the columns `customer_id` and `members`: each customer's balance in every
/// currency that has transactions.
fn balances_by_currency(
    scope: &QueryScope<'_>,
    customers: &RelationKeys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let member = amount_by_currency(col("currency"), col("amount"), scope.amounts);
    let rows = credit::credit_balances(scope, customers)?.project(vec![
        col("customer_id"),
        col("currency"),
        member.alias("member"),
    ])?;
    let members = collect_texts(col("currency"), col("member")).alias("members");
    Ok(rows.aggregate(vec![col("customer_id")], vec![members])?)
}

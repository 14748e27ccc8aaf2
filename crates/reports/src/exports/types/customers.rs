//! Customers. Rule: spec/exports.md §10.7.

use datafusion::functions::expr_fn::coalesce;
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::{LogicalPlanBuilder, lit};
use datafusion::prelude::col;

use super::super::export_type::ExportType;
use super::super::layout::{layout, text_at};
use super::records;
use crate::definition::column::{int, json, money, string};
use crate::definition::relation::{Keys, derived, row};
use crate::definition::value::{at, is_one_of, nothing, text, value};
use crate::engine::scope::Scope;
use crate::error::ReportError;
use crate::functions::json_text::{amount_by_currency, gathered, object_of};
use crate::terms::credit;

/// The statuses of running subscriptions.
pub(super) const RUNNING: [&str; 3] = ["active", "trialing", "past_due"];

pub(super) fn export_type() -> ExportType {
    let active = value(|_| coalesce(vec![col("subscribed.active"), lit(0_i64)]));
    let balance = value(|_| coalesce(vec![col("credit.amount"), nothing()]));
    let currency = || value(|scope| text(scope.provider().currency.code()));
    let rows = layout("c", "customers", at("c.site_id"))
        .joined([
            row("site", "sites", "c.site_id"),
            derived("subscribed", [("c.id", "customer_id")], active_subscriptions),
            derived("credit", [("c.id", "customer_id")], credit::in_provider_currency),
            derived("balances", [("c.id", "customer_id")], balances),
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
            json("balances", value(|_| object_of(col("balances.members")))),
        ])
        .stored("metadata created_at updated_at deleted_at");
    records("customers", "Customers", vec![], rows)
}

/// Returns a plan with the columns `customer_id` and `active`: the number of running subscriptions
/// of each customer.
fn active_subscriptions(
    scope: &Scope<'_>,
    customers: &Keys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let rows = scope.session.scan("subscriptions", "x")?;
    let rows = customers.restrict(rows, col("x.customer_id"))?;
    let runs = col("x.deleted_at").is_null().and(is_one_of(col("x.status"), &RUNNING));
    let active = count(col("x.id")).alias("active");
    Ok(rows.filter(runs)?.aggregate(vec![col("x.customer_id")], vec![active])?)
}

/// Returns a plan with the columns `customer_id` and `members`: each customer's balance in every
/// currency that has transactions.
fn balances(scope: &Scope<'_>, customers: &Keys) -> Result<LogicalPlanBuilder, ReportError> {
    let member = amount_by_currency(col("currency"), col("amount"), scope.amounts);
    let rows = credit::balances(scope, customers)?.project(vec![
        col("customer_id"),
        col("currency"),
        member.alias("member"),
    ])?;
    let members = gathered(col("currency"), col("member")).alias("members");
    Ok(rows.aggregate(vec![col("customer_id")], vec![members])?)
}

//! Subscriptions. Rule: spec/exports.md §10.3.

use datafusion::functions_aggregate::expr_fn::max;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder};
use datafusion::prelude::col;

use super::super::export_type::ExportType;
use super::super::filter::{Filter, Test, deleted, id, one_of};
use super::super::layout::{Layout, customer, customer_row, holds, id_at, layout, text_at};
use super::customers::RUNNING;
use super::records;
use crate::definition::column::{instant, money, string};
use crate::definition::filter::each_equal;
use crate::definition::relation::{Keys, derived, row};
use crate::definition::value::{Value, at, choose, is_one_of, only_when, text, value};
use crate::engine::scope::Scope;
use crate::error::ReportError;
use crate::functions::place::{id_of, place};

pub(super) fn export_type() -> ExportType {
    records("subscriptions", "Subscriptions", filters(), rows())
}

pub(super) fn filters() -> Vec<Filter> {
    let mut words = each_equal(
        &at("s.status"),
        [
            "active",
            "canceled",
            "past_due",
            "trialing",
            "unpaid",
            "incomplete",
            "incomplete_expired",
        ],
    );
    words.push(deleted("s"));
    vec![
        Filter { name: "status", test: Test::Words { words, prints_all: true } },
        one_of(
            "collection_method",
            "s.collection_method",
            ["charge_automatically", "send_invoice"],
        ),
        id("plan_id", "s.plan_id"),
        id("product_id", "pl.product_id"),
    ]
}

/// Returns the condition that a subscription is a membership.
pub(super) fn is_membership() -> Expr {
    col("s.type").eq(text("membership")).or(col("pr.kind").eq(text("membership")))
}

pub(super) fn rows() -> Layout {
    layout("s", "subscriptions", at("s.site_id"))
        .joined([
            customer_row("s.customer_id"),
            row("pl", "plans", "s.plan_id"),
            row("pr", "products", "pl.product_id"),
            row("cp", "coupons", "s.coupon_id"),
            derived("latest", [("s.id", "subscription_id")], latest_invoices),
        ])
        .stored("id external_id")
        .and(customer("s.customer_id"))
        .stored("status type")
        .and([holds("is_membership", is_membership)])
        .stored("plan_id")
        .and([
            text_at("plan_name", "pl.name"),
            money("plan_amount", at("pl.amount"), at("pl.currency")),
            text_at("plan_currency", "pl.currency"),
            text_at("plan_interval", "pl.interval"),
            id_at("plan_interval_count", "pl.interval_count"),
            id_at("product_id", "pl.product_id"),
            text_at("product_name", "pr.name"),
        ])
        .stored("site_id quantity amount collection_method auto_renew")
        .and([string("renewal_type", renewal_type())])
        .stored("started_at trial_end current_period_start current_period_end")
        .and([
            instant("renewal_date", renewal_date()),
            instant("expiry_date", expiry_date()),
            instant("final_phase_end", final_phase_end()),
        ])
        .stored(
            "cancel_at_period_end canceled_at cancel_reason ended_at shipments_remaining \
             address_id coupon_id",
        )
        .and([text_at("coupon_code", "cp.code")])
        .stored("campaign_key")
        .and([id_at("latest_invoice_id", "latest.id")])
        .stored("metadata created_at updated_at deleted_at currency")
}

fn renewal_type() -> Value {
    value(|_| choose([(col("s.auto_renew"), text("Auto"))], Some(text("Manual"))))
}

/// Returns the condition that a subscription continues when its period ends.
fn renews() -> Expr {
    col("s.auto_renew").and(!col("s.cancel_at_period_end"))
}

fn renewal_date() -> Value {
    value(|_| {
        let runs = col("s.ended_at").is_null().and(is_one_of(col("s.status"), &RUNNING));
        only_when(renews().and(runs), col("s.current_period_end"))
    })
}

fn expiry_date() -> Value {
    value(|_| {
        let has_ended = col("s.ended_at").is_not_null();
        choose([(has_ended, col("s.ended_at")), (!renews(), col("s.current_period_end"))], None)
    })
}

fn final_phase_end() -> Value {
    value(|_| {
        let has_ended = col("s.ended_at").is_not_null();
        choose([(has_ended, col("s.ended_at"))], Some(col("s.current_period_end")))
    })
}

/// Returns a plan with the columns `subscription_id` and `id`: each subscription's last invoice by
/// (date, id).
fn latest_invoices(
    scope: &Scope<'_>,
    subscriptions: &Keys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let rows = scope.session.scan("invoices", "x")?;
    let rows = subscriptions.restrict(rows, col("x.subscription_id"))?;
    let is_issued = col("x.status").not_eq(text("draft")).and(col("x.deleted_at").is_null());
    let rows = rows.filter(col("x.subscription_id").is_not_null().and(is_issued))?;
    let last = max(place(col("x.date"), col("x.id"))).alias("place");
    let rows = rows.aggregate(vec![col("x.subscription_id")], vec![last])?;
    Ok(rows.project(vec![col("x.subscription_id"), id_of(col("place")).alias("id")])?)
}

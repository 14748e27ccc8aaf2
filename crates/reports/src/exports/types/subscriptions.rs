//! Subscriptions. Rule: spec/exports.md §10.3.

use datafusion::functions_aggregate::expr_fn::max;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder};
use datafusion::prelude::col;

use super::super::export_filter::{
    ExportFilter, ExportFilterTest, deleted_word, id_filter, words_of_column,
};
use super::super::export_layout::{
    ExportLayout, condition_column, customer_fields, customer_relation_of, export_layout, id_at,
    text_at,
};
use super::super::export_type::ExportType;
use super::customers::RUNNING_STATUSES;
use super::record_type;
use crate::definition::column::{instant, money, string};
use crate::definition::filter::words_equal_to;
use crate::definition::relation::{RelationKeys, derived_relation, related_row};
use crate::definition::scoped_expr::{
    ScopedExpr, case_when, column_value, is_one_of, null_unless, scoped_expr, text_literal,
};
use crate::error::ReportError;
use crate::functions::instant_id_key::{id_of_key, instant_id_key};
use crate::query_scope::QueryScope;

pub(super) fn export_type() -> ExportType {
    record_type("subscriptions", "Subscriptions", subscription_filters(), subscription_layout())
}

pub(super) fn subscription_filters() -> Vec<ExportFilter> {
    let mut words = words_equal_to(
        &column_value("s.status"),
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
    words.push(deleted_word("s"));
    vec![
        ExportFilter { name: "status", test: ExportFilterTest::Words { words, prints_all: true } },
        words_of_column(
            "collection_method",
            "s.collection_method",
            ["charge_automatically", "send_invoice"],
        ),
        id_filter("plan_id", "s.plan_id"),
        id_filter("product_id", "pl.product_id"),
    ]
}

/// Returns the condition that a subscription is a membership.
pub(super) fn is_membership() -> Expr {
    col("s.type").eq(text_literal("membership")).or(col("pr.kind").eq(text_literal("membership")))
}

pub(super) fn subscription_layout() -> ExportLayout {
    export_layout("s", "subscriptions", column_value("s.site_id"))
        .joined([
            customer_relation_of("s.customer_id"),
            related_row("pl", "plans", "s.plan_id"),
            related_row("pr", "products", "pl.product_id"),
            related_row("cp", "coupons", "s.coupon_id"),
            derived_relation("latest", [("s.id", "subscription_id")], latest_invoices),
        ])
        .stored("id external_id")
        .and(customer_fields("s.customer_id"))
        .stored("status type")
        .and([condition_column("is_membership", is_membership)])
        .stored("plan_id")
        .and([
            text_at("plan_name", "pl.name"),
            money("plan_amount", column_value("pl.amount"), column_value("pl.currency")),
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

fn renewal_type() -> ScopedExpr {
    scoped_expr(|_| {
        case_when([(col("s.auto_renew"), text_literal("Auto"))], Some(text_literal("Manual")))
    })
}

/// Returns the condition that a subscription continues when its period ends.
fn renews() -> Expr {
    col("s.auto_renew").and(!col("s.cancel_at_period_end"))
}

fn renewal_date() -> ScopedExpr {
    scoped_expr(|_| {
        let runs = col("s.ended_at").is_null().and(is_one_of(col("s.status"), &RUNNING_STATUSES));
        null_unless(renews().and(runs), col("s.current_period_end"))
    })
}

fn expiry_date() -> ScopedExpr {
    scoped_expr(|_| {
        let has_ended = col("s.ended_at").is_not_null();
        case_when([(has_ended, col("s.ended_at")), (!renews(), col("s.current_period_end"))], None)
    })
}

fn final_phase_end() -> ScopedExpr {
    scoped_expr(|_| {
        let has_ended = col("s.ended_at").is_not_null();
        case_when([(has_ended, col("s.ended_at"))], Some(col("s.current_period_end")))
    })
}

/// Returns a plan with the columns `subscription_id` and `id`: each subscription's last invoice by
/// (date, id).
fn latest_invoices(
    scope: &QueryScope<'_>,
    subscriptions: &RelationKeys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let invoices = subscriptions.scan(scope, "invoices", "x", "subscription_id")?;
    let is_issued =
        col("x.status").not_eq(text_literal("draft")).and(col("x.deleted_at").is_null());
    let last = max(instant_id_key(col("x.date"), col("x.id"))).alias("place");
    Ok(invoices
        .filter(col("x.subscription_id").is_not_null().and(is_issued))?
        .aggregate(vec![col("x.subscription_id")], vec![last])?
        .project(vec![col("x.subscription_id"), id_of_key(col("place")).alias("id")])?)
}

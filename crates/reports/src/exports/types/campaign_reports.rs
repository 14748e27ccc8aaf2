//! Runs of campaigns with their results. Rule: spec/exports.md §10.13.

use datafusion::prelude::col;

use super::super::export_filter::{id_filter, text_filter};
use super::super::export_layout::{export_layout, id_at, text_at};
use super::super::export_type::ExportType;
use super::record_type;
use crate::definition::column::{ReportColumn, dec4, money};
use crate::definition::relation::related_row;
use crate::definition::scoped_expr::{column_value, scoped_expr};
use crate::functions::ratio;

pub(super) fn export_type() -> ExportType {
    let filters = vec![id_filter("id", "ca.id"), text_filter("campaign_key", "ca.key")];
    let per_delivered =
        scoped_expr(|_| ratio::rounded_quotient(col("r.revenue"), col("r.delivered")));
    let rows = export_layout("r", "campaign_runs", column_value("ca.site_id"))
        .joined([
            related_row("ca", "campaigns", "r.campaign_id"),
            related_row("pl", "plans", "ca.plan_id"),
            related_row("cp", "coupons", "ca.coupon_id"),
        ])
        .stored("id campaign_id")
        .and([
            text_at("name", "ca.name"),
            text_at("key", "ca.key"),
            text_at("type", "ca.type"),
            text_at("description", "ca.description"),
            id_at("site_id", "ca.site_id"),
            id_at("product_id", "ca.product_id"),
            id_at("plan_id", "ca.plan_id"),
            text_at("plan_name", "pl.name"),
            id_at("coupon_id", "ca.coupon_id"),
            text_at("coupon_code", "cp.code"),
        ])
        .stored("started_at sent delivered opened clicked converted")
        .and([
            rate("delivery_rate", "r.delivered", "r.sent"),
            rate("open_rate", "r.opened", "r.delivered"),
            rate("click_rate", "r.clicked", "r.delivered"),
            rate("click_to_open_rate", "r.clicked", "r.opened"),
            rate("conversion_rate", "r.converted", "r.delivered"),
        ])
        .stored("revenue")
        .and([money("revenue_per_delivered", per_delivered, column_value("r.currency"))])
        .stored("currency created_at updated_at");
    record_type("campaign_reports", "Campaign Reports", filters, rows)
}

fn rate(heading: &'static str, part: &'static str, whole: &'static str) -> ReportColumn {
    dec4(heading, scoped_expr(move |_| ratio::quotient_with_four_decimals(col(part), col(whole))))
}

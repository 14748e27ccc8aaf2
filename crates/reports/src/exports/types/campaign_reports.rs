//! Runs of campaigns with their results. Rule: spec/exports.md §10.13.

use datafusion::prelude::col;

use super::super::export_type::ExportType;
use super::super::filter::{exact, id};
use super::super::layout::{id_at, layout, text_at};
use super::records;
use crate::definition::column::{Column, dec4, money};
use crate::definition::relation::row;
use crate::definition::value::{at, value};
use crate::functions::ratio;

pub(super) fn export_type() -> ExportType {
    let filters = vec![id("id", "ca.id"), exact("campaign_key", "ca.key")];
    let per_delivered = value(|_| ratio::whole(col("r.revenue"), col("r.delivered")));
    let rows = layout("r", "campaign_runs", at("ca.site_id"))
        .joined([
            row("ca", "campaigns", "r.campaign_id"),
            row("pl", "plans", "ca.plan_id"),
            row("cp", "coupons", "ca.coupon_id"),
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
        .and([money("revenue_per_delivered", per_delivered, at("r.currency"))])
        .stored("currency created_at updated_at");
    records("campaign_reports", "Campaign Reports", filters, rows)
}

fn rate(heading: &'static str, part: &'static str, whole: &'static str) -> Column {
    dec4(heading, value(move |_| ratio::fraction(col(part), col(whole))))
}

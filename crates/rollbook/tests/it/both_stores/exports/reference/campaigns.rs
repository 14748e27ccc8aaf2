//! Runs of campaigns. Rule: spec/exports.md §10.13.

use serde_json::Value as Json;

use super::books::{BusinessRows, int, money, text};
use super::cell::ExportValue;
use super::kind::{ReferenceFilter, ReferenceType, ids};
use crate::oracle::OracleRow;

pub(super) static CAMPAIGN_REPORTS: ReferenceType = ReferenceType {
    object: "campaign_reports",
    table: "campaign_runs",
    columns: "id int · campaign_id int · name text · key text · type text · description text · \
        site_id int · product_id int · plan_id int · plan_name text · coupon_id int · \
        coupon_code text · started_at ts · sent int · delivered int · opened int · clicked int · \
        converted int · delivery_rate dec4 · open_rate dec4 · click_rate dec4 · \
        click_to_open_rate dec4 · conversion_rate dec4 · revenue money · \
        revenue_per_delivered money · currency text · created_at ts · updated_at ts",
    filters: &[("id", ReferenceFilter::Id), ("campaign_key", ReferenceFilter::Text)],
    is_one: |_, _| true,
    site_of: |books, r| books.referenced_row(r, "campaign_id", "campaigns")?.int("site_id"),
    has,
    value,
    lines: None,
};

fn has(books: &BusinessRows<'_>, r: &OracleRow, filter: &str) -> Vec<Json> {
    let campaign = books.referenced_row(r, "campaign_id", "campaigns");
    match filter {
        "id" => ids([r.int("campaign_id")]),
        _ => campaign.map(|campaign| campaign.word("key").into()).into_iter().collect(),
    }
}

/// Returns `part × scale / whole`, rounded half up; none if `whole` is 0.
fn half_up(part: i128, scale: i128, whole: i128) -> Option<i128> {
    (2 * part * scale + whole).checked_div_euclid(2 * whole)
}

fn value(books: &BusinessRows<'_>, r: &OracleRow, heading: &str) -> Option<ExportValue> {
    let campaign = books.referenced_row(r, "campaign_id", "campaigns");
    let of_campaign =
        |column, table| campaign.and_then(|row| books.referenced_row(row, column, table));
    let rate = |part, whole| {
        half_up(r.amount(part), 10_000, r.amount(whole))
            .map_or(ExportValue::Null, ExportValue::Dec4)
    };
    Some(match heading {
        "name" | "key" | "type" | "description" => text(campaign, heading),
        "site_id" | "product_id" | "plan_id" | "coupon_id" => int(campaign, heading),
        "plan_name" => text(of_campaign("plan_id", "plans"), "name"),
        "coupon_code" => text(of_campaign("coupon_id", "coupons"), "code"),
        "delivery_rate" => rate("delivered", "sent"),
        "open_rate" => rate("opened", "delivered"),
        "click_rate" => rate("clicked", "delivered"),
        "click_to_open_rate" => rate("clicked", "opened"),
        "conversion_rate" => rate("converted", "delivered"),
        "revenue_per_delivered" => {
            let share = half_up(r.amount("revenue"), 1, r.amount("delivered"));
            share.map_or(ExportValue::Null, |share| money(share, r))
        }
        _ => return None,
    })
}

//! Subscriptions and memberships. Rule: spec/exports.md §10.3.

use serde_json::Value as Json;

use super::books::{BusinessRows, customer, instant, int, is_deleted, is_issued, money, text};
use super::cell::ExportValue;
use super::kind::{ReferenceFilter, ReferenceType, ids, own};
use crate::oracle::OracleRow;

const COLUMNS: &str = "id int · external_id text · CUST · status text · type text · \
    is_membership bool · plan_id int · plan_name text · plan_amount money · plan_currency text · \
    plan_interval text · plan_interval_count int · product_id int · product_name text · \
    site_id int · quantity int · amount money · collection_method text · auto_renew bool · \
    renewal_type text · started_at ts · trial_end ts · current_period_start ts · \
    current_period_end ts · renewal_date ts · expiry_date ts · final_phase_end ts · \
    cancel_at_period_end bool · canceled_at ts · cancel_reason text · ended_at ts · \
    shipments_remaining int · address_id int · coupon_id int · coupon_code text · \
    campaign_key text · latest_invoice_id int · metadata json · created_at ts · updated_at ts · \
    deleted_at ts · currency text";

const FILTERS: &[(&str, ReferenceFilter)] = &[
    (
        "status",
        ReferenceFilter::Words(
            "active canceled past_due trialing unpaid incomplete incomplete_expired deleted",
        ),
    ),
    ("collection_method", ReferenceFilter::Words("charge_automatically send_invoice")),
    ("plan_id", ReferenceFilter::Id),
    ("product_id", ReferenceFilter::Id),
];

pub(super) static SUBSCRIPTIONS: ReferenceType = ReferenceType {
    object: "subscriptions",
    table: "subscriptions",
    columns: COLUMNS,
    filters: FILTERS,
    is_one: |_, _| true,
    site_of: |_, s| s.int("site_id"),
    has,
    value,
    lines: None,
};

pub(super) static MEMBERSHIPS: ReferenceType = ReferenceType {
    object: "memberships",
    table: "subscriptions",
    columns: COLUMNS,
    filters: FILTERS,
    is_one: is_membership,
    site_of: |_, s| s.int("site_id"),
    has,
    value,
    lines: None,
};

fn product<'a>(books: &BusinessRows<'a>, s: &OracleRow) -> Option<&'a OracleRow> {
    let plan = books.referenced_row(s, "plan_id", "plans")?;
    books.referenced_row(plan, "product_id", "products")
}

fn is_membership(books: &BusinessRows<'_>, s: &OracleRow) -> bool {
    let kind = product(books, s).map(|product| product.word("kind"));
    s.word("type") == "membership" || kind == Some("membership")
}

fn has(books: &BusinessRows<'_>, s: &OracleRow, filter: &str) -> Vec<Json> {
    match filter {
        "status" if is_deleted(s) => vec![s.word("status").into(), "deleted".into()],
        "plan_id" => ids([s.int("plan_id")]),
        "product_id" => ids([product(books, s).map(OracleRow::id)]),
        other => own(s, other),
    }
}

fn value(books: &BusinessRows<'_>, s: &OracleRow, heading: &str) -> Option<ExportValue> {
    let plan = books.referenced_row(s, "plan_id", "plans");
    let product = product(books, s);
    let goes_on = s.flag("auto_renew") && !s.flag("cancel_at_period_end");
    let period_end = || instant(Some(s), "current_period_end");
    Some(match heading {
        "is_membership" => ExportValue::Bool(is_membership(books, s)),
        "plan_name" => text(plan, "name"),
        "plan_amount" => plan.map_or(ExportValue::Null, |plan| money(plan.amount("amount"), plan)),
        "plan_currency" => text(plan, "currency"),
        "plan_interval" => text(plan, "interval"),
        "plan_interval_count" => int(plan, "interval_count"),
        "product_id" => int(plan, "product_id"),
        "product_name" => text(product, "name"),
        "renewal_type" if s.flag("auto_renew") => ExportValue::Text("Auto".to_owned()),
        "renewal_type" => ExportValue::Text("Manual".to_owned()),
        "renewal_date" => {
            let runs = ["active", "trialing", "past_due"].contains(&s.word("status"));
            if goes_on && !s.has("ended_at") && runs { period_end() } else { ExportValue::Null }
        }
        "expiry_date" if s.has("ended_at") => instant(Some(s), "ended_at"),
        "expiry_date" if goes_on => ExportValue::Null,
        "expiry_date" => period_end(),
        "final_phase_end" if s.has("ended_at") => instant(Some(s), "ended_at"),
        "final_phase_end" => period_end(),
        "coupon_code" => text(books.referenced_row(s, "coupon_id", "coupons"), "code"),
        "latest_invoice_id" => {
            let invoices = books.rows_referring_to("invoices", "subscription_id", s.id());
            let issued = invoices.into_iter().filter(|invoice| is_issued(invoice));
            let latest = issued.max_by_key(|invoice| (invoice.instant("date"), invoice.id()));
            ExportValue::int(latest.map(OracleRow::id))
        }
        _ => return customer(books.referenced_row(s, "customer_id", "customers"), heading),
    })
}

//! Subscriptions and memberships. Rule: spec/exports.md §10.3.

use serde_json::Value as Json;

use super::books::{Books, customer, instant, int, is_deleted, is_issued, money, text};
use super::cell::Val;
use super::kind::{Filter, Kind, ids, own};
use crate::oracle::Row;

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

const FILTERS: &[(&str, Filter)] = &[
    (
        "status",
        Filter::Words(
            "active canceled past_due trialing unpaid incomplete incomplete_expired deleted",
        ),
    ),
    ("collection_method", Filter::Words("charge_automatically send_invoice")),
    ("plan_id", Filter::Id),
    ("product_id", Filter::Id),
];

pub(super) static SUBSCRIPTIONS: Kind = Kind {
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

pub(super) static MEMBERSHIPS: Kind = Kind {
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

fn product<'a>(books: &Books<'a>, s: &Row) -> Option<&'a Row> {
    let plan = books.of(s, "plan_id", "plans")?;
    books.of(plan, "product_id", "products")
}

fn is_membership(books: &Books<'_>, s: &Row) -> bool {
    let kind = product(books, s).map(|product| product.word("kind"));
    s.word("type") == "membership" || kind == Some("membership")
}

fn has(books: &Books<'_>, s: &Row, filter: &str) -> Vec<Json> {
    match filter {
        "status" if is_deleted(s) => vec![s.word("status").into(), "deleted".into()],
        "plan_id" => ids([s.int("plan_id")]),
        "product_id" => ids([product(books, s).map(Row::id)]),
        other => own(s, other),
    }
}

fn value(books: &Books<'_>, s: &Row, heading: &str) -> Option<Val> {
    let plan = books.of(s, "plan_id", "plans");
    let product = product(books, s);
    let goes_on = s.flag("auto_renew") && !s.flag("cancel_at_period_end");
    let period_end = || instant(Some(s), "current_period_end");
    Some(match heading {
        "is_membership" => Val::Bool(is_membership(books, s)),
        "plan_name" => text(plan, "name"),
        "plan_amount" => plan.map_or(Val::Null, |plan| money(plan.amount("amount"), plan)),
        "plan_currency" => text(plan, "currency"),
        "plan_interval" => text(plan, "interval"),
        "plan_interval_count" => int(plan, "interval_count"),
        "product_id" => int(plan, "product_id"),
        "product_name" => text(product, "name"),
        "renewal_type" if s.flag("auto_renew") => Val::Text("Auto".to_owned()),
        "renewal_type" => Val::Text("Manual".to_owned()),
        "renewal_date" => {
            let runs = ["active", "trialing", "past_due"].contains(&s.word("status"));
            if goes_on && !s.has("ended_at") && runs { period_end() } else { Val::Null }
        }
        "expiry_date" if s.has("ended_at") => instant(Some(s), "ended_at"),
        "expiry_date" if goes_on => Val::Null,
        "expiry_date" => period_end(),
        "final_phase_end" if s.has("ended_at") => instant(Some(s), "ended_at"),
        "final_phase_end" => period_end(),
        "coupon_code" => text(books.of(s, "coupon_id", "coupons"), "code"),
        "latest_invoice_id" => {
            let invoices = books.naming("invoices", "subscription_id", s.id());
            let issued = invoices.into_iter().filter(|invoice| is_issued(invoice));
            let latest = issued.max_by_key(|invoice| (invoice.instant("date"), invoice.id()));
            Val::int(latest.map(Row::id))
        }
        _ => return customer(books.of(s, "customer_id", "customers"), heading),
    })
}

//! Customers, their addresses, and newsletters. Rule: spec/exports.md §10.7, §10.9, §10.10.

use std::collections::BTreeMap;

use super::books::{Books, customer, is_deleted, text};
use super::cell::Val;
use super::kind::{Filter, Kind, own};
use crate::oracle::Row;

pub(super) static CUSTOMERS: Kind = Kind {
    object: "customers",
    table: "customers",
    columns: "id int · external_id text · email text · first_name text · last_name text · \
        name text · phone text · date_of_birth date · gender text · language text · \
        organization text · site_id int · site_name text · is_lead bool · last_login_at ts · \
        active_subscriptions int · balance money · currency text · balances json · \
        metadata json · created_at ts · updated_at ts · deleted_at ts",
    filters: &[],
    is_one: |_, _| true,
    site_of: |_, c| c.int("site_id"),
    has: |_, _, _| vec![],
    value: customer_value,
    lines: None,
};

pub(super) static NEWSLETTERS: Kind = Kind {
    object: "newsletters",
    table: "newsletters",
    columns: "id int · site_id int · site_name text · email text · first_name text · \
        last_name text · source text · lists list · postal_code text · consent_url text · \
        consent_text text · consent_type text · created_at ts · updated_at ts",
    filters: &[("email", Filter::AnyCase)],
    is_one: |_, _| true,
    site_of: |_, n| n.int("site_id"),
    has: |_, n, filter| own(n, filter),
    value: |books, n, heading| {
        Some(match heading {
            "site_name" => text(books.of(n, "site_id", "sites"), "name"),
            "source" => Val::text(n.text("source").map(str::to_lowercase).as_deref()),
            "consent_type" => Val::Text(n.word("consent_type").to_owned()),
            _ => return None,
        })
    },
    lines: None,
};

pub(super) static ADDRESSES: Kind = Kind {
    object: "addresses",
    table: "addresses",
    columns: "id int · CUST · type text · first_name text · last_name text · company text · \
        line1 text · line2 text · city text · state text · postal_code text · country text · \
        phone text · is_default bool · external_id text · created_at ts · updated_at ts · \
        deleted_at ts",
    filters: &[("country", Filter::Country), ("type", Filter::Words("shipping billing"))],
    is_one: |_, _| true,
    site_of: |books, a| books.of(a, "customer_id", "customers")?.int("site_id"),
    has: |_, a, filter| own(a, filter),
    value: |books, a, heading| customer(books.of(a, "customer_id", "customers"), heading),
    lines: None,
};

/// Returns the balance of a customer in each currency with transactions.
fn balances(books: &Books<'_>, c: &Row) -> BTreeMap<String, i128> {
    let mut balances = BTreeMap::new();
    for row in books.naming("balance_transactions", "customer_id", c.id()) {
        *balances.entry(row.word("currency").to_owned()).or_default() += row.amount("amount");
    }
    balances
}

fn customer_value(books: &Books<'_>, c: &Row, heading: &str) -> Option<Val> {
    let currency = books.provider.currency.code();
    Some(match heading {
        "site_name" => text(books.of(c, "site_id", "sites"), "name"),
        "active_subscriptions" => {
            let all = books.naming("subscriptions", "customer_id", c.id()).into_iter();
            let runs = |s: &&Row| ["active", "trialing", "past_due"].contains(&s.word("status"));
            let count = all.filter(|s| !is_deleted(s)).filter(runs).count();
            Val::int(i64::try_from(count).ok())
        }
        "balance" => {
            let balance = balances(books, c).get(currency).copied().unwrap_or_default();
            Val::Money(balance, currency.to_owned())
        }
        "currency" => Val::Text(currency.to_owned()),
        "balances" => {
            let members = balances(books, c).into_iter();
            let members =
                members.map(|(currency, minor)| (currency.clone(), Val::Money(minor, currency)));
            Val::Object(members.collect())
        }
        _ => return None,
    })
}

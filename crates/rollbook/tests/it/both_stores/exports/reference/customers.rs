//! Customers, their addresses, and newsletters. Rule: spec/exports.md §10.7, §10.9, §10.10.

use std::collections::BTreeMap;

use super::books::{BusinessRows, customer, is_deleted, text};
use super::cell::ExportValue;
use super::kind::{ReferenceFilter, ReferenceType, own};
use crate::oracle::OracleRow;

pub(super) static CUSTOMERS: ReferenceType = ReferenceType {
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

pub(super) static NEWSLETTERS: ReferenceType = ReferenceType {
    object: "newsletters",
    table: "newsletters",
    columns: "id int · site_id int · site_name text · email text · first_name text · \
        last_name text · source text · lists list · postal_code text · consent_url text · \
        consent_text text · consent_type text · created_at ts · updated_at ts",
    filters: &[("email", ReferenceFilter::AnyCase)],
    is_one: |_, _| true,
    site_of: |_, n| n.int("site_id"),
    has: |_, n, filter| own(n, filter),
    value: |books, n, heading| {
        Some(match heading {
            "site_name" => text(books.referenced_row(n, "site_id", "sites"), "name"),
            "source" => ExportValue::text(n.text("source").map(str::to_lowercase).as_deref()),
            "consent_type" => ExportValue::Text(n.word("consent_type").to_owned()),
            _ => return None,
        })
    },
    lines: None,
};

pub(super) static ADDRESSES: ReferenceType = ReferenceType {
    object: "addresses",
    table: "addresses",
    columns: "id int · CUST · type text · first_name text · last_name text · company text · \
        line1 text · line2 text · city text · state text · postal_code text · country text · \
        phone text · is_default bool · external_id text · created_at ts · updated_at ts · \
        deleted_at ts",
    filters: &[
        ("country", ReferenceFilter::Country),
        ("type", ReferenceFilter::Words("shipping billing")),
    ],
    is_one: |_, _| true,
    site_of: |books, a| books.referenced_row(a, "customer_id", "customers")?.int("site_id"),
    has: |_, a, filter| own(a, filter),
    value: |books, a, heading| {
        customer(books.referenced_row(a, "customer_id", "customers"), heading)
    },
    lines: None,
};

/// Returns the balance of a customer in each currency with transactions.
fn balances(books: &BusinessRows<'_>, c: &OracleRow) -> BTreeMap<String, i128> {
    let mut balances = BTreeMap::new();
    for row in books.rows_referring_to("balance_transactions", "customer_id", c.id()) {
        *balances.entry(row.word("currency").to_owned()).or_default() += row.amount("amount");
    }
    balances
}

fn customer_value(books: &BusinessRows<'_>, c: &OracleRow, heading: &str) -> Option<ExportValue> {
    let currency = books.provider.currency.code();
    Some(match heading {
        "site_name" => text(books.referenced_row(c, "site_id", "sites"), "name"),
        "active_subscriptions" => {
            let all = books.rows_referring_to("subscriptions", "customer_id", c.id()).into_iter();
            let runs =
                |s: &&OracleRow| ["active", "trialing", "past_due"].contains(&s.word("status"));
            let count = all.filter(|s| !is_deleted(s)).filter(runs).count();
            ExportValue::int(i64::try_from(count).ok())
        }
        "balance" => {
            let balance = balances(books, c).get(currency).copied().unwrap_or_default();
            ExportValue::Money(balance, currency.to_owned())
        }
        "currency" => ExportValue::Text(currency.to_owned()),
        "balances" => {
            let members = balances(books, c).into_iter();
            let members = members
                .map(|(currency, minor)| (currency.clone(), ExportValue::Money(minor, currency)));
            ExportValue::Object(members.collect())
        }
        _ => return None,
    })
}

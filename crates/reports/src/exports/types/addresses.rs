//! Addresses of customers. Rule: spec/exports.md §10.10.

use super::super::export_type::ExportType;
use super::super::filter::{Filter, Test, one_of};
use super::super::layout::{customer, customer_row, layout};
use super::records;
use crate::definition::value::at;

pub(super) fn export_type() -> ExportType {
    let filters = vec![
        Filter { name: "country", test: Test::Country(at("a.country")) },
        one_of("type", "a.type", ["shipping", "billing"]),
    ];
    let rows = layout("a", "addresses", at("c.site_id"))
        .joined([customer_row("a.customer_id")])
        .stored("id")
        .and(customer("a.customer_id"))
        .stored(
            "type first_name last_name company line1 line2 city state postal_code country phone \
             is_default external_id created_at updated_at deleted_at",
        );
    records("addresses", "Addresses", filters, rows)
}

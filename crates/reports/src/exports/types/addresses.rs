//! Addresses of customers. Rule: spec/exports.md §10.10.

use super::super::export_filter::{ExportFilter, ExportFilterTest, words_of_column};
use super::super::export_layout::{customer_fields, customer_relation_of, export_layout};
use super::super::export_type::ExportType;
use super::record_type;
use crate::definition::scoped_expr::column_value;

pub(super) fn export_type() -> ExportType {
    let filters = vec![
        ExportFilter {
            name: "country",
            test: ExportFilterTest::Country(column_value("a.country")),
        },
        words_of_column("type", "a.type", ["shipping", "billing"]),
    ];
    let rows = export_layout("a", "addresses", column_value("c.site_id"))
        .joined([customer_relation_of("a.customer_id")])
        .stored("id")
        .and(customer_fields("a.customer_id"))
        .stored(
            "type first_name last_name company line1 line2 city state postal_code country phone \
             is_default external_id created_at updated_at deleted_at",
        );
    record_type("addresses", "Addresses", filters, rows)
}

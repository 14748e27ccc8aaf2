//! Consents of customers to newsletters. Rule: spec/exports.md §10.9.

use datafusion::functions::expr_fn::coalesce;
use datafusion::prelude::col;

use super::super::export_filter::{ExportFilter, ExportFilterTest};
use super::super::export_layout::{export_layout, text_at};
use super::super::export_type::ExportType;
use super::record_type;
use crate::definition::column::string;
use crate::definition::relation::related_row;
use crate::definition::scoped_expr::{column_value, scoped_expr, text_literal};
use crate::functions::sort_keys::lower_case;

pub(super) fn export_type() -> ExportType {
    let filters = vec![ExportFilter {
        name: "email",
        test: ExportFilterTest::AnyCase(column_value("n.email")),
    }];
    let source = scoped_expr(|_| lower_case(col("n.source")));
    let consent_type = scoped_expr(|_| coalesce(vec![col("n.consent_type"), text_literal("")]));
    let rows = export_layout("n", "newsletters", column_value("n.site_id"))
        .joined([related_row("site", "sites", "n.site_id")])
        .stored("id site_id")
        .and([text_at("site_name", "site.name")])
        .stored("email first_name last_name")
        .and([string("source", source)])
        .stored("lists postal_code consent_url consent_text")
        .and([string("consent_type", consent_type)])
        .stored("created_at updated_at");
    record_type("newsletters", "Newsletters", filters, rows)
}

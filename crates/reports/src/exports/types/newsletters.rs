//! Consents of customers to newsletters. Rule: spec/exports.md §10.9.

use datafusion::functions::expr_fn::coalesce;
use datafusion::prelude::col;

use super::super::export_type::ExportType;
use super::super::filter::{Filter, Test};
use super::super::layout::{layout, text_at};
use super::records;
use crate::definition::column::string;
use crate::definition::relation::row;
use crate::definition::value::{at, text, value};
use crate::functions::order::lower_case;

pub(super) fn export_type() -> ExportType {
    let filters = vec![Filter { name: "email", test: Test::AnyCase(at("n.email")) }];
    let source = value(|_| lower_case(col("n.source")));
    let consent_type = value(|_| coalesce(vec![col("n.consent_type"), text("")]));
    let rows = layout("n", "newsletters", at("n.site_id"))
        .joined([row("site", "sites", "n.site_id")])
        .stored("id site_id")
        .and([text_at("site_name", "site.name")])
        .stored("email first_name last_name")
        .and([string("source", source)])
        .stored("lists postal_code consent_url consent_text")
        .and([string("consent_type", consent_type)])
        .stored("created_at updated_at");
    records("newsletters", "Newsletters", filters, rows)
}

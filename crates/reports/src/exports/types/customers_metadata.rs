//! The metadata of customers: one column per key, or one row per key. Rule: spec/exports.md §10.8.

use super::super::export_layout::{export_layout, id_at, text_at};
use super::super::export_type::{ExportContent, ExportType};
use crate::definition::scoped_expr::column_value;

pub(super) fn export_type() -> ExportType {
    let rows = export_layout("c", "customers", column_value("c.site_id"))
        .and([id_at("customer_id", "c.id"), text_at("customer_email", "c.email")])
        .stored("metadata");
    ExportType {
        object: "customers_metadata",
        aliases: &[],
        name: "Customers Metadata",
        version: 1,
        filters: vec![],
        content: ExportContent::Metadata(rows),
    }
}

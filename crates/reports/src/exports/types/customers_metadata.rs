//! The metadata of customers: one column per key, or one row per key. Rule: spec/exports.md §10.8.

use super::super::export_type::{Content, ExportType};
use super::super::layout::{id_at, layout, text_at};
use crate::definition::value::at;

pub(super) fn export_type() -> ExportType {
    let rows = layout("c", "customers", at("c.site_id"))
        .and([id_at("customer_id", "c.id"), text_at("customer_email", "c.email")])
        .stored("metadata");
    ExportType {
        object: "customers_metadata",
        aliases: &[],
        name: "Customers Metadata",
        version: 1,
        filters: vec![],
        content: Content::Metadata(rows),
    }
}

//! The export types, one per file. A new type needs a file here and a line in [`EXPORT_TYPES`].

use std::sync::LazyLock;

use super::export_filter::ExportFilter;
use super::export_layout::ExportLayout;
use super::export_type::{ExportContent, ExportType};

mod accounting;
mod addresses;
mod balance_transactions;
mod campaign_reports;
mod credit_notes;
mod customers;
mod customers_metadata;
mod invoice_lines;
mod invoices;
mod memberships;
mod newsletters;
mod order_items;
mod orders;
mod payments;
mod refunds;
mod subscriptions;

static EXPORT_TYPES: LazyLock<Vec<ExportType>> = LazyLock::new(|| {
    vec![
        subscriptions::export_type(),
        memberships::export_type(),
        invoices::export_type(),
        payments::export_type(),
        refunds::export_type(),
        customers::export_type(),
        customers_metadata::export_type(),
        newsletters::export_type(),
        addresses::export_type(),
        balance_transactions::export_type(),
        credit_notes::export_type(),
        campaign_reports::export_type(),
        orders::export_type(),
        accounting::export_type(),
    ]
});

/// Returns all export types, in the order of spec/exports.md §10.
pub fn export_types() -> &'static [ExportType] {
    &EXPORT_TYPES
}

/// Returns the type with this name or alias.
pub fn find_export_type(name: &str) -> Option<&'static ExportType> {
    export_types().iter().find(|kind| kind.is_called(name))
}

/// Defines a type with one row per record.
fn record_type(
    object: &'static str,
    name: &'static str,
    filters: Vec<ExportFilter>,
    record: ExportLayout,
) -> ExportType {
    let content = ExportContent::Records { record, line: None };
    ExportType { object, aliases: &[], name, version: 1, filters, content }
}

impl ExportType {
    /// Allows exports of the type with one row per line.
    fn with_lines(mut self, layout: ExportLayout) -> Self {
        if let ExportContent::Records { line, .. } = &mut self.content {
            *line = Some(Box::new(layout));
        }
        self
    }
}

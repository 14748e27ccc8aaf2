//! The export types, one per file. A new type needs a file here and a line in [`ALL`].

use std::sync::LazyLock;

use super::export_type::{Content, ExportType};
use super::filter::Filter;
use super::layout::Layout;

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

static ALL: LazyLock<Vec<ExportType>> = LazyLock::new(|| {
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
pub fn types() -> &'static [ExportType] {
    &ALL
}

/// Returns the type with this name or alias.
pub fn find(name: &str) -> Option<&'static ExportType> {
    types().iter().find(|kind| kind.is_called(name))
}

/// Defines a type with one row per record.
fn records(
    object: &'static str,
    name: &'static str,
    filters: Vec<Filter>,
    record: Layout,
) -> ExportType {
    let content = Content::Records { record, line: None };
    ExportType { object, aliases: &[], name, version: 1, filters, content }
}

impl ExportType {
    /// Allows exports of the type with one row per line.
    fn with_lines(mut self, layout: Layout) -> Self {
        if let Content::Records { line, .. } = &mut self.content {
            *line = Some(Box::new(layout));
        }
        self
    }
}

//! The reports, one per file. Adding a report adds a file here and a line to [`catalogue`].

use std::sync::LazyLock;

use crate::definition::Report;

mod attendances;
mod customer_credits;
mod customer_membership_holds;
mod customer_memberships;
mod customers;
mod invoice_line_items;
mod invoices;

static CATALOGUE: LazyLock<Vec<Report>> = LazyLock::new(|| {
    vec![
        attendances::report(),
        customer_credits::report(),
        customer_membership_holds::report(),
        customer_memberships::report(),
        customers::report(),
        invoice_line_items::report(),
        invoices::report(),
    ]
});

/// All reports, by name.
pub fn catalogue() -> &'static [Report] {
    &CATALOGUE
}

/// The report with this name.
pub fn find(name: &str) -> Option<&'static Report> {
    catalogue().iter().find(|report| report.name == name)
}

//! The reports, one per file, each with its grouped form. Adding a report adds a file here and a
//! line to [`catalogue`].

use std::sync::LazyLock;

use crate::definition::Report;

mod attendances;
mod customer_credits;
mod customer_membership_holds;
mod customer_membership_usage;
mod customer_memberships;
mod customers;
mod invoice_line_items;
mod invoices;

static CATALOGUE: LazyLock<Vec<Report>> = LazyLock::new(|| {
    vec![
        attendances::report(),
        attendances::grouped(),
        customer_credits::report(),
        customer_membership_holds::report(),
        customer_membership_holds::grouped(),
        customer_membership_usage::report(),
        customer_membership_usage::grouped(),
        customer_memberships::report(),
        customer_memberships::grouped(),
        customers::report(),
        customers::grouped(),
        invoice_line_items::report(),
        invoice_line_items::grouped(),
        invoices::report(),
        invoices::grouped(),
    ]
});

/// All reports, plain and grouped, by name.
pub fn catalogue() -> &'static [Report] {
    &CATALOGUE
}

/// The report with this name.
pub fn find(name: &str) -> Option<&'static Report> {
    catalogue().iter().find(|report| report.name == name)
}

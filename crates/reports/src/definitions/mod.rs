//! The reports, one per file. Adding a report adds a file here and a line to [`catalogue`].

use std::sync::LazyLock;

use crate::definition::Report;

mod customer_credits;
mod customer_memberships;
mod customers;
mod invoices;

static CATALOGUE: LazyLock<Vec<Report>> = LazyLock::new(|| {
    vec![
        customer_credits::report(),
        customer_memberships::report(),
        customers::report(),
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

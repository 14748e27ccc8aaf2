//! The report definitions, one report per file with its grouped form. A new report needs a file
//! here and a line in [`report_catalogue`].

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

/// Returns all reports, plain and grouped, ordered by name.
pub fn report_catalogue() -> &'static [Report] {
    &CATALOGUE
}

/// Returns the report with this name.
pub fn find_report(name: &str) -> Option<&'static Report> {
    report_catalogue().iter().find(|report| report.name == name)
}

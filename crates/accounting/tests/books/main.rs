//! Tests of the ledger by scenarios and by properties.

#![expect(clippy::unwrap_used, reason = "in tests a panic is the report")]

mod before_invoice;
mod closing;
mod coverage;
mod documentation;
mod events;
mod files;
mod invalid_records;
mod journals;
mod plausibility;
mod properties;
mod random_invoices;
mod recognition;
mod regressions;
mod reports;
mod scenario;
mod vectors;

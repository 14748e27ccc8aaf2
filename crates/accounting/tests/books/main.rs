//! Tests of the ledger by scenarios and by properties.

#![expect(clippy::unwrap_used, reason = "in tests a panic is the report")]

mod ahead;
mod closing;
mod coverage;
mod events;
mod files;
mod guide;
mod invalid_records;
mod journals;
mod lives;
mod pains;
mod plausibility;
mod properties;
mod recognition;
mod reports;
mod scenario;
mod vectors;

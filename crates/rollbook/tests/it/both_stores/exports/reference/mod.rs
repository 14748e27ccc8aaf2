//! A second, slow implementation of the exports, written from spec/exports.md alone: one row at a
//! time, without Arrow or query plans, and without code of the `reports` and `files` crates.
//!
//! | module | holds | spec/exports.md |
//! | --- | --- | --- |
//! | `books` | the rows of a business, and references between them | §10.1 |
//! | `kind` | the definition of a type: columns in the notation of the spec, filters | §10.2 |
//! | `subscriptions` … `campaigns` | the types | §10.3 to §10.14 |
//! | `metadata` | metadata as columns and as rows | §10.8 |
//! | `request` | a request body, and the rows that it selects | §4, §10.1 |
//! | `cell`, `file` | values and files as text, and their totals | §9, §11 |

mod books;
mod campaigns;
mod cell;
mod customers;
mod file;
mod invoices;
mod kind;
mod metadata;
mod orders;
mod payments;
mod request;
mod subscriptions;

pub(super) use books::BusinessRows;
pub(super) use file::{ExpectedFile, csv, ndjson, totals};
pub(super) use kind::{ReferenceFilter, ReferenceType};
pub(super) use metadata::object;
pub(super) use request::{expected, ignored, second};

/// Returns all types, in the order of spec/exports.md §10.
pub(super) fn kinds() -> [&'static ReferenceType; 13] {
    [
        &subscriptions::SUBSCRIPTIONS,
        &subscriptions::MEMBERSHIPS,
        &invoices::INVOICES,
        &payments::PAYMENTS,
        &payments::REFUNDS,
        &customers::CUSTOMERS,
        &metadata::CUSTOMERS_METADATA,
        &customers::NEWSLETTERS,
        &customers::ADDRESSES,
        &payments::BALANCE_TRANSACTIONS,
        &payments::CREDIT_NOTES,
        &campaigns::CAMPAIGN_REPORTS,
        &orders::ORDERS,
    ]
}

/// Returns the type that a body names.
pub(super) fn kind(object: &str) -> &'static ReferenceType {
    let object = if object == "credit_notes" { "credit_note" } else { object };
    kinds().into_iter().find(|kind| kind.object == object).expect("a type")
}

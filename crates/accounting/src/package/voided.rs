//! Rows of `voided.csv`. Rule: spec/accounting.md §9.

use crate::records::Invoice;

use super::field::detail_columns;

detail_columns! {
    (invoice: &Invoice)
    "invoice_date": Instant = invoice.date,
    "invoice_total": Money = invoice.total,
    "voided_at": Instant = invoice.voided_at,
}

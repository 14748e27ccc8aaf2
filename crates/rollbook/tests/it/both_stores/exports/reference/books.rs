//! The rows of one business, and the rows that a row refers to.

use model::provider::Provider;

use super::cell::ExportValue;
use crate::oracle::{OracleRow, OracleTables};

/// All rows of a provider.
#[derive(Clone, Copy)]
pub(in crate::both_stores::exports) struct BusinessRows<'a> {
    pub(in crate::both_stores::exports) tables: &'a OracleTables,
    pub(in crate::both_stores::exports) provider: &'a Provider,
}

impl<'a> BusinessRows<'a> {
    pub(super) fn get(&self, table: &str, id: Option<i64>) -> Option<&'a OracleRow> {
        self.tables.get(table, id)
    }

    /// Returns the row of `table` that `column` of `row` refers to.
    pub(super) fn referenced_row(
        &self,
        row: &OracleRow,
        column: &str,
        table: &str,
    ) -> Option<&'a OracleRow> {
        self.get(table, row.int(column))
    }

    /// Returns the rows of `table` whose `column` refers to `id`, by id.
    pub(super) fn rows_referring_to(
        &self,
        table: &'static str,
        column: &'static str,
        id: i64,
    ) -> Vec<&'a OracleRow> {
        self.tables.naming(table, column, id)
    }
}

pub(super) fn text(row: Option<&OracleRow>, column: &str) -> ExportValue {
    ExportValue::text(row.and_then(|row| row.text(column)))
}

pub(super) fn int(row: Option<&OracleRow>, column: &str) -> ExportValue {
    ExportValue::int(row.and_then(|row| row.int(column)))
}

pub(super) fn instant(row: Option<&OracleRow>, column: &str) -> ExportValue {
    ExportValue::instant(row.and_then(|row| row.instant(column)))
}

/// Returns an amount in the row's currency.
pub(super) fn money(minor: i128, row: &OracleRow) -> ExportValue {
    ExportValue::Money(minor, row.word("currency").to_owned())
}

/// Returns a column of `CUST`.
pub(super) fn customer(customer: Option<&OracleRow>, heading: &str) -> Option<ExportValue> {
    match heading {
        "customer_id" => Some(int(customer, "id")),
        "customer_email" => Some(text(customer, "email")),
        "customer_first_name" => Some(text(customer, "first_name")),
        "customer_last_name" => Some(text(customer, "last_name")),
        "customer_name" => Some(text(customer, "name")),
        _ => None,
    }
}

/// Returns true if a row is soft-deleted.
pub(super) fn is_deleted(row: &OracleRow) -> bool {
    row.has("deleted_at")
}

/// Returns true if an invoice was issued and is not deleted.
pub(super) fn is_issued(invoice: &OracleRow) -> bool {
    invoice.word("status") != "draft" && !is_deleted(invoice)
}

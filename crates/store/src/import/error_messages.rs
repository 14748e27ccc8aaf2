//! The errors of rows that cannot be stored: codes and messages, the same for every database.

use model::allotment::LimitType;
use model::catalogue::{Column, Table};
use model::cell::Cell;
use model::id::MAX_ID;
use model::import::ImportCode;
use model::rules;

use super::problem::Problem;

impl Problem {
    pub(crate) fn invalid_id(id: i64) -> Self {
        let message = format!("{id} is not an id: expected 1 to {MAX_ID}");
        Self::new(ImportCode::IdInvalid, message).in_column("id")
    }

    pub(crate) fn duplicate_id(how: &str) -> Self {
        let message = format!("this id is {how} in one call: give each id once");
        Self::new(ImportCode::DuplicateId, message).in_column("id")
    }

    /// Returns everything that keeps a row, with its defaults filled, from being stored.
    pub(crate) fn check_row(table: &Table, cells: &[Cell]) -> Vec<Self> {
        let missing = rules::missing_columns(table, cells).map(|column| {
            let message = format!("{} is required", column.name);
            Self::new(ImportCode::RequiredMissing, message).in_column(column.name)
        });
        let broken = rules::first_broken_rule(table, cells)
            .map(|(column, error)| Self::from_cell_error(error).in_column(column));
        missing.chain(broken).collect()
    }

    pub(crate) fn reference_missing(column: &Column, target_id: i64, target: &Table) -> Self {
        let (column, target) = (column.name, target.name);
        let message = format!("{column} {target_id} does not exist in {target} after this call");
        Self::new(ImportCode::ReferenceMissing, message).in_column(column)
    }

    pub(crate) fn still_referenced(by_table: &Table, by_id: i64) -> Self {
        let by_table = by_table.name;
        let message = format!("cannot be deleted: {by_table} {by_id} still references it");
        Self::new(ImportCode::RowReferenced, message)
    }

    /// The kind of an offering type cannot change, because an allotment's limit counts the old
    /// kind.
    pub(crate) fn kind_in_use(kind: &str, limit: LimitType, by: &Table, by_id: i64) -> Self {
        let message = format!(
            "kind cannot be {kind}: a limit of type {} of {} {by_id} names this offering type",
            limit.as_str(),
            by.name
        );
        Self::new(ImportCode::RowInvalid, message).in_column("kind")
    }

    /// Returns the error of an offering type that an allotment names, if there is one.
    pub(crate) fn check_allotment(
        path: &str,
        id: i64,
        limit: LimitType,
        kind: Option<&str>,
    ) -> Option<Self> {
        let kinds = limit.offering_kinds();
        match kind {
            None => Some(Self::new(
                ImportCode::AllotmentUnknownOfferingType,
                format!("{path}: offering type {id} does not exist after this call"),
            )),
            Some(kind) if !kinds.contains(&kind) => Some(Self::new(
                ImportCode::AllotmentBadValue,
                format!(
                    "{path}: offering type {id} is a {kind}, a limit of type {} takes {}",
                    limit.as_str(),
                    kinds.join(" and ")
                ),
            )),
            Some(_) => None,
        }
    }

    pub(crate) fn currency_mismatch(wanted: &str, invoice: i64, own: &str) -> Self {
        let message = format!("currency must be {wanted}, that of invoice {invoice}; it is {own}");
        Self::new(ImportCode::RowInvalid, message).in_column("currency")
    }

    /// The currency of an invoice cannot change, because a row that names the invoice has the old
    /// one.
    pub(crate) fn currency_in_use(by: &Table, by_id: i64, currency: &str) -> Self {
        let message = format!(
            "currency cannot change: {} {by_id} names this invoice and has {currency}",
            by.name
        );
        Self::new(ImportCode::RowInvalid, message).in_column("currency")
    }

    /// The default is a parent's value times a factor, and the product does not fit 64 bits.
    pub(crate) fn default_too_large(
        column: &'static str,
        source: &str,
        via: &str,
        times: Option<&str>,
    ) -> Self {
        let times = times.unwrap_or("its factor");
        let message = format!(
            "{column} has no default: {source} of {via} times {times} does not fit 64 bits"
        );
        Self::new(ImportCode::RowInvalid, message).in_column(column)
    }
}

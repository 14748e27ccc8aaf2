//! The definition of an export type: its columns in the notation of spec/exports.md §10.2, and its
//! rows.

use serde_json::Value as Json;

use super::books::{BusinessRows, money};
use super::cell::ExportValue;
use crate::oracle::OracleRow;

/// One export type.
pub(in crate::both_stores::exports) struct ReferenceType {
    pub(in crate::both_stores::exports) object: &'static str,
    /// Base table.
    pub(in crate::both_stores::exports) table: &'static str,
    /// Columns as `heading type`, separated by `·`.
    pub(super) columns: &'static str,
    pub(in crate::both_stores::exports) filters: &'static [(&'static str, ReferenceFilter)],
    /// Returns true if a base row belongs to the type.
    pub(super) is_one: fn(&BusinessRows<'_>, &OracleRow) -> bool,
    pub(super) site_of: fn(&BusinessRows<'_>, &OracleRow) -> Option<i64>,
    /// The values of a filter with which it keeps the row.
    pub(super) has: fn(&BusinessRows<'_>, &OracleRow, &str) -> Vec<Json>,
    /// Returns the value of a column that is not a column of the base row.
    pub(super) value: fn(&BusinessRows<'_>, &OracleRow, &str) -> Option<ExportValue>,
    pub(in crate::both_stores::exports) lines: Option<ReferenceLines>,
}

/// The form of a type with one row per line of a record.
pub(in crate::both_stores::exports) struct ReferenceLines {
    pub(super) table: &'static str,
    /// Column of the line that refers to the record.
    pub(super) key: &'static str,
    pub(super) columns: &'static str,
    /// Like `ReferenceType::value`, for a record and its line.
    pub(super) value: fn(&BusinessRows<'_>, &OracleRow, &OracleRow, &str) -> Option<ExportValue>,
}

/// The values that a filter accepts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::both_stores::exports) enum ReferenceFilter {
    /// One of these words, or `all`.
    Words(&'static str),
    Id,
    Text,
    /// Text that ignores the case of the letters A to Z.
    AnyCase,
    Currency,
    /// Two letters, in any case.
    Country,
}

const CUST: &str = "customer_id int · customer_email text · customer_first_name text · \
    customer_last_name text · customer_name text";

/// Returns the headings and their types.
pub(super) fn columns(notation: &str) -> Vec<(String, String)> {
    let notation = notation.replace("CUST", CUST);
    let columns = notation.split('·').map(|column| {
        let mut words = column.split_whitespace();
        let mut word = || words.next().expect("a heading and its type").to_owned();
        (word(), word())
    });
    columns.collect()
}

/// Returns the row's own column of that name and type.
pub(super) fn stored(row: &OracleRow, heading: &str, kind: &str) -> ExportValue {
    match kind {
        "int" => ExportValue::int(row.int(heading)),
        "text" => ExportValue::text(row.text(heading)),
        "bool" => ExportValue::Bool(row.flag(heading)),
        "date" => row.date(heading).map_or(ExportValue::Null, ExportValue::Date),
        "ts" => ExportValue::instant(row.instant(heading)),
        "money" => money(row.amount(heading), row),
        "json" => ExportValue::Stored(row.word(heading).to_owned()),
        "list" => {
            ExportValue::List(serde_json::from_str(row.word(heading)).expect("a list of texts"))
        }
        other => panic!("{heading} {other}"),
    }
}

impl ReferenceType {
    pub(super) fn filter(&self, name: &str) -> Option<ReferenceFilter> {
        self.filters.iter().find(|(known, _)| *known == name).map(|(_, filter)| *filter)
    }

    /// Returns true if rows of the type can be soft-deleted.
    pub(in crate::both_stores::exports) fn has_deletion(&self) -> bool {
        !["newsletters", "balance_transactions", "campaign_runs"].contains(&self.table)
    }

    /// Returns the headings for one row per record, or per line.
    pub(in crate::both_stores::exports) fn headings(&self, by_line: bool) -> Vec<String> {
        let notation = match &self.lines {
            Some(lines) if by_line => lines.columns,
            _ => self.columns,
        };
        columns(notation).into_iter().map(|(heading, _)| heading).collect()
    }

    /// Returns the rows of the type, by id.
    pub(in crate::both_stores::exports) fn rows<'a>(
        &self,
        books: &BusinessRows<'a>,
    ) -> Vec<&'a OracleRow> {
        let rows = books.tables.all(self.table).into_iter();
        rows.filter(|row| (self.is_one)(books, row)).collect()
    }

    /// Returns the site that a row belongs to.
    pub(in crate::both_stores::exports) fn site(
        &self,
        books: &BusinessRows<'_>,
        row: &OracleRow,
    ) -> Option<i64> {
        (self.site_of)(books, row)
    }

    /// The values of a filter with which it keeps the row.
    pub(in crate::both_stores::exports) fn values_that_select(
        &self,
        books: &BusinessRows<'_>,
        row: &OracleRow,
        filter: &str,
    ) -> Vec<Json> {
        (self.has)(books, row, filter)
    }
}

/// Returns the row's own text as the value of the filter with that name.
pub(super) fn own(row: &OracleRow, filter: &str) -> Vec<Json> {
    row.text(filter).map(Json::from).into_iter().collect()
}

/// Returns the ids that are not null, as values of a filter.
pub(super) fn ids(ids: impl IntoIterator<Item = Option<i64>>) -> Vec<Json> {
    ids.into_iter().flatten().map(Json::from).collect()
}

//! The definition of an export type: its columns in the notation of spec/exports.md §10.2, and its
//! rows.

use serde_json::Value as Json;

use super::books::{Books, money};
use super::cell::Val;
use crate::oracle::Row;

/// One export type.
pub(in crate::exports) struct Kind {
    pub(in crate::exports) object: &'static str,
    /// Base table.
    pub(in crate::exports) table: &'static str,
    /// Columns as `heading type`, separated by `·`.
    pub(super) columns: &'static str,
    pub(in crate::exports) filters: &'static [(&'static str, Filter)],
    /// Returns true if a base row belongs to the type.
    pub(super) is_one: fn(&Books<'_>, &Row) -> bool,
    pub(super) site_of: fn(&Books<'_>, &Row) -> Option<i64>,
    /// What a filter may ask for so that it keeps the row.
    pub(super) has: fn(&Books<'_>, &Row, &str) -> Vec<Json>,
    /// Returns the value of a column that is not a column of the base row.
    pub(super) value: fn(&Books<'_>, &Row, &str) -> Option<Val>,
    pub(in crate::exports) lines: Option<Lines>,
}

/// The form of a type with one row per line of a record.
pub(in crate::exports) struct Lines {
    pub(super) table: &'static str,
    /// Column of the line that refers to the record.
    pub(super) key: &'static str,
    pub(super) columns: &'static str,
    /// Like `Kind::value`, for a record and its line.
    pub(super) value: fn(&Books<'_>, &Row, &Row, &str) -> Option<Val>,
}

/// The values that a filter accepts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::exports) enum Filter {
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
pub(super) fn stored(row: &Row, heading: &str, kind: &str) -> Val {
    match kind {
        "int" => Val::int(row.int(heading)),
        "text" => Val::text(row.text(heading)),
        "bool" => Val::Bool(row.flag(heading)),
        "date" => row.date(heading).map_or(Val::Null, Val::Date),
        "ts" => Val::instant(row.instant(heading)),
        "money" => money(row.amount(heading), row),
        "json" => Val::Stored(row.word(heading).to_owned()),
        "list" => Val::List(serde_json::from_str(row.word(heading)).expect("a list of texts")),
        other => panic!("{heading} {other}"),
    }
}

impl Kind {
    pub(super) fn filter(&self, name: &str) -> Option<Filter> {
        self.filters.iter().find(|(known, _)| *known == name).map(|(_, filter)| *filter)
    }

    /// Returns true if rows of the type can be soft-deleted.
    pub(in crate::exports) fn has_deletion(&self) -> bool {
        !["newsletters", "balance_transactions", "campaign_runs"].contains(&self.table)
    }

    /// Returns the headings for one row per record, or per line.
    pub(in crate::exports) fn headings(&self, by_line: bool) -> Vec<String> {
        let notation = match &self.lines {
            Some(lines) if by_line => lines.columns,
            _ => self.columns,
        };
        columns(notation).into_iter().map(|(heading, _)| heading).collect()
    }

    /// Returns the rows of the type, by id.
    pub(in crate::exports) fn rows<'a>(&self, books: &Books<'a>) -> Vec<&'a Row> {
        let rows = books.tables.all(self.table).into_iter();
        rows.filter(|row| (self.is_one)(books, row)).collect()
    }

    /// Returns the site that a row belongs to.
    pub(in crate::exports) fn site(&self, books: &Books<'_>, row: &Row) -> Option<i64> {
        (self.site_of)(books, row)
    }

    /// What a filter may ask for so that it keeps the row.
    pub(in crate::exports) fn told(&self, books: &Books<'_>, row: &Row, filter: &str) -> Vec<Json> {
        (self.has)(books, row, filter)
    }
}

/// Returns the row's own text as the value of the filter with that name.
pub(super) fn own(row: &Row, filter: &str) -> Vec<Json> {
    row.text(filter).map(Json::from).into_iter().collect()
}

/// Returns the ids that are not null, as values of a filter.
pub(super) fn ids(ids: impl IntoIterator<Item = Option<i64>>) -> Vec<Json> {
    ids.into_iter().flatten().map(Json::from).collect()
}

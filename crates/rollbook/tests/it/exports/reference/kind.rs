//! What a type is: its columns in the notation of spec/exports.md §10.2, and what its rows have.

use serde_json::Value as Json;

use super::books::{Books, money};
use super::cell::Val;
use crate::oracle::Row;

/// One type.
pub(in crate::exports) struct Kind {
    pub(in crate::exports) object: &'static str,
    /// Its base table.
    pub(in crate::exports) table: &'static str,
    /// `heading type`, with `·` between them.
    pub(super) columns: &'static str,
    pub(in crate::exports) filters: &'static [(&'static str, Filter)],
    /// Whether a base row is one of the type.
    pub(super) is_one: fn(&Books<'_>, &Row) -> bool,
    pub(super) site_of: fn(&Books<'_>, &Row) -> Option<i64>,
    /// What a filter may ask for so that it keeps the row.
    pub(super) has: fn(&Books<'_>, &Row, &str) -> Vec<Json>,
    /// The value of a column that is not the base row's column of that name.
    pub(super) value: fn(&Books<'_>, &Row, &str) -> Option<Val>,
    pub(in crate::exports) lines: Option<Lines>,
}

/// One row per line of a record.
pub(in crate::exports) struct Lines {
    pub(super) table: &'static str,
    /// The line's column that names the record.
    pub(super) key: &'static str,
    pub(super) columns: &'static str,
    /// As `Kind::value`, of a record and its line.
    pub(super) value: fn(&Books<'_>, &Row, &Row, &str) -> Option<Val>,
}

/// What a filter takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::exports) enum Filter {
    /// One of these words, or `all`.
    Words(&'static str),
    Id,
    Text,
    /// Text, for which letters A to Z are the same as a to z.
    AnyCase,
    Currency,
    /// Two letters of any case.
    Country,
}

const CUST: &str = "customer_id int · customer_email text · customer_first_name text · \
    customer_last_name text · customer_name text";

/// Headings and their types.
pub(super) fn columns(notation: &str) -> Vec<(String, String)> {
    let notation = notation.replace("CUST", CUST);
    let columns = notation.split('·').map(|column| {
        let mut words = column.split_whitespace();
        let mut word = || words.next().expect("a heading and its type").to_owned();
        (word(), word())
    });
    columns.collect()
}

/// The row's own column of that name and type.
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

    /// Whether its rows can be soft-deleted.
    pub(in crate::exports) fn has_deletion(&self) -> bool {
        !["newsletters", "balance_transactions", "campaign_runs"].contains(&self.table)
    }

    /// Headings of a row per record, or per line.
    pub(in crate::exports) fn headings(&self, by_line: bool) -> Vec<String> {
        let notation = match &self.lines {
            Some(lines) if by_line => lines.columns,
            _ => self.columns,
        };
        columns(notation).into_iter().map(|(heading, _)| heading).collect()
    }

    /// Its rows, by id.
    pub(in crate::exports) fn rows<'a>(&self, books: &Books<'a>) -> Vec<&'a Row> {
        let rows = books.tables.all(self.table).into_iter();
        rows.filter(|row| (self.is_one)(books, row)).collect()
    }

    /// The site that a row belongs to.
    pub(in crate::exports) fn site(&self, books: &Books<'_>, row: &Row) -> Option<i64> {
        (self.site_of)(books, row)
    }

    /// What a filter may ask for so that it keeps the row.
    pub(in crate::exports) fn told(&self, books: &Books<'_>, row: &Row, filter: &str) -> Vec<Json> {
        (self.has)(books, row, filter)
    }
}

/// The row's own text, as what a filter of this name may ask for.
pub(super) fn own(row: &Row, filter: &str) -> Vec<Json> {
    row.text(filter).map(Json::from).into_iter().collect()
}

/// The ids that there are, as what a filter may ask for.
pub(super) fn ids(ids: impl IntoIterator<Item = Option<i64>>) -> Vec<Json> {
    ids.into_iter().flatten().map(Json::from).collect()
}

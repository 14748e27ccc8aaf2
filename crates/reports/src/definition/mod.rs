//! What a report is, as data: every request check, header, plan and description derives from it.
//!
//! | module | holds |
//! | --- | --- |
//! | `column` | one column: key, aliases, kind, how its value is computed |
//! | `filter` | one filter: name, type, which rows it keeps |
//! | `grouping` | the grouped form of a report: its columns, its pivots |
//! | `relation` | what a row may be joined with |
//! | `label` | display names from dotted keys |
//! | `value` | expressions that depend on the request's day and provider |

use std::fmt;

use model::permission::Permission;

pub(crate) mod column;
pub(crate) mod filter;
pub(crate) mod grouping;
pub(crate) mod label;
pub(crate) mod relation;
pub(crate) mod value;

use column::Column;
use filter::Filter;
use grouping::Grouping;
use relation::Relation;
use value::Value;

use crate::request::selection;
use crate::usage_rows;

/// One report: its base rows, what they are joined with, its columns and filters.
pub struct Report {
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    pub(crate) permissions: &'static [Permission],
    pub(crate) base: Base,
    /// What a base row must fulfil to be in the report at all, whatever the filters.
    pub(crate) kept: Option<Value>,
    /// In an order in which each one only needs the base and those before it.
    pub(crate) relations: Vec<Relation>,
    /// In catalogue order.
    pub(crate) columns: Vec<Column>,
    pub(crate) parents: &'static [&'static str],
    pub(crate) filters: Vec<Filter>,
    /// Names of columns; a leading `-` sorts descending.
    pub(crate) default_sort: &'static [&'static str],
    /// Keys of the columns that a table for people shows, the most telling first; a narrow
    /// terminal shows fewer. None for groups, whose columns are asked for.
    pub(crate) brief_columns: &'static [&'static str],
    pub(crate) shape: Shape,
}

/// What the rows of an answer are.
pub(crate) enum Shape {
    /// Base rows.
    Plain,
    /// Groups of base rows.
    Grouped(Grouping),
}

/// The rows that a report counts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Base {
    /// Table of the catalogue, or [`usage_rows::TABLE`].
    pub(crate) table: &'static str,
    /// Name by which expressions call it.
    pub(crate) alias: &'static str,
    /// What happens to rows with `deleted_at`.
    pub(crate) deleted: Deleted,
}

/// What happens to deleted base rows. Rule: spec/reports.md §16.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deleted {
    /// The table has no `deleted_at`.
    Never,
    /// They are left out.
    LeftOut,
    /// They are left out unless a filter of kind `IncludeDeleted` is true.
    OnRequest,
}

impl Report {
    /// The name in paths: `customer_memberships`.
    pub fn name(&self) -> &str {
        self.name
    }

    /// The name for people: `Customer Memberships`.
    pub fn label(&self) -> &str {
        self.label
    }

    /// The permissions of which one suffices; `super_admin` always does.
    pub fn permissions(&self) -> &'static [Permission] {
        self.permissions
    }

    /// Keys of the columns that a table for people shows, the most telling first; empty for a
    /// report whose columns are asked for.
    pub fn brief_columns(&self) -> &'static [&'static str] {
        self.brief_columns
    }

    /// How many columns an answer has when none are asked for.
    pub fn default_column_count(&self) -> usize {
        self.columns.iter().filter(|column| self.is_default(column)).count()
    }

    /// Keys of the columns that a name in `columns` stands for: itself, the one it is an alias of,
    /// or those below a parent. Empty when the report has none of that name.
    /// Rule: spec/reports.md §4.
    pub fn keys_named(&self, name: &str) -> Vec<&'static str> {
        let positions = selection::named(self, name).unwrap_or_default();
        positions.into_iter().map(|position| self.columns[position].key).collect()
    }

    /// How its rows are grouped; none for a report whose rows are base rows.
    pub(crate) fn grouping(&self) -> Option<&Grouping> {
        match &self.shape {
            Shape::Plain => None,
            Shape::Grouped(grouping) => Some(grouping),
        }
    }

    pub(crate) fn column(&self, key: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.key == key)
    }

    /// Whether a column is returned even when it was not asked for. Rule: spec/reports.md §3.
    pub(crate) fn is_required(&self, column: &Column) -> bool {
        let is_plain = matches!(self.shape, Shape::Plain);
        is_plain && !column.is_addition && self.required_keys().contains(&column.key)
    }

    /// Keys of the columns that are required, in the order in which they come first.
    pub(crate) fn required_keys(&self) -> &'static [&'static str] {
        match self.base.table {
            usage_rows::TABLE => &["customer_membership.id", "customer.id"],
            _ => &["id", "customer.id"],
        }
    }

    /// Whether a column is shown when none are asked for. Rule: spec/reports.md §2.1, §17.7.
    pub(crate) fn is_default(&self, column: &Column) -> bool {
        match &self.shape {
            Shape::Plain => !column.is_addition,
            Shape::Grouped(grouping) => grouping.default_columns.contains(&column.key),
        }
    }

    /// Whether a column holds the id of a customer. Rule: spec/reports.md §3.
    pub(crate) fn holds_customer_id(&self, column: &Column) -> bool {
        let is_customer = column.key == "customer.id" || column.key.ends_with("customer.id");
        is_customer
            || column.key == "purchaser_id"
            || (self.name == "customers" && column.key == "id")
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Report").field(&self.name).finish()
    }
}

//! Report definitions as data. Request checks, headers, plans and descriptions derive from them.
//!
//! | module | holds |
//! | --- | --- |
//! | `column` | one column: key, aliases, kind, expression of its value |
//! | `filter` | one filter: name, type, the rows it keeps |
//! | `grouping` | the grouped form of a report: its columns, its pivots |
//! | `relation` | rows that can be joined to a base row |
//! | `label` | display names from dotted keys |
//! | `scoped_expr` | expressions that depend on the request's day and provider |

use std::fmt;

use datafusion::common::Column;
use datafusion::logical_expr::Expr;
use model::permission::Permission;

pub(crate) mod column;
pub(crate) mod filter;
pub(crate) mod grouping;
pub(crate) mod label;
pub(crate) mod relation;
pub(crate) mod scoped_expr;

use column::ReportColumn;
use filter::ReportFilter;
use grouping::ReportGrouping;
use relation::Relation;
use scoped_expr::ScopedExpr;

use crate::usage_rows;

/// One report: its rows, its columns and its filters.
pub struct Report {
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    pub(crate) permissions: &'static [Permission],
    pub(crate) source: RowSource,
    pub(crate) deleted: DeletedRows,
    /// A condition that a base row must meet to be in the report at all, whatever the filters.
    pub(crate) row_condition: Option<ScopedExpr>,
    /// The columns in catalogue order.
    pub(crate) columns: Vec<ReportColumn>,
    pub(crate) parents: &'static [&'static str],
    pub(crate) filters: Vec<ReportFilter>,
    /// Keys of the columns to sort by; a leading `-` sorts descending.
    pub(crate) default_sort: &'static [&'static str],
    /// Keys of the columns that the table in a terminal shows, most important first; a narrow
    /// terminal shows fewer. Empty for grouped reports, whose columns are asked for.
    pub(crate) brief_columns: &'static [&'static str],
    pub(crate) shape: ReportShape,
}

/// The kind of rows that a report returns.
pub(crate) enum ReportShape {
    /// Base rows.
    Plain,
    /// Groups of base rows.
    Grouped(ReportGrouping),
}

/// The rows that a report or an export is made of: the rows of one table, the base, and the
/// relations joined to them.
pub(crate) struct RowSource {
    /// The name of a table of the catalogue, or [`usage_rows::USAGE_TABLE`].
    pub(crate) table: &'static str,
    /// The name by which expressions refer to the base.
    pub(crate) alias: &'static str,
    /// The relations, ordered so that each one refers only to the base and to relations before it.
    pub(crate) relations: Vec<Relation>,
}

/// The treatment of deleted base rows. Rule: spec/reports.md §16.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeletedRows {
    /// The table has no `deleted_at`.
    Never,
    /// Deleted rows are left out.
    LeftOut,
    /// Deleted rows are left out unless a filter of kind `IncludeDeleted` is true.
    OnRequest,
}

impl RowSource {
    /// Returns a column of the base as an expression.
    pub(crate) fn base_column(&self, name: &str) -> Expr {
        Expr::Column(Column::new(Some(self.alias), name))
    }

    /// Returns true if the base rows are stored in a table, so that a part of them can be read
    /// alone.
    pub(crate) fn is_stored(&self) -> bool {
        self.table != usage_rows::USAGE_TABLE
    }
}

impl Report {
    /// Returns the name used in paths: `customer_memberships`.
    pub fn name(&self) -> &str {
        self.name
    }

    /// Returns the display name: `Customer Memberships`.
    pub fn label(&self) -> &str {
        self.label
    }

    /// Returns the permissions, one of which suffices to read the report. `super_admin` always
    /// suffices.
    pub fn permissions(&self) -> &'static [Permission] {
        self.permissions
    }

    /// Returns the keys of the columns that the table in a terminal shows, most important first.
    /// Empty for a report whose columns are asked for.
    pub fn brief_columns(&self) -> &'static [&'static str] {
        self.brief_columns
    }

    /// Returns the number of columns of a result when none are asked for.
    pub fn default_column_count(&self) -> usize {
        self.columns.iter().filter(|column| self.is_default(column)).count()
    }

    /// Returns the keys of the columns that a name in `columns` selects: the column with this key
    /// or alias, or those below a parent. Empty if the report has no such name. Rule:
    /// spec/reports.md §4.
    pub fn keys_named(&self, name: &str) -> Vec<&'static str> {
        let positions = self.columns_named(name).unwrap_or_default();
        positions.into_iter().map(|position| self.columns[position].key).collect()
    }

    /// Returns the columns that a name selects: the columns below a parent, or the single column with
    /// this key or alias.
    pub(crate) fn columns_named(&self, name: &str) -> Option<Vec<usize>> {
        if self.parents.contains(&name) {
            let leaves = self.columns.iter().enumerate().filter(|(_, column)| {
                let is_below =
                    column.key.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
                is_below && !column.is_addition
            });
            return Some(leaves.map(|(position, _)| position).collect());
        }
        self.column_named(name).map(|column| vec![column])
    }

    /// Returns the column with this key or alias.
    pub(crate) fn column_named(&self, name: &str) -> Option<usize> {
        let has_alias = |column: &ReportColumn| column.aliases.contains(&name);
        self.column(name).or_else(|| self.columns.iter().position(has_alias))
    }

    /// Returns the grouping; none for a plain report.
    pub(crate) fn grouping(&self) -> Option<&ReportGrouping> {
        match &self.shape {
            ReportShape::Plain => None,
            ReportShape::Grouped(grouping) => Some(grouping),
        }
    }

    pub(crate) fn column(&self, key: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.key == key)
    }

    /// Returns true if a column is returned even when it was not asked for. Rule: spec/reports.md
    /// §3.
    pub(crate) fn is_required(&self, column: &ReportColumn) -> bool {
        let is_plain = matches!(self.shape, ReportShape::Plain);
        is_plain && !column.is_addition && self.required_keys().contains(&column.key)
    }

    /// Returns the keys of the required columns, in the order in which they come first.
    pub(crate) fn required_keys(&self) -> &'static [&'static str] {
        match self.source.table {
            usage_rows::USAGE_TABLE => &["customer_membership.id", "customer.id"],
            _ => &["id", "customer.id"],
        }
    }

    /// Returns true if a column is shown when none are asked for. Rule: spec/reports.md §2.1,
    /// §17.7.
    pub(crate) fn is_default(&self, column: &ReportColumn) -> bool {
        match &self.shape {
            ReportShape::Plain => !column.is_addition,
            ReportShape::Grouped(grouping) => grouping.default_columns.contains(&column.key),
        }
    }

    /// Returns true if a column holds the id of a customer. Rule: spec/reports.md §3.
    pub(crate) fn holds_customer_id(&self, column: &ReportColumn) -> bool {
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

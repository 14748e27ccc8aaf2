//! The rows of an export: their base, the relations joined to it, and their columns.

use model::catalogue;

use crate::definition::RowSource;
use crate::definition::column::{
    ReportColumn, ReportColumnKind, boolean, column_of_kind, instant, int, money, string,
};
use crate::definition::relation::{Relation, related_row};
use crate::definition::scoped_expr::{ScopedExpr, column_value, scoped_expr};
use crate::error::ReportError;
use crate::query_scope::QueryScope;
use datafusion::logical_expr::Expr;
use datafusion::prelude::col;

/// One layout of an export's rows: one row per record, or one row per line of a record.
pub(super) struct ExportLayout {
    pub(super) source: RowSource,
    /// The columns in catalogue order.
    pub(super) columns: Vec<ReportColumn>,
    /// The alias of the record. The range and deletion are tested on its `created_at`, `updated_at`
    /// and `deleted_at`.
    pub(super) record: &'static str,
    /// True if the record's table has the column `deleted_at`.
    pub(super) has_deleted: bool,
    /// A condition that every row must meet, besides the filters.
    pub(super) only: Option<ScopedExpr>,
    /// The site that the row belongs to.
    pub(super) site: ScopedExpr,
    /// The column by which rows are ordered before the id of the base.
    pub(super) order: Option<&'static str>,
    /// The condition of the item filters; none if the layout has no items.
    pub(super) items: Option<ItemTest>,
}

/// A function that makes the condition for orders or items with a product, a SKU, or both.
pub(super) type ItemTest = fn(&QueryScope<'_>, ItemIds) -> Result<Expr, ReportError>;

/// The product and the SKU that one item of an order must have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct ItemIds {
    pub(super) product: Option<i64>,
    pub(super) sku: Option<i64>,
}

/// Makes a layout with one row per row of `table`, called `alias`.
pub(super) fn export_layout(
    alias: &'static str,
    table: &'static str,
    site: ScopedExpr,
) -> ExportLayout {
    let has_deleted = has_column(table, "deleted_at");
    ExportLayout {
        source: RowSource { table, alias, relations: vec![] },
        columns: vec![],
        record: alias,
        has_deleted,
        only: None,
        site,
        order: None,
        items: None,
    }
}

fn has_column(table: &str, name: &str) -> bool {
    catalogue::table(table).is_some_and(|table| table.position_of(name).is_some())
}

impl ExportLayout {
    /// Returns the column with this key.
    pub(super) fn column(&self, key: &str) -> Option<&ReportColumn> {
        self.columns.iter().find(|column| column.key == key)
    }

    /// Adds relations.
    pub(super) fn joined(mut self, relations: impl IntoIterator<Item = Relation>) -> Self {
        self.source.relations.extend(relations);
        self
    }

    /// Adds columns of the base table. `names` are separated by white space.
    pub(super) fn stored(mut self, names: &'static str) -> Self {
        let (alias, table) = (self.source.alias, self.source.table);
        let columns = names.split_ascii_whitespace();
        let columns = columns.map(|name| stored(alias, table, name));
        self.columns.extend(columns);
        self
    }

    /// Adds columns.
    pub(super) fn and(mut self, columns: impl IntoIterator<Item = ReportColumn>) -> Self {
        self.columns.extend(columns);
        self
    }

    /// Sets the record that rows belong to: the row of `table` whose id is in `key`, called
    /// `record`. Rows are ordered by `key`.
    pub(super) fn with_record(
        mut self,
        record: &'static str,
        table: &'static str,
        key: &'static str,
    ) -> Self {
        self.source.relations.push(related_row(record, table, key));
        self.record = record;
        self.has_deleted = has_column(table, "deleted_at");
        self.order = Some(key);
        self
    }

    /// Keeps only the rows that meet this condition.
    pub(super) fn only(mut self, condition: ScopedExpr) -> Self {
        self.only = Some(condition);
        self
    }

    /// Sets the condition of the item filters.
    pub(super) fn items(mut self, test: ItemTest) -> Self {
        self.items = Some(test);
        self
    }
}

/// Defines a column that holds the column `name` of `table`, called `alias`. Amounts are in the
/// row's currency.
fn stored(alias: &'static str, table: &'static str, name: &'static str) -> ReportColumn {
    let qualified = move |name: &'static str| scoped_expr(move |_| col(format!("{alias}.{name}")));
    let columns = catalogue::table(table).map_or(&[][..], |table| &table.columns);
    let kind = columns.iter().find(|column| column.name == name).map(|column| column.kind);
    match kind.map_or(ReportColumnKind::Text, column_kind_of_catalogue) {
        ReportColumnKind::Money => money(name, qualified(name), qualified("currency")),
        kind => column_of_kind(name, kind, qualified(name)),
    }
}

fn column_kind_of_catalogue(kind: catalogue::ColumnType) -> ReportColumnKind {
    match kind {
        catalogue::ColumnType::Int { .. } => ReportColumnKind::Int,
        catalogue::ColumnType::Bool => ReportColumnKind::Bool,
        catalogue::ColumnType::Date => ReportColumnKind::Date,
        catalogue::ColumnType::Instant => ReportColumnKind::Instant,
        catalogue::ColumnType::Money => ReportColumnKind::Money,
        catalogue::ColumnType::Percent => ReportColumnKind::Dec4,
        catalogue::ColumnType::Json | catalogue::ColumnType::Allotment => ReportColumnKind::Json,
        catalogue::ColumnType::TextList => ReportColumnKind::List(&ReportColumnKind::Text),
        catalogue::ColumnType::IntList => ReportColumnKind::List(&ReportColumnKind::Int),
        catalogue::ColumnType::Text
        | catalogue::ColumnType::Enum(_)
        | catalogue::ColumnType::Currency
        | catalogue::ColumnType::Country => ReportColumnKind::Text,
    }
}

/// Defines the columns of the customer `c` (`CUST`). `id` is the column that holds the customer's
/// id.
pub(super) fn customer_fields(id: &'static str) -> [ReportColumn; 5] {
    customer_fields_from(column_value(id), |name| scoped_expr(move |_| col(format!("c.{name}"))))
}

/// Defines the columns of a customer (`CUST`) from any source. `field` returns the value of a
/// column of the customer.
pub(super) fn customer_fields_from(
    id: ScopedExpr,
    field: impl Fn(&'static str) -> ScopedExpr,
) -> [ReportColumn; 5] {
    [
        int("customer_id", id),
        string("customer_email", field("email")),
        string("customer_first_name", field("first_name")),
        string("customer_last_name", field("last_name")),
        string("customer_name", field("name")),
    ]
}

/// Defines the relation to the customer whose id is in `key`.
pub(super) fn customer_relation_of(key: &'static str) -> Relation {
    related_row("c", "customers", key)
}

/// Defines a text column that reads `column`.
pub(super) fn text_at(heading: &'static str, column: &'static str) -> ReportColumn {
    string(heading, column_value(column))
}

/// Defines an id column that reads `column`.
pub(super) fn id_at(heading: &'static str, column: &'static str) -> ReportColumn {
    int(heading, column_value(column))
}

/// Defines an instant column that reads `column`.
pub(super) fn instant_at(heading: &'static str, column: &'static str) -> ReportColumn {
    instant(heading, column_value(column))
}

/// Defines a bool column with the result of a condition; false where the condition is null.
pub(super) fn condition_column(
    heading: &'static str,
    condition: impl Fn() -> Expr + Send + Sync + 'static,
) -> ReportColumn {
    boolean(heading, scoped_expr(move |_| condition().is_true()))
}

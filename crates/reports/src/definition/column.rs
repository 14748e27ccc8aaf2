//! One column of a report, and the functions that define columns.

use datafusion::arrow::datatypes::DataType;
use datafusion::functions::datetime::expr_fn::date_part;
use datafusion::logical_expr::{Expr, cast, lit};
use datafusion::scalar::ScalarValue;
use model::output::ObjectText;

use super::scoped_expr::{ScopedExpr, constant_value, scoped_expr};

/// One column of a report.
pub(crate) struct ReportColumn {
    /// The dotted key, which is the path into a row.
    pub(crate) key: &'static str,
    /// Other names for the column in requests. They are irregular, so they are written out.
    pub(crate) aliases: Vec<&'static str>,
    pub(crate) role: ColumnRole,
    pub(crate) kind: ReportColumnKind,
    pub(crate) is_sortable: bool,
    /// True if the vendor's API lacks the column. Such a column is not a default, and selecting its
    /// parent does not select it.
    pub(crate) is_addition: bool,
    pub(crate) value: ScopedExpr,
    /// The currency of the amounts in the column.
    pub(crate) currency: Option<ScopedExpr>,
}

/// The role of a column in its report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ColumnRole {
    /// A column of a plain report: one value per base row.
    Column,
    /// A grouping column: rows with equal values form a group.
    Dimension,
    /// A measure: one value per group.
    Measure(MeasureAggregation),
}

impl ColumnRole {
    /// Returns the word used in the discovery documents.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Column => "column",
            Self::Dimension => "dimension",
            Self::Measure(_) => "measure",
        }
    }
}

/// The aggregation by which a measure is computed from the rows of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MeasureAggregation {
    /// The number of rows.
    Count,
    /// The exact sum of amounts, in the column's currency.
    Sum,
    /// The exact sum of the whole numbers that are not null; null if there are none.
    Total,
    /// The mean of the values that are not null, rounded half up; null if there are none.
    Mean,
}

/// The type of the values of a column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum ReportColumnKind {
    Int,
    Text,
    Bool,
    Date,
    Instant,
    /// The time of day in microseconds since midnight.
    TimeOfDay,
    /// A day of the week, 0 = Sunday to 6 = Saturday. It is shown by its name and sorted by the
    /// provider's week.
    Weekday,
    /// An amount in minor units of the column's currency, shown as a money object.
    Money,
    /// An amount in minor units of the column's currency, shown as a bare decimal. Only inside
    /// objects.
    Decimal,
    /// A decimal with four places.
    Dec4,
    /// JSON, held as text.
    Json,
    List(&'static ReportColumnKind),
    Object {
        fields: &'static [(&'static str, ReportColumnKind)],
        text: ObjectText,
    },
    /// A column that is always null. The word is the type that the catalogue gives.
    Unmodelled(&'static str),
}

impl ReportColumnKind {
    /// Returns the word used in the catalogue. Rule: spec/reports.md §17.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Int => "int",
            Self::Text | Self::Weekday => "string",
            Self::Bool => "bool",
            Self::Date => "date",
            Self::Instant => "dt",
            Self::TimeOfDay => "time",
            Self::Money => "money",
            Self::Decimal | Self::Dec4 => "decimal",
            Self::Json => "json",
            Self::List(_) => "list",
            Self::Object { .. } => "object",
            Self::Unmodelled(word) => word,
        }
    }
}

fn column(key: &'static str, kind: ReportColumnKind, value: ScopedExpr) -> ReportColumn {
    let is_sortable = !matches!(
        kind,
        ReportColumnKind::List(_)
            | ReportColumnKind::Object { .. }
            | ReportColumnKind::Json
            | ReportColumnKind::Unmodelled(_)
    );
    ReportColumn {
        key,
        aliases: vec![],
        role: ColumnRole::Column,
        kind,
        is_sortable,
        is_addition: false,
        value,
        currency: None,
    }
}

pub(crate) fn int(key: &'static str, value: ScopedExpr) -> ReportColumn {
    column(key, ReportColumnKind::Int, value)
}

pub(crate) fn string(key: &'static str, value: ScopedExpr) -> ReportColumn {
    column(key, ReportColumnKind::Text, value)
}

pub(crate) fn boolean(key: &'static str, value: ScopedExpr) -> ReportColumn {
    column(key, ReportColumnKind::Bool, value)
}

pub(crate) fn date(key: &'static str, value: ScopedExpr) -> ReportColumn {
    column(key, ReportColumnKind::Date, value)
}

pub(crate) fn instant(key: &'static str, value: ScopedExpr) -> ReportColumn {
    column(key, ReportColumnKind::Instant, value)
}

/// Defines a column of amounts in minor units.
pub(crate) fn money(key: &'static str, amount: ScopedExpr, currency: ScopedExpr) -> ReportColumn {
    ReportColumn { currency: Some(currency), ..column(key, ReportColumnKind::Money, amount) }
}

pub(crate) fn dec4(key: &'static str, value: ScopedExpr) -> ReportColumn {
    column(key, ReportColumnKind::Dec4, value)
}

pub(crate) fn json(key: &'static str, value: ScopedExpr) -> ReportColumn {
    column(key, ReportColumnKind::Json, value)
}

/// Defines a column of a kind that has no function of its own here.
pub(crate) fn column_of_kind(
    key: &'static str,
    kind: ReportColumnKind,
    value: ScopedExpr,
) -> ReportColumn {
    column(key, kind, value)
}

/// Defines a column with the year of a date.
pub(crate) fn year(key: &'static str, date: ScopedExpr) -> ReportColumn {
    int(key, date_part_value("year", date))
}

/// Defines a column with the month of a date, 1 to 12.
pub(crate) fn month(key: &'static str, date: ScopedExpr) -> ReportColumn {
    int(key, date_part_value("month", date))
}

fn date_part_value(name: &'static str, date: ScopedExpr) -> ScopedExpr {
    scoped_expr(move |scope| cast(date_part(lit(name), date(scope)), DataType::Int64))
}

/// Defines a column with a time of day, in microseconds since midnight.
pub(crate) fn time_of_day(key: &'static str, value: ScopedExpr) -> ReportColumn {
    column(key, ReportColumnKind::TimeOfDay, value)
}

/// Defines a column with a day of the week, 0 = Sunday to 6 = Saturday.
pub(crate) fn weekday(key: &'static str, value: ScopedExpr) -> ReportColumn {
    column(key, ReportColumnKind::Weekday, value)
}

/// Defines the measure that counts the rows of a group.
pub(crate) fn count() -> ReportColumn {
    ReportColumn {
        role: ColumnRole::Measure(MeasureAggregation::Count),
        ..int("count", constant_value(lit(1_i64)))
    }
}

/// Defines a measure with the exact sum of amounts, per currency.
pub(crate) fn sum(key: &'static str, amount: ScopedExpr, currency: ScopedExpr) -> ReportColumn {
    ReportColumn {
        role: ColumnRole::Measure(MeasureAggregation::Sum),
        ..money(key, amount, currency)
    }
}

/// Defines a measure with the exact sum of whole numbers; nulls are skipped.
pub(crate) fn total(key: &'static str, number: ScopedExpr) -> ReportColumn {
    ReportColumn { role: ColumnRole::Measure(MeasureAggregation::Total), ..int(key, number) }
}

/// Defines a measure with the mean of whole numbers, rounded half up.
pub(crate) fn mean(key: &'static str, number: ScopedExpr) -> ReportColumn {
    ReportColumn { role: ColumnRole::Measure(MeasureAggregation::Mean), ..int(key, number) }
}

pub(crate) fn list(
    key: &'static str,
    item: &'static ReportColumnKind,
    value: ScopedExpr,
) -> ReportColumn {
    column(key, ReportColumnKind::List(item), value)
}

pub(crate) fn object(key: &'static str, kind: ReportColumnKind, value: ScopedExpr) -> ReportColumn {
    column(key, kind, value)
}

/// Defines a column that is always null (`null!`). Rule: spec/reports.md §16.
pub(crate) fn unmodelled(key: &'static str, word: &'static str) -> ReportColumn {
    column(key, ReportColumnKind::Unmodelled(word), constant_value(null_text()))
}

fn null_text() -> Expr {
    lit(ScalarValue::Utf8(None))
}

impl ReportColumn {
    /// Adds another name by which requests may ask for the column.
    pub(crate) fn alias(mut self, alias: &'static str) -> Self {
        self.aliases.push(alias);
        self
    }

    /// Marks the column as an addition to the vendor's API: never a default and never required.
    pub(crate) fn addition(mut self) -> Self {
        self.is_addition = true;
        self
    }

    /// Sets the currency of the amounts inside the column's list or object.
    pub(crate) fn with_amount_currency(mut self, currency: ScopedExpr) -> Self {
        self.currency = Some(currency);
        self
    }

    pub(crate) fn is_modelled(&self) -> bool {
        !matches!(self.kind, ReportColumnKind::Unmodelled(_))
    }
}

//! One column of a report, and the functions that define columns.

use datafusion::arrow::datatypes::DataType;
use datafusion::functions::datetime::expr_fn::date_part;
use datafusion::logical_expr::{Expr, cast, lit};
use datafusion::scalar::ScalarValue;
use model::output::ObjectText;

use super::value::{Value, fixed, value};

/// One column of a report.
pub(crate) struct Column {
    /// The dotted key, which is the path into a row.
    pub(crate) key: &'static str,
    /// Other names for the column in requests. They are irregular, so they are written out.
    pub(crate) aliases: Vec<&'static str>,
    pub(crate) role: Role,
    pub(crate) kind: Kind,
    pub(crate) is_sortable: bool,
    /// True if the vendor's API lacks the column. Such a column is not a default, and selecting its
    /// parent does not select it.
    pub(crate) is_addition: bool,
    pub(crate) value: Value,
    /// The currency of the amounts in the column.
    pub(crate) currency: Option<Value>,
}

/// The role of a column in its report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// A column of a plain report: one value per base row.
    Column,
    /// A grouping column: rows with equal values form a group.
    Dimension,
    /// A measure: one value per group.
    Measure(Measure),
}

impl Role {
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
pub(crate) enum Measure {
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
pub(crate) enum Kind {
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
    List(&'static Kind),
    Object {
        fields: &'static [(&'static str, Kind)],
        text: ObjectText,
    },
    /// A column that is always null. The word is the type that the catalogue gives.
    Unmodelled(&'static str),
}

impl Kind {
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

fn column(key: &'static str, kind: Kind, value: Value) -> Column {
    let is_sortable =
        !matches!(kind, Kind::List(_) | Kind::Object { .. } | Kind::Json | Kind::Unmodelled(_));
    Column {
        key,
        aliases: vec![],
        role: Role::Column,
        kind,
        is_sortable,
        is_addition: false,
        value,
        currency: None,
    }
}

pub(crate) fn int(key: &'static str, value: Value) -> Column {
    column(key, Kind::Int, value)
}

pub(crate) fn string(key: &'static str, value: Value) -> Column {
    column(key, Kind::Text, value)
}

pub(crate) fn boolean(key: &'static str, value: Value) -> Column {
    column(key, Kind::Bool, value)
}

pub(crate) fn date(key: &'static str, value: Value) -> Column {
    column(key, Kind::Date, value)
}

pub(crate) fn instant(key: &'static str, value: Value) -> Column {
    column(key, Kind::Instant, value)
}

/// Defines a column of amounts in minor units.
pub(crate) fn money(key: &'static str, amount: Value, currency: Value) -> Column {
    Column { currency: Some(currency), ..column(key, Kind::Money, amount) }
}

pub(crate) fn dec4(key: &'static str, value: Value) -> Column {
    column(key, Kind::Dec4, value)
}

pub(crate) fn json(key: &'static str, value: Value) -> Column {
    column(key, Kind::Json, value)
}

/// Defines a column of a kind that has no function of its own here.
pub(crate) fn of_kind(key: &'static str, kind: Kind, value: Value) -> Column {
    column(key, kind, value)
}

/// Defines a column with the year of a date.
pub(crate) fn year(key: &'static str, date: Value) -> Column {
    int(key, part("year", date))
}

/// Defines a column with the month of a date, 1 to 12.
pub(crate) fn month(key: &'static str, date: Value) -> Column {
    int(key, part("month", date))
}

fn part(name: &'static str, date: Value) -> Value {
    value(move |scope| cast(date_part(lit(name), date(scope)), DataType::Int64))
}

/// Defines a column with a time of day, in microseconds since midnight.
pub(crate) fn time_of_day(key: &'static str, value: Value) -> Column {
    column(key, Kind::TimeOfDay, value)
}

/// Defines a column with a day of the week, 0 = Sunday to 6 = Saturday.
pub(crate) fn weekday(key: &'static str, value: Value) -> Column {
    column(key, Kind::Weekday, value)
}

/// Defines the measure that counts the rows of a group.
pub(crate) fn count() -> Column {
    Column { role: Role::Measure(Measure::Count), ..int("count", fixed(lit(1_i64))) }
}

/// Defines a measure with the exact sum of amounts, per currency.
pub(crate) fn sum(key: &'static str, amount: Value, currency: Value) -> Column {
    Column { role: Role::Measure(Measure::Sum), ..money(key, amount, currency) }
}

/// Defines a measure with the exact sum of whole numbers; nulls are skipped.
pub(crate) fn total(key: &'static str, number: Value) -> Column {
    Column { role: Role::Measure(Measure::Total), ..int(key, number) }
}

/// Defines a measure with the mean of whole numbers, rounded half up.
pub(crate) fn mean(key: &'static str, number: Value) -> Column {
    Column { role: Role::Measure(Measure::Mean), ..int(key, number) }
}

pub(crate) fn list(key: &'static str, item: &'static Kind, value: Value) -> Column {
    column(key, Kind::List(item), value)
}

pub(crate) fn object(key: &'static str, kind: Kind, value: Value) -> Column {
    column(key, kind, value)
}

/// Defines a column that is always null (`null!`). Rule: spec/reports.md §16.
pub(crate) fn unmodelled(key: &'static str, word: &'static str) -> Column {
    column(key, Kind::Unmodelled(word), fixed(null_text()))
}

fn null_text() -> Expr {
    lit(ScalarValue::Utf8(None))
}

impl Column {
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
    pub(crate) fn amounts_in(mut self, currency: Value) -> Self {
        self.currency = Some(currency);
        self
    }

    pub(crate) fn is_modelled(&self) -> bool {
        !matches!(self.kind, Kind::Unmodelled(_))
    }
}

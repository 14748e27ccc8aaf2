//! One column of a report.

use datafusion::arrow::datatypes::DataType;
use datafusion::functions::datetime::expr_fn::date_part;
use datafusion::logical_expr::{Expr, cast, lit};
use datafusion::scalar::ScalarValue;
use model::output::ObjectText;

use super::value::{Value, fixed, value};

/// One column.
pub(crate) struct Column {
    /// Dotted key: the path into a row.
    pub(crate) key: &'static str,
    /// Other names it is asked for by. Irregular, so they are written down, never computed.
    pub(crate) aliases: Vec<&'static str>,
    pub(crate) role: Role,
    pub(crate) kind: Kind,
    pub(crate) is_sortable: bool,
    /// The vendor does not have it: not a default, not selected by a parent.
    pub(crate) is_addition: bool,
    pub(crate) value: Value,
    /// The currency of the amounts in it.
    pub(crate) currency: Option<Value>,
}

/// What a column is to its report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// One value per base row.
    Column,
    /// Rows with equal values form a group.
    Dimension,
    /// One value per group.
    Measure(Measure),
}

impl Role {
    /// The word of the discovery documents.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Column => "column",
            Self::Dimension => "dimension",
            Self::Measure(_) => "measure",
        }
    }
}

/// How a measure is computed from the rows of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measure {
    /// The number of rows.
    Count,
    /// The exact sum of the column's value, in the column's currency.
    Sum,
    /// The exact sum of the whole numbers there are; none: null.
    Total,
    /// The mean of the values there are, rounded half up; none: null.
    Mean,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Int,
    Text,
    Bool,
    Date,
    Instant,
    /// Microseconds since midnight.
    TimeOfDay,
    /// 0 = Sunday .. 6 = Saturday; shown by its name, sorted by the provider's week.
    Weekday,
    /// Minor units of the column's currency; the money object.
    Money,
    /// Minor units of the column's currency; a bare decimal. Only inside objects.
    Decimal,
    /// A decimal with four places.
    Dec4,
    /// JSON text.
    Json,
    List(&'static Kind),
    Object {
        fields: &'static [(&'static str, Kind)],
        text: ObjectText,
    },
    /// Always null; the word is the type that the catalogue gives.
    Unmodelled(&'static str),
}

impl Kind {
    /// The word of the catalogue. Rule: spec/reports.md §17.
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

/// Minor units and their currency.
pub(crate) fn money(key: &'static str, amount: Value, currency: Value) -> Column {
    Column { currency: Some(currency), ..column(key, Kind::Money, amount) }
}

pub(crate) fn dec4(key: &'static str, value: Value) -> Column {
    column(key, Kind::Dec4, value)
}

pub(crate) fn json(key: &'static str, value: Value) -> Column {
    column(key, Kind::Json, value)
}

/// Like a column of the same kind that holds no amounts.
pub(crate) fn of_kind(key: &'static str, kind: Kind, value: Value) -> Column {
    column(key, kind, value)
}

/// The year of a date.
pub(crate) fn year(key: &'static str, date: Value) -> Column {
    int(key, part("year", date))
}

/// The month of a date, 1 to 12.
pub(crate) fn month(key: &'static str, date: Value) -> Column {
    int(key, part("month", date))
}

fn part(name: &'static str, date: Value) -> Value {
    value(move |scope| cast(date_part(lit(name), date(scope)), DataType::Int64))
}

/// A time of day, in microseconds since midnight.
pub(crate) fn time_of_day(key: &'static str, value: Value) -> Column {
    column(key, Kind::TimeOfDay, value)
}

/// A day of the week, 0 = Sunday .. 6 = Saturday.
pub(crate) fn weekday(key: &'static str, value: Value) -> Column {
    column(key, Kind::Weekday, value)
}

/// The number of rows of a group.
pub(crate) fn count() -> Column {
    Column { role: Role::Measure(Measure::Count), ..int("count", fixed(lit(1_i64))) }
}

/// The exact sum of amounts, per currency.
pub(crate) fn sum(key: &'static str, amount: Value, currency: Value) -> Column {
    Column { role: Role::Measure(Measure::Sum), ..money(key, amount, currency) }
}

/// The exact sum of whole numbers; nulls are skipped.
pub(crate) fn total(key: &'static str, number: Value) -> Column {
    Column { role: Role::Measure(Measure::Total), ..int(key, number) }
}

/// The mean of whole numbers, rounded half up.
pub(crate) fn mean(key: &'static str, number: Value) -> Column {
    Column { role: Role::Measure(Measure::Mean), ..int(key, number) }
}

pub(crate) fn list(key: &'static str, item: &'static Kind, value: Value) -> Column {
    column(key, Kind::List(item), value)
}

pub(crate) fn object(key: &'static str, kind: Kind, value: Value) -> Column {
    column(key, kind, value)
}

/// A column that is always null (`null!`). Rule: spec/reports.md §16.
pub(crate) fn unmodelled(key: &'static str, word: &'static str) -> Column {
    column(key, Kind::Unmodelled(word), fixed(null_text()))
}

fn null_text() -> Expr {
    lit(ScalarValue::Utf8(None))
}

impl Column {
    /// Also asked for by this name.
    pub(crate) fn alias(mut self, alias: &'static str) -> Self {
        self.aliases.push(alias);
        self
    }

    /// Not the vendor's: never a default, never needed.
    pub(crate) fn addition(mut self) -> Self {
        self.is_addition = true;
        self
    }

    /// The currency of the amounts inside its list or object.
    pub(crate) fn amounts_in(mut self, currency: Value) -> Self {
        self.currency = Some(currency);
        self
    }

    pub(crate) fn is_modelled(&self) -> bool {
        !matches!(self.kind, Kind::Unmodelled(_))
    }
}

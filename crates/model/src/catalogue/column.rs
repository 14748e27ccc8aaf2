//! The definition of a column, and short constructors for the catalogue.

/// One column of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// The column's name.
    pub name: &'static str,
    /// The values that the column takes and their stored form.
    pub kind: ColumnType,
    /// The rule for null and missing values.
    pub presence: Presence,
    /// The table of the same provider whose ids the values are.
    pub references: Option<&'static str>,
    /// True if the store keeps an index on (provider, this column) for point reads.
    pub has_index: bool,
}

/// The values that a column takes. Their stored form: [`crate::cell`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ColumnType {
    /// 64-bit integer within inclusive bounds.
    Int {
        /// Smallest value.
        min: i64,
        /// Greatest value.
        max: i64,
    },
    /// Any text.
    Text,
    /// One of these words, in exactly this spelling.
    Enum(&'static [&'static str]),
    /// True or false.
    Bool,
    /// Civil date `YYYY-MM-DD`.
    Date,
    /// RFC 3339 with offset, or Unix seconds.
    Instant,
    /// Minor units of the row's `currency`.
    Money,
    /// Lower-case ISO 4217.
    Currency,
    /// Upper-case ISO 3166-1 alpha-2.
    Country,
    /// 0..100 with up to 4 decimals, stored in ten-thousandths.
    Percent,
    /// A JSON object, stored in compact form.
    Json,
    /// A membership's allotment, a JSON object (spec/usage.md §2).
    Allotment,
    /// A list of texts.
    TextList,
    /// A list of ids.
    IntList,
}

/// The rule for null and missing values of a column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Presence {
    /// Must be given in a new row and is never null.
    Required,
    /// Null is allowed, and is the value if a new row does not give one.
    Nullable,
    /// Never null. The default applies if the value is missing or null.
    Default(ColumnDefault),
    /// Null is allowed. The default applies only if a new row does not give a value.
    NullableDefault(ColumnDefault),
}

/// The value of a column that the input leaves out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ColumnDefault {
    /// This integer (also used for bools and money).
    Int(i64),
    /// This text (also used for enums, JSON and lists).
    Text(&'static str),
    /// The value of another column of the row.
    Column(&'static str),
    /// The instant at which the import runs.
    ImportInstant,
    /// First and last name joined with one space; null when both are empty.
    FullName,
    /// `shipments` when `shipments_per_interval` > 0, else `time`.
    Recognition,
    /// `total - amount_paid - credit_applied`, not below 0.
    AmountRemaining,
    /// A column of the referenced row, optionally multiplied by a column of this row.
    Parent {
        /// The column of this row that holds the reference.
        via: &'static str,
        /// The column of the referenced row that is copied.
        column: &'static str,
        /// The column of this row to multiply with.
        times: Option<&'static str>,
    },
}

/// A rule between columns, checked on import (code `row_invalid`, with the column).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RowRule {
    /// The column is required if another column has the given value.
    RequiredWhen {
        /// The column that is required.
        column: &'static str,
        /// The column that is compared.
        when: &'static str,
        /// The value that makes `column` required.
        is: &'static str,
    },
    /// The amount is not negative.
    NotNegative(&'static str),
    /// `left + right = total`.
    Sum {
        /// The first summand.
        left: &'static str,
        /// The second summand.
        right: &'static str,
        /// The sum.
        total: &'static str,
    },
    /// `last >= first` where both are given (dates and instants).
    NotBefore {
        /// The later date or instant.
        last: &'static str,
        /// The earlier date or instant.
        first: &'static str,
    },
    /// Exactly one of the two is given; the second also needs a currency.
    OneOf {
        /// The first alternative.
        first: &'static str,
        /// The second alternative, an amount.
        amount: &'static str,
    },
    /// A balance transaction's type agrees with its sign: credit <= 0, debit >= 0.
    SignAgrees,
    /// The row has the currency of the invoice it references. Checked by the store after the call
    /// has been read.
    InvoiceCurrency,
}

impl RowRule {
    /// Returns the columns that the rule uses. The first one is reported as the column at fault.
    pub fn columns(&self) -> Vec<&'static str> {
        match *self {
            Self::RequiredWhen { column, when, .. } => vec![column, when],
            Self::NotNegative(column) => vec![column],
            Self::Sum { left, right, total } => vec![total, left, right],
            Self::NotBefore { last, first } => vec![last, first],
            Self::OneOf { first, amount } => vec![first, amount, "currency"],
            Self::SignAgrees => vec!["amount", "type"],
            Self::InvoiceCurrency => vec!["currency", "invoice_id"],
        }
    }
}

pub(super) const ID: Column =
    Column { references: None, ..int("id").between(1, crate::id::MAX_ID) };
pub(super) const CREATED_AT: Column = instant("created_at").or(ColumnDefault::ImportInstant);
pub(super) const UPDATED_AT: Column = instant("updated_at").or(ColumnDefault::Column("created_at"));

const fn column(name: &'static str, kind: ColumnType) -> Column {
    Column { name, kind, presence: Presence::Required, references: None, has_index: false }
}

pub(super) const fn int(name: &'static str) -> Column {
    column(name, ColumnType::Int { min: i64::MIN, max: i64::MAX })
}

pub(super) const fn text(name: &'static str) -> Column {
    column(name, ColumnType::Text)
}

pub(super) const fn word(name: &'static str, words: &'static [&'static str]) -> Column {
    column(name, ColumnType::Enum(words))
}

pub(super) const fn boolean(name: &'static str, default: bool) -> Column {
    column(name, ColumnType::Bool).or(ColumnDefault::Int(default as i64))
}

pub(super) const fn date(name: &'static str) -> Column {
    column(name, ColumnType::Date)
}

pub(super) const fn instant(name: &'static str) -> Column {
    column(name, ColumnType::Instant)
}

pub(super) const fn money(name: &'static str) -> Column {
    column(name, ColumnType::Money)
}

pub(super) const fn currency() -> Column {
    column("currency", ColumnType::Currency)
}

pub(super) const fn country() -> Column {
    column("country", ColumnType::Country)
}

pub(super) const fn percent(name: &'static str) -> Column {
    column(name, ColumnType::Percent)
}

pub(super) const fn metadata() -> Column {
    column("metadata", ColumnType::Json).or(ColumnDefault::Text("{}"))
}

pub(super) const fn allotment(name: &'static str) -> Column {
    column(name, ColumnType::Allotment)
}

pub(super) const fn texts(name: &'static str) -> Column {
    column(name, ColumnType::TextList).or(ColumnDefault::Text("[]"))
}

pub(super) const fn ids(name: &'static str, target: &'static str) -> Column {
    let list = column(name, ColumnType::IntList).or(ColumnDefault::Text("[]"));
    Column { references: Some(target), ..list }
}

/// Returns a column that references a row of `target`.
pub(super) const fn reference(name: &'static str, target: &'static str) -> Column {
    Column { references: Some(target), ..int(name).between(1, crate::id::MAX_ID) }
}

impl Column {
    /// Allows null.
    pub(super) const fn optional(mut self) -> Self {
        self.presence = Presence::Nullable;
        self
    }

    /// Forbids null and sets a default for missing and null values.
    pub(super) const fn or(mut self, default: ColumnDefault) -> Self {
        self.presence = Presence::Default(default);
        self
    }

    /// Allows null and sets a default for new rows that do not give the column.
    pub(super) const fn optional_or(mut self, default: ColumnDefault) -> Self {
        self.presence = Presence::NullableDefault(default);
        self
    }

    /// Limits the values to integers from `min` to `max`.
    pub(super) const fn between(mut self, min: i64, max: i64) -> Self {
        self.kind = ColumnType::Int { min, max };
        self
    }

    /// Adds an index for point reads.
    pub(super) const fn indexed(mut self) -> Self {
        self.has_index = true;
        self
    }

    /// Returns true if null is a valid stored value after a call has ended.
    pub fn is_nullable(&self) -> bool {
        matches!(self.presence, Presence::Nullable | Presence::NullableDefault(_))
    }

    /// Returns true if values are stored as integers, false if as text.
    pub fn is_integer(&self) -> bool {
        match self.kind {
            ColumnType::Int { .. } | ColumnType::Bool | ColumnType::Date | ColumnType::Instant => {
                true
            }
            ColumnType::Money | ColumnType::Percent => true,
            ColumnType::Text | ColumnType::Enum(_) | ColumnType::Currency | ColumnType::Country => {
                false
            }
            ColumnType::Json
            | ColumnType::Allotment
            | ColumnType::TextList
            | ColumnType::IntList => false,
        }
    }
}

impl ColumnType {
    /// Returns the type's name in `rollbook schema`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Int { .. } => "int",
            Self::Text => "text",
            Self::Enum(_) => "enum",
            Self::Bool => "bool",
            Self::Date => "date",
            Self::Instant => "ts",
            Self::Money => "money",
            Self::Currency => "currency",
            Self::Country => "country",
            Self::Percent => "decimal",
            Self::Json => "json",
            Self::Allotment => "allotment",
            Self::TextList => "text[]",
            Self::IntList => "int[]",
        }
    }
}

//! The columns of a result: reports produce them, file writers read them.
//! Rule: spec/reports.md §3, §7, §13.

/// One column of a result. Columns are listed in display order.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputColumn {
    /// Dotted path into the row: `customer.venue.id`.
    pub key: String,
    /// Display name: `Customer Venue ID`.
    pub label: String,
    /// The type of the values in a record batch and in a file.
    pub kind: OutputKind,
}

/// The type of an output column's values: the Arrow type and the form in files.
///
/// A batch has one Arrow column per [`OutputColumn`], at the same position. Hidden columns follow,
/// such as the currencies that `Money` and `Decimal` point to.
#[derive(Debug, Clone, PartialEq)]
pub enum OutputKind {
    /// Int64.
    Int,
    /// Utf8.
    Text,
    /// Boolean.
    Bool,
    /// Date32.
    Date,
    /// Timestamp(Microsecond, UTC).
    Instant,
    /// Int64 microseconds since midnight; written `HH:MM:SS`.
    TimeOfDay,
    /// Decimal128(18, 4): a rate, with four places.
    Dec4,
    /// Utf8 that holds JSON. Writers drop only the white space between its tokens.
    Json,
    /// Decimal128(38, 0) or Int64 minor units; written as the money object in JSON.
    ///
    /// Inside an object that has a text field `currency`, that field holds the currency, and the
    /// `currency` position is not used.
    Money {
        /// Position of the batch column (Utf8) with the lower-case currency.
        currency: usize,
    },
    /// Minor units as in `Money`, written as a plain decimal number in JSON.
    Decimal {
        /// Position of the batch column (Utf8) with the lower-case currency.
        currency: usize,
    },
    /// List of elements of one kind.
    List(Box<OutputKind>),
    /// Struct; fields in the order in which they are written.
    Object {
        /// Name and kind of each field.
        fields: Vec<(String, OutputKind)>,
        /// The form of the object in one cell of a CSV file.
        text: ObjectText,
    },
}

/// The form of an object in one CSV cell. Rule: spec/reports.md §7.2 no. 5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectText {
    /// The value of this field only: `name`, `membership`, `amount`. An object in it is written by
    /// its own rule.
    Field(&'static str),
    /// All fields that are neither null nor empty, joined by this separator.
    Joined(&'static str),
    /// The two named fields, joined by one space.
    Pair(&'static str, &'static str),
}

impl OutputKind {
    /// Returns the type's name in manifests and catalogues. Rule: spec/exports.md §10.2.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Int => "int",
            Self::Text => "text",
            Self::Bool => "bool",
            Self::Date => "date",
            Self::Instant => "ts",
            Self::TimeOfDay => "time",
            Self::Dec4 => "dec4",
            Self::Json | Self::Object { .. } => "json",
            Self::Money { .. } => "money",
            Self::Decimal { .. } => "decimal",
            Self::List(item) if **item == Self::Text => "list",
            Self::List(_) => "json",
        }
    }
}

impl OutputColumn {
    /// Returns the parts of the dotted key.
    pub fn path(&self) -> impl Iterator<Item = &str> {
        self.key.split('.')
    }
}

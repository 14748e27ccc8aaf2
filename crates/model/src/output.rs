//! The shape of an answer's rows: what a report produces and what a file writer takes.
//! Rule: spec/reports.md §3, §7, §13.

/// One column of an answer, in the order in which it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputColumn {
    /// Dotted path into the row: `customer.venue.id`.
    pub key: String,
    /// Display name: `Customer Venue ID`.
    pub label: String,
    /// How its values are stored in a batch and written to a file.
    pub kind: OutputKind,
}

/// How a value looks in a record batch, and so in every file.
///
/// A batch has one Arrow column per [`OutputColumn`], at the same position, then hidden columns
/// (such as currencies) that `Money` and `Decimal` point to.
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
    /// Utf8 that holds JSON, written as it is but for spaces between its parts.
    Json,
    /// Decimal128(38, 0) or Int64 minor units; written as the money object in JSON.
    ///
    /// Inside an object with a text field `currency`, that field is its currency instead.
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
        /// How it reads in one cell of a CSV file.
        text: ObjectText,
    },
}

/// How an object reads in one CSV cell. Rule: spec/reports.md §7.2 no. 5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectText {
    /// Only this field, followed into objects: `name`, `membership`, `amount`.
    Field(&'static str),
    /// All fields that are neither null nor empty, with this between them.
    Joined(&'static str),
    /// The named fields, with one space between them.
    Pair(&'static str, &'static str),
}

impl OutputKind {
    /// The word for it in manifests and catalogues. Rule: spec/exports.md §10.2.
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
    /// The parts of the dotted key.
    pub fn path(&self) -> impl Iterator<Item = &str> {
        self.key.split('.')
    }
}

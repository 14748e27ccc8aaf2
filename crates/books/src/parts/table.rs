//! Builds record batches from rows of the books, as the writers of files take them. Rule:
//! spec/exports.md §11.

use std::sync::Arc;

use accounting::package::{FieldKind, FieldValue, PackageColumn};
use datafusion::arrow::array::{
    ArrayRef, BooleanBuilder, Date32Builder, Decimal128Builder, Int64Builder, RecordBatch,
    StringBuilder, TimestampMicrosecondBuilder,
};
use datafusion::arrow::datatypes::{DataType, Field as ArrowField, Schema, SchemaRef};
use datafusion::error::DataFusionError;
use mirror::schema;
use model::output::{OutputColumn, OutputKind};

use super::error::BooksError;

/// The name of the column with the currency of a row's amounts.
const CURRENCY_COLUMN: &str = "currency";

/// One column of a table of the books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookTableColumn {
    /// The name, which is also the heading.
    pub name: String,
    /// The type of the values.
    pub kind: FieldKind,
}

impl BookTableColumn {
    /// Makes a column with this name.
    pub fn new(name: impl Into<String>, kind: FieldKind) -> Self {
        Self { name: name.into(), kind }
    }
}

/// Returns the columns of a file of the accounting package.
pub fn table_columns(columns: &[PackageColumn]) -> Vec<BookTableColumn> {
    columns.iter().map(|column| BookTableColumn::new(column.name, column.kind)).collect()
}

/// A builder of batches that collects rows with the same columns.
pub struct BookTableBuilder {
    schema: SchemaRef,
    columns: Vec<BookColumnBuilder>,
    rows: usize,
}

enum BookColumnBuilder {
    Int(Int64Builder),
    Text(StringBuilder),
    Bool(BooleanBuilder),
    Date(Date32Builder),
    Instant(TimestampMicrosecondBuilder),
    Money(Decimal128Builder),
}

/// Returns the columns as the writers of files take them. Amounts are in the currency of the column
/// `currency`, which every table of the books has.
pub fn output_columns(columns: &[BookTableColumn]) -> Vec<OutputColumn> {
    let currency =
        columns.iter().position(|column| column.name == CURRENCY_COLUMN).unwrap_or_default();
    let shown = columns.iter().map(|column| OutputColumn {
        key: column.name.clone(),
        label: column.name.clone(),
        kind: match column.kind {
            FieldKind::Int => OutputKind::Int,
            FieldKind::Text => OutputKind::Text,
            FieldKind::Bool => OutputKind::Bool,
            FieldKind::Date => OutputKind::Date,
            FieldKind::Instant => OutputKind::Instant,
            FieldKind::Money => OutputKind::Money { currency },
        },
    });
    shown.collect()
}

impl BookTableBuilder {
    /// Makes a builder without rows.
    pub fn new(columns: &[BookTableColumn]) -> Self {
        let fields = columns
            .iter()
            .map(|column| ArrowField::new(&column.name, data_type(column.kind), true));
        Self {
            schema: Arc::new(Schema::new(fields.collect::<Vec<_>>())),
            columns: columns.iter().map(|column| BookColumnBuilder::new(column.kind)).collect(),
            rows: 0,
        }
    }

    /// Adds a row with one value per column.
    ///
    /// Errors: the number or type of the values differs from the columns, or a number does not fit
    /// into 64 bits. Such errors are bugs of the caller.
    pub fn push(&mut self, fields: &[FieldValue<'_>]) -> Result<(), BooksError> {
        if fields.len() != self.columns.len() {
            let (got, wanted) = (fields.len(), self.columns.len());
            return Err(mismatch(format!("a row of {got} values in a table of {wanted}")));
        }
        for (position, (builder, field)) in self.columns.iter_mut().zip(fields).enumerate() {
            if !builder.append(field) {
                let name = self.schema.field(position).name();
                return Err(mismatch(format!("column {name} cannot hold {field:?}")));
            }
        }
        self.rows += 1;
        Ok(())
    }

    /// Returns the number of rows collected so far.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Returns the rows collected so far as a batch, and starts a new one.
    pub fn finish(&mut self) -> Result<RecordBatch, BooksError> {
        self.rows = 0;
        let columns = self.columns.iter_mut().map(BookColumnBuilder::finish).collect();
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns);
        Ok(batch.map_err(DataFusionError::from)?)
    }
}

fn mismatch(what: String) -> BooksError {
    DataFusionError::Internal(what).into()
}

fn data_type(kind: FieldKind) -> DataType {
    match kind {
        FieldKind::Int => DataType::Int64,
        FieldKind::Text => DataType::Utf8,
        FieldKind::Bool => DataType::Boolean,
        FieldKind::Date => DataType::Date32,
        FieldKind::Instant => schema::instant(),
        FieldKind::Money => DataType::Decimal128(38, 0),
    }
}

impl BookColumnBuilder {
    fn new(kind: FieldKind) -> Self {
        match kind {
            FieldKind::Int => Self::Int(Int64Builder::new()),
            FieldKind::Text => Self::Text(StringBuilder::new()),
            FieldKind::Bool => Self::Bool(BooleanBuilder::new()),
            FieldKind::Date => Self::Date(Date32Builder::new()),
            FieldKind::Instant => {
                let builder = TimestampMicrosecondBuilder::new();
                Self::Instant(builder.with_data_type(schema::instant()))
            }
            FieldKind::Money => {
                let builder = Decimal128Builder::new();
                Self::Money(builder.with_data_type(data_type(kind)))
            }
        }
    }

    /// Appends a value. Returns false if it does not fit the column.
    fn append(&mut self, field: &FieldValue<'_>) -> bool {
        match (self, field) {
            (Self::Int(builder), FieldValue::Int(value)) => match i64::try_from(*value) {
                Ok(value) => builder.append_value(value),
                Err(_) => return false,
            },
            (Self::Text(builder), FieldValue::Text(text)) => builder.append_value(text),
            (Self::Bool(builder), FieldValue::Bool(value)) => builder.append_value(*value),
            (Self::Date(builder), FieldValue::Date(date)) => builder.append_value(date.days()),
            (Self::Instant(builder), FieldValue::Instant(at)) => builder.append_value(at.micros()),
            (Self::Money(builder), FieldValue::Money(minor)) => builder.append_value(*minor),
            (Self::Int(builder), FieldValue::Empty) => builder.append_null(),
            (Self::Text(builder), FieldValue::Empty) => builder.append_null(),
            (Self::Bool(builder), FieldValue::Empty) => builder.append_null(),
            (Self::Date(builder), FieldValue::Empty) => builder.append_null(),
            (Self::Instant(builder), FieldValue::Empty) => builder.append_null(),
            (Self::Money(builder), FieldValue::Empty) => builder.append_null(),
            _ => return false,
        }
        true
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Int(builder) => Arc::new(builder.finish()),
            Self::Text(builder) => Arc::new(builder.finish()),
            Self::Bool(builder) => Arc::new(builder.finish()),
            Self::Date(builder) => Arc::new(builder.finish()),
            Self::Instant(builder) => Arc::new(builder.finish()),
            Self::Money(builder) => Arc::new(builder.finish()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use model::money::Currency;

    use super::*;

    #[test]
    fn every_file_of_the_package_becomes_a_table() {
        for file in accounting::LedgerFile::ALL {
            let columns = table_columns(&accounting::package::package_columns(file));
            let shown = output_columns(&columns);
            let amounts = shown.iter().filter_map(|column| match column.kind {
                OutputKind::Money { currency } => Some(currency),
                _ => None,
            });
            assert!(amounts.clone().count() >= 7);
            assert!(amounts.clone().all(|at| shown[at].key == CURRENCY_COLUMN), "{file:?}");
            let mut table = BookTableBuilder::new(&columns);
            table.push(&vec![FieldValue::Empty; columns.len()]).unwrap();
            assert_eq!(table.finish().unwrap().num_rows(), 1);
        }
    }

    #[test]
    fn a_value_in_the_wrong_place_is_an_error() {
        let columns = table_columns(accounting::issue::ISSUE_COLUMNS);
        let mut table = BookTableBuilder::new(&columns);
        let usd = Currency::USD;
        let mut row = vec![
            FieldValue::Text(Cow::Borrowed("code")),
            FieldValue::Text(Cow::Borrowed("invoices")),
            FieldValue::Int(1),
            FieldValue::Text(Cow::Borrowed("2024-01")),
            FieldValue::Money(5),
            FieldValue::Text(Cow::Borrowed("message")),
            FieldValue::Text(Cow::Borrowed(usd.code())),
        ];
        table.push(&row).unwrap();
        row[2] = FieldValue::Int(i128::from(i64::MAX) + 1);
        assert!(table.push(&row).is_err());
        row[2] = FieldValue::Bool(true);
        assert!(table.push(&row).is_err());
        assert!(table.push(&row[1..]).is_err());
    }
}

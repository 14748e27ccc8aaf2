//! Tests of the writers: hand-made batches in every format.

mod columnar;
mod cuts;
mod export;
mod report;
mod totals;
mod workbook;

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, Decimal128Array, Int64Array, ListArray, RecordBatch, StringArray, StructArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{Field, Fields};
use model::output::{ObjectText, OutputColumn, OutputKind};

use super::{Dialect, WriteError, WriteOptions, create_writer};
use model::file_format::FileFormat;

/// The rows of a result: visible columns with their values, then hidden ones.
#[derive(Default)]
struct ResultRows {
    columns: Vec<OutputColumn>,
    arrays: Vec<ArrayRef>,
    hidden: Vec<ArrayRef>,
}

impl ResultRows {
    fn column(
        mut self,
        key: &str,
        label: &str,
        kind: OutputKind,
        array: impl Array + 'static,
    ) -> Self {
        self.columns.push(OutputColumn { key: key.to_owned(), label: label.to_owned(), kind });
        self.arrays.push(Arc::new(array));
        self
    }

    fn texts(self, key: &str, label: &str, values: Vec<Option<&str>>) -> Self {
        self.column(key, label, OutputKind::Text, StringArray::from(values))
    }

    fn ints(self, key: &str, label: &str, values: Vec<Option<i64>>) -> Self {
        self.column(key, label, OutputKind::Int, Int64Array::from(values))
    }

    fn hidden(mut self, array: impl Array + 'static) -> Self {
        self.hidden.push(Arc::new(array));
        self
    }

    fn batch(&self) -> RecordBatch {
        let arrays = self.arrays.iter().chain(&self.hidden).cloned().enumerate();
        RecordBatch::try_from_iter(arrays.map(|(number, array)| (number.to_string(), array)))
            .unwrap()
    }

    /// Writes in batches of `size` rows.
    fn write_by(
        &self,
        size: usize,
        format: FileFormat,
        options: &WriteOptions,
    ) -> Result<Vec<u8>, WriteError> {
        let (mut out, batch) = (Vec::new(), self.batch());
        let mut writer = create_writer(format, &self.columns, options)?;
        writer.start(&mut out)?;
        for row in (0..batch.num_rows()).step_by(size) {
            writer.rows(&batch.slice(row, size.min(batch.num_rows() - row)), &mut out)?;
        }
        writer.finish(&mut out)?;
        Ok(out)
    }

    fn write(&self, format: FileFormat) -> Result<Vec<u8>, WriteError> {
        self.write_by(1, format, &WriteOptions::default())
    }

    fn bytes(&self, format: FileFormat, options: &WriteOptions) -> Vec<u8> {
        let by = |size| self.write_by(size, format, options).unwrap();
        assert_eq!(by(1), by(100), "how rows are cut must not show");
        by(1)
    }

    fn text(&self, format: FileFormat, options: &WriteOptions) -> String {
        String::from_utf8(self.bytes(format, options)).unwrap()
    }

    fn json(&self) -> String {
        self.text(FileFormat::Json, &WriteOptions::default())
    }

    fn csv(&self) -> String {
        self.text(FileFormat::Csv, &WriteOptions::default())
    }

    fn export(&self, format: FileFormat) -> String {
        self.text(format, &export())
    }
}

/// An export's file with the settings' defaults.
fn export() -> WriteOptions {
    WriteOptions { dialect: Dialect::Export, ..WriteOptions::default() }
}

fn money(currency: usize) -> OutputKind {
    OutputKind::Money { currency }
}

fn minor(values: Vec<Option<i128>>) -> Decimal128Array {
    Decimal128Array::from(values).with_precision_and_scale(38, 0).unwrap()
}

fn object(
    text: ObjectText,
    fields: Vec<(&str, OutputKind, ArrayRef)>,
) -> (OutputKind, StructArray) {
    let kinds = fields.iter().map(|(name, kind, _)| ((*name).to_owned(), kind.clone())).collect();
    let arrays: Vec<ArrayRef> = fields.iter().map(|(_, _, array)| Arc::clone(array)).collect();
    let schema: Fields = fields
        .iter()
        .map(|(name, _, array)| Field::new(*name, array.data_type().clone(), true))
        .collect();
    (OutputKind::Object { fields: kinds, text }, StructArray::new(schema, arrays, None))
}

fn list(item: (OutputKind, StructArray), lengths: &[usize]) -> (OutputKind, ListArray) {
    let (kind, items) = item;
    let field = Arc::new(Field::new("item", items.data_type().clone(), true));
    let offsets = OffsetBuffer::from_lengths(lengths.iter().copied());
    (OutputKind::List(Box::new(kind)), ListArray::new(field, offsets, Arc::new(items), None))
}

fn texts(values: Vec<Option<&str>>) -> ArrayRef {
    Arc::new(StringArray::from(values))
}

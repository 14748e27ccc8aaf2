//! Columns of a batch as the cells that the readers of `usage` take.

use datafusion::arrow::array::{AsArray, Int64Array, RecordBatch};
use datafusion::arrow::datatypes::Int64Type;
use datafusion::error::{DataFusionError, Result};
use mirror::cells::CellColumn;
use model::catalogue::Table;
use model::cell::CellRef;

/// The columns of a batch of rows of a table, by their position in the catalogue.
pub(super) struct UsageCells<'b> {
    columns: Vec<Option<CellColumn<'b>>>,
}

impl<'b> UsageCells<'b> {
    /// Takes the columns of a batch. Columns that the batch lacks are read as null.
    pub(super) fn from_batch(table: &Table, batch: &'b RecordBatch) -> Result<Self> {
        let columns = table.columns.iter().map(|column| match batch.column_by_name(column.name) {
            Some(array) => CellColumn::new(array.as_ref()).map(Some),
            None => Ok(None),
        });
        Ok(Self { columns: columns.collect::<Result<_>>()? })
    }

    /// Returns a function that gives the cells of a row by their position in the catalogue.
    pub(super) fn at<'c>(&'c self, row: usize) -> impl Fn(usize) -> CellRef<'c> {
        move |position| match self.columns.get(position) {
            Some(Some(column)) => column.cell(row),
            _ => CellRef::Null,
        }
    }
}

/// Returns a column of integers, which must not have nulls. Errors: the batch lacks the column, or
/// it has another type.
pub(super) fn int_column<'b>(batch: &'b RecordBatch, name: &str) -> Result<&'b Int64Array> {
    let found = batch.column_by_name(name).and_then(|array| array.as_primitive_opt::<Int64Type>());
    found.ok_or_else(|| DataFusionError::Internal(format!("usage needs the integers {name}")))
}

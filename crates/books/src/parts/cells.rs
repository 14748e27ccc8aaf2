//! Reads records from batches.

use accounting::records::{RecordReader, TableRecord};
use datafusion::arrow::array::{Array, RecordBatch};
use mirror::cells::CellColumn;
use model::cell::CellRef;

use super::error::BooksError;

/// Returns the value of a column in the first row.
pub(super) fn first_cell(array: &dyn Array) -> Result<CellRef<'_>, BooksError> {
    Ok(CellColumn::new(array)?.cell(0))
}

/// Reads the records in the rows of `batch` for which `is_wanted` is true. The batch holds the
/// columns at `positions` of the catalogue's table, in this order.
pub(super) fn read_batch<R: TableRecord>(
    reader: &RecordReader<R>,
    batch: &RecordBatch,
    positions: &[usize],
    is_wanted: impl Fn(usize) -> bool,
    records: &mut Vec<R>,
) -> Result<(), BooksError> {
    let columns = batch.columns().iter().map(|array| CellColumn::new(array.as_ref()));
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    let place_of = |position: usize| positions.iter().position(|known| *known == position);
    let greatest = positions.iter().max().map_or(0, |greatest| greatest + 1);
    let places: Vec<Option<usize>> = (0..greatest).map(place_of).collect();
    for row in (0..batch.num_rows()).filter(|row| is_wanted(*row)) {
        let record = reader.read(&|position| {
            let place = places.get(position).copied().flatten();
            place.and_then(|place| columns.get(place)).map_or(CellRef::Null, |c| c.cell(row))
        });
        records.push(record?);
    }
    Ok(())
}

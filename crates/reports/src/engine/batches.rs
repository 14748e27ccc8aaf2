//! The layout of the batches of all results: shown columns by key, then currencies.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, ListArray, RecordBatch, UInt32Array};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::compute::{cast, take};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::error::DataFusionError;

use super::output::{ResultColumns, arrow_type};

/// Returns the schema: shown columns by key, then currencies.
pub(crate) fn result_schema(output: &ResultColumns) -> SchemaRef {
    let shown =
        output.columns.iter().map(|column| Field::new(&column.key, arrow_type(&column.kind), true));
    let hidden = (output.columns.len()..output.expressions.len())
        .map(|position| Field::new(format!("currency_{position}"), DataType::Utf8, true));
    Arc::new(Schema::new(shown.chain(hidden).collect::<Vec<_>>()))
}

/// Casts the first columns of a batch to the types of `schema`.
pub(crate) fn cast_to_schema(
    batch: &RecordBatch,
    schema: &SchemaRef,
) -> Result<RecordBatch, DataFusionError> {
    let columns = schema
        .fields()
        .iter()
        .zip(batch.columns())
        .map(|(field, column)| match field.data_type() {
            DataType::List(item) => replace_null_lists(&cast(column, field.data_type())?, item),
            data_type => cast(column, data_type),
        })
        .collect::<Result<Vec<_>, _>>()?;
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}

/// Replaces null lists by empty ones, because reports never show a null list.
fn replace_null_lists(lists: &ArrayRef, item: &FieldRef) -> Result<ArrayRef, ArrowError> {
    let lists = lists.as_list::<i32>();
    if lists.null_count() == 0 {
        return Ok(Arc::new(lists.clone()));
    }
    let length = |row: usize| if lists.is_valid(row) { lists.value_length(row) } else { 0 };
    let first = |row: usize| lists.value_offsets()[row];
    let kept = (0..lists.len()).flat_map(|row| first(row)..first(row) + length(row));
    let kept: UInt32Array = kept.map(i32::unsigned_abs).map(Some).collect();
    let values = take(lists.values(), &kept, None)?;
    let offsets = OffsetBuffer::from_lengths((0..lists.len()).map(|row| length(row) as usize));
    Ok(Arc::new(ListArray::try_new(Arc::clone(item), offsets, values, None)?))
}

//! Conversion of stored rows to Arrow columns.

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BooleanBuilder, Date32Builder, Decimal128Builder, Int64Array, Int64Builder,
    ListBuilder, RecordBatch, StringViewBuilder, TimestampMicrosecondBuilder,
};
use datafusion::arrow::datatypes::SchemaRef;
use model::catalogue::{ColumnType, Table};
use model::cell::CellRef;
use store::{RowKey, StoreError, StoredRow};

use crate::error::MirrorError;
use crate::schema;

/// A builder that collects stored rows of one table and turns them into one batch.
pub(crate) struct RowBuilder {
    table: &'static Table,
    table_schema: SchemaRef,
    segment_schema: SchemaRef,
    columns: Vec<ColumnBuilder>,
    keys: Vec<RowKey>,
    revisions: Vec<i64>,
}

/// A batch of rows with the columns of a segment, and the rows' keys.
pub(crate) struct SegmentRows {
    pub(crate) batch: RecordBatch,
    pub(crate) keys: Vec<RowKey>,
}

impl RowBuilder {
    pub(crate) fn new(table: &'static Table) -> Self {
        Self {
            table,
            table_schema: schema::table_schema(table),
            segment_schema: schema::segment_schema(table),
            columns: table.columns.iter().map(|column| ColumnBuilder::new(column.kind)).collect(),
            keys: Vec::new(),
            revisions: Vec::new(),
        }
    }

    pub(crate) fn push(&mut self, row: &dyn StoredRow) -> Result<(), StoreError> {
        for (position, builder) in self.columns.iter_mut().enumerate() {
            builder.append(row.cell(position)).map_err(|reason| {
                let (table, column) = (self.table.name, self.table.columns[position].name);
                StoreError::Damaged { reason: format!("{table}.{column}: {reason}") }
            })?;
        }
        self.keys.push(row.key());
        self.revisions.push(row.revision().0);
        Ok(())
    }

    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Returns the key of the row that was pushed last.
    pub(crate) fn last_key(&self) -> Option<RowKey> {
        self.keys.last().copied()
    }

    /// Returns the collected rows with the columns that plans see, and empties the builder.
    pub(crate) fn finish_table(&mut self) -> Result<RecordBatch, MirrorError> {
        self.keys.clear();
        self.revisions.clear();
        let mut columns: Vec<ArrayRef> =
            self.columns.iter_mut().map(ColumnBuilder::finish).collect();
        // Builders reserve room for a thousand values, and these batches stay in memory for long.
        columns.iter_mut().filter_map(Arc::get_mut).for_each(|column| column.shrink_to_fit());
        Ok(RecordBatch::try_new(Arc::clone(&self.table_schema), columns)?)
    }

    /// Returns the collected rows with the columns of a segment, and empties the builder.
    pub(crate) fn finish_segment(&mut self) -> Result<SegmentRows, MirrorError> {
        let keys = std::mem::take(&mut self.keys);
        let providers = Int64Array::from_iter_values(keys.iter().map(|key| key.provider.0));
        let revisions = Int64Array::from(std::mem::take(&mut self.revisions));
        let first: ArrayRef = Arc::new(providers);
        let last: ArrayRef = Arc::new(revisions);
        let columns = self.columns.iter_mut().map(ColumnBuilder::finish);
        let columns = std::iter::once(first).chain(columns).chain([last]).collect();
        let batch = RecordBatch::try_new(Arc::clone(&self.segment_schema), columns)?;
        Ok(SegmentRows { batch, keys })
    }
}

/// A builder of one column. For its type, see [`schema::data_type`].
enum ColumnBuilder {
    Int(Int64Builder),
    Bool(BooleanBuilder),
    Date(Date32Builder),
    Instant(TimestampMicrosecondBuilder),
    Percent(Decimal128Builder),
    Text(StringViewBuilder),
    TextList(ListBuilder<StringViewBuilder>),
    IntList(ListBuilder<Int64Builder>),
}

const NOT_AN_INTEGER: &str = "holds something else than an integer";
const NOT_TEXT: &str = "holds something else than text";

impl ColumnBuilder {
    fn new(kind: ColumnType) -> Self {
        match kind {
            ColumnType::Int { .. } | ColumnType::Money => Self::Int(Int64Builder::new()),
            ColumnType::Bool => Self::Bool(BooleanBuilder::new()),
            ColumnType::Date => Self::Date(Date32Builder::new()),
            ColumnType::Instant => {
                let builder = TimestampMicrosecondBuilder::new();
                Self::Instant(builder.with_data_type(schema::instant()))
            }
            ColumnType::Percent => {
                let builder = Decimal128Builder::new();
                Self::Percent(builder.with_data_type(schema::data_type(kind)))
            }
            ColumnType::Text | ColumnType::Enum(_) | ColumnType::Currency | ColumnType::Country => {
                Self::text()
            }
            ColumnType::Json | ColumnType::Allotment => Self::text(),
            ColumnType::TextList => Self::TextList(ListBuilder::new(StringViewBuilder::new())),
            ColumnType::IntList => Self::IntList(ListBuilder::new(Int64Builder::new())),
        }
    }

    fn text() -> Self {
        Self::Text(StringViewBuilder::new())
    }

    fn append(&mut self, cell: CellRef<'_>) -> Result<(), &'static str> {
        match self {
            Self::Int(builder) => builder.append_option(integer(cell)?),
            Self::Bool(builder) => builder.append_option(integer(cell)?.map(|value| value != 0)),
            Self::Date(builder) => {
                let days = integer(cell)?.map(i32::try_from).transpose();
                builder.append_option(days.map_err(|_| "holds a date out of range")?);
            }
            Self::Instant(builder) => builder.append_option(integer(cell)?),
            Self::Percent(builder) => builder.append_option(integer(cell)?.map(i128::from)),
            Self::Text(builder) => builder.append_option(text(cell)?),
            Self::TextList(builder) => append_texts(builder, text(cell)?)?,
            Self::IntList(builder) => append_integers(builder, text(cell)?)?,
        }
        Ok(())
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Int(builder) => Arc::new(builder.finish()),
            Self::Bool(builder) => Arc::new(builder.finish()),
            Self::Date(builder) => Arc::new(builder.finish()),
            Self::Instant(builder) => Arc::new(builder.finish()),
            Self::Percent(builder) => Arc::new(builder.finish()),
            Self::Text(builder) => Arc::new(builder.finish()),
            Self::TextList(builder) => Arc::new(builder.finish()),
            Self::IntList(builder) => Arc::new(builder.finish()),
        }
    }
}

fn integer(cell: CellRef<'_>) -> Result<Option<i64>, &'static str> {
    match cell {
        CellRef::Null => Ok(None),
        CellRef::Int(value) => Ok(Some(value)),
        CellRef::Text(_) => Err(NOT_AN_INTEGER),
    }
}

fn text(cell: CellRef<'_>) -> Result<Option<&str>, &'static str> {
    match cell {
        CellRef::Null => Ok(None),
        CellRef::Text(value) => Ok(Some(value)),
        CellRef::Int(_) => Err(NOT_TEXT),
    }
}

fn append_texts(
    builder: &mut ListBuilder<StringViewBuilder>,
    json: Option<&str>,
) -> Result<(), &'static str> {
    if let Some(json) = json.filter(|json| *json != "[]") {
        let items: Vec<String> =
            serde_json::from_str(json).map_err(|_| "holds no JSON list of texts")?;
        items.iter().for_each(|item| builder.values().append_value(item));
    }
    builder.append(json.is_some());
    Ok(())
}

fn append_integers(
    builder: &mut ListBuilder<Int64Builder>,
    json: Option<&str>,
) -> Result<(), &'static str> {
    if let Some(json) = json.filter(|json| *json != "[]") {
        let items: Vec<i64> =
            serde_json::from_str(json).map_err(|_| "holds no JSON list of integers")?;
        builder.values().append_slice(&items);
    }
    builder.append(json.is_some());
    Ok(())
}

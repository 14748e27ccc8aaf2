//! Arrow schemas of the tables, derived from the catalogue.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use model::catalogue::{Column, ColumnType, Table};

/// The name of the segment column that holds the row's provider. Plans never see it.
pub const PROVIDER_ID: &str = "provider_id";
/// The name of the segment column that holds the revision that last wrote the row.
pub const REVISION: &str = "rev";

/// Returns the schema in which plans see a table: its catalogue columns, in order.
pub fn table_schema(table: &Table) -> SchemaRef {
    Arc::new(Schema::new(table.columns.iter().map(field).collect::<Vec<_>>()))
}

/// Returns the schema of a table's segments: the provider, the catalogue columns, the revision.
pub fn segment_schema(table: &Table) -> SchemaRef {
    let provider = Field::new(PROVIDER_ID, DataType::Int64, false);
    let revision = Field::new(REVISION, DataType::Int64, false);
    let columns = table.columns.iter().map(field);
    let fields = std::iter::once(provider).chain(columns).chain([revision]);
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn field(column: &Column) -> Field {
    Field::new(column.name, data_type(column.kind), column.name != "id")
}

/// Returns the Arrow type of a column's values.
pub fn data_type(kind: ColumnType) -> DataType {
    let list = |item: DataType| DataType::List(Arc::new(Field::new_list_field(item, true)));
    match kind {
        ColumnType::Int { .. } | ColumnType::Money => DataType::Int64,
        ColumnType::Bool => DataType::Boolean,
        ColumnType::Date => DataType::Date32,
        ColumnType::Instant => instant(),
        ColumnType::Percent => DataType::Decimal128(7, 4),
        ColumnType::Text | ColumnType::Enum(_) | ColumnType::Currency | ColumnType::Country => {
            DataType::Utf8View
        }
        ColumnType::Json | ColumnType::Allotment => DataType::Utf8View,
        ColumnType::TextList => list(DataType::Utf8View),
        ColumnType::IntList => list(DataType::Int64),
    }
}

/// Returns the Arrow type of an instant: microseconds in UTC.
pub fn instant() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

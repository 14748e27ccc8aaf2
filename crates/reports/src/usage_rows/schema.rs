//! The columns, and which of them are numbers that have to be computed.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};

/// Columns before this position follow from plans and memberships alone.
pub(super) const FIRST_NUMBER: usize = 6;

/// The columns. `id` counts the rows of a provider from 1, in their order; the same revision gives
/// the same ids, whatever the date.
static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let field = |name: &str, kind: DataType| Field::new(name, kind, true);
    Arc::new(Schema::new(vec![
        Field::new("id", DataType::Int64, false),
        Field::new("customer_membership_id", DataType::Int64, false),
        field("period_type", DataType::Utf8View),
        field("limit_type", DataType::Utf8View),
        field("offering_type_id", DataType::Int64),
        field("is_extra", DataType::Boolean),
        field("start_date", DataType::Date32),
        field("end_date", DataType::Date32),
        field("max_uses", DataType::Int64),
        field("used_count", DataType::Int64),
        field("remaining_count", DataType::Int64),
        field("bookable_count", DataType::Int64),
        field("original_max_uses", DataType::Int64),
        field("active_days", DataType::Int64),
        field("total_days", DataType::Int64),
    ]))
});

pub(super) fn schema() -> SchemaRef {
    Arc::clone(&SCHEMA)
}

pub(super) fn schema_ref() -> &'static SchemaRef {
    &SCHEMA
}

//! One stored row as it is, to show the source of a posting.

use datafusion::arrow::array::{Array, RecordBatch};
use datafusion::logical_expr::lit;
use datafusion::prelude::col;
use mirror::MirrorSession;
use model::catalogue::{Column, ColumnType, Table};
use model::cell::CellRef;
use model::time::{Date, Instant};
use serde_json::{Map, Value};

use super::cells;
use super::error::BooksError;
use super::scan::visit_batches;

/// Returns the values of a row by column name; none if there is no such row. Amounts are in minor
/// units, instants and dates are texts. Columns with lists and rates are left out, because the
/// books never read them. Blocks.
pub fn read_source_row(
    session: &MirrorSession,
    table: &'static Table,
    id: i64,
) -> Result<Option<Map<String, Value>>, BooksError> {
    let columns: Vec<&Column> =
        table.columns.iter().filter(|column| is_plain(column.kind)).collect();
    let names = columns.iter().map(|column| col(format!("t.{}", column.name)).alias(column.name));
    let plan = session.scan(table.name, "t")?.filter(col("t.id").eq(lit(id)))?;
    let plan = plan.project(names.collect::<Vec<_>>())?.build()?;
    let mut found = None;
    visit_batches(session, plan, |batch: &RecordBatch| {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let cells = batch
            .columns()
            .iter()
            .map(|array: &std::sync::Arc<dyn Array>| cells::first_cell(array.as_ref()));
        let cells = cells.collect::<Result<Vec<_>, _>>()?;
        let pairs = columns.iter().zip(cells);
        found = Some(
            pairs
                .map(|(column, cell)| {
                    (column.name.to_owned(), json_value_of_cell(column.kind, cell))
                })
                .collect(),
        );
        Ok(())
    })?;
    Ok(found)
}

fn is_plain(kind: ColumnType) -> bool {
    !matches!(kind, ColumnType::TextList | ColumnType::IntList | ColumnType::Percent)
}

fn json_value_of_cell(kind: ColumnType, cell: CellRef<'_>) -> Value {
    match (kind, cell) {
        (_, CellRef::Null) => Value::Null,
        (ColumnType::Bool, CellRef::Int(value)) => Value::Bool(value != 0),
        (ColumnType::Instant, CellRef::Int(micros)) => {
            Value::String(Instant::from_micros(micros).to_string())
        }
        (ColumnType::Date, CellRef::Int(days)) => i32::try_from(days)
            .map_or(Value::Null, |days| Value::String(Date::from_days(days).to_string())),
        (ColumnType::Json | ColumnType::Allotment, CellRef::Text(text)) => exact_json(text),
        (_, CellRef::Int(value)) => Value::from(value),
        (_, CellRef::Text(text)) => Value::String(text.to_owned()),
    }
}

/// Parses stored JSON. Returns it as text if parsing would change it, for example the digits of a
/// number.
fn exact_json(text: &str) -> Value {
    let read: Option<Value> = serde_json::from_str(text).ok();
    let is_exact = |value: &Value| serde_json::to_string(value).is_ok_and(|again| again == text);
    read.filter(is_exact).unwrap_or_else(|| Value::String(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_shown_as_it_is_stored_or_as_its_text() {
        assert_eq!(exact_json(r#"{"b":1,"a":[0.5]}"#), serde_json::json!({"b": 1, "a": [0.5]}));
        for text in [r#"{"card":89490200001234567890}"#, r#"{"a":1.10}"#, r#"{"a":1e5}"#] {
            assert_eq!(exact_json(text), Value::String(text.to_owned()));
        }
    }
}

//! Names of the rows of small tables, and rows that refer to a given row. For the tables of the
//! views.

use std::collections::BTreeMap;

use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::lit;
use datafusion::prelude::col;
use mirror::MirrorSession;

use super::error::BooksError;
use super::scan::{visit_batches, visit_rows};

/// Returns the `name` of every row of a table by id: plans, products, sites. Blocks.
pub fn read_names(
    session: &MirrorSession,
    table: &str,
) -> Result<BTreeMap<i64, String>, BooksError> {
    let columns = vec![col("t.id").alias("id"), col("t.name").alias("name")];
    let plan = session.scan(table, "t")?.project(columns)?.build()?;
    let mut names = BTreeMap::new();
    visit_batches(session, plan, |batch| {
        let ids = batch.column(0).as_primitive::<Int64Type>();
        let text = cast(batch.column(1), &DataType::Utf8).map_err(DataFusionError::from)?;
        let text = text.as_string::<i32>();
        for row in (0..batch.num_rows()).filter(|row| text.is_valid(*row)) {
            names.insert(ids.value(row), text.value(row).to_owned());
        }
        Ok(())
    })?;
    Ok(names)
}

/// Returns the ids of the rows of a table whose `column` equals `id`. Blocks.
pub fn ids_referring_to(
    session: &MirrorSession,
    table: &str,
    column: &str,
    id: i64,
) -> Result<Vec<i64>, BooksError> {
    let names = col(format!("t.{column}")).eq(lit(id));
    let plan = session.scan(table, "t")?.filter(names)?.project(vec![col("t.id").alias("id")])?;
    let mut ids = Vec::new();
    visit_rows(session, plan, |[id]| ids.extend(id))?;
    Ok(ids)
}

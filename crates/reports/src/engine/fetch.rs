//! The second phase of a page: the rows with given ids, with all columns of the result.

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::compute::concat_batches;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::Expr;
use datafusion::prelude::col;

use super::batches;
use super::gather::gather;
use super::matching::KeptColumns;
use super::needs::ColumnNeeds;
use super::output::ResultColumns;
use crate::definition::RowSource;
use crate::error::ReportError;
use crate::query_scope::QueryScope;

/// Returns the rows with these ids, in their order, in the batch layout of `output`. Columns of the
/// base that are in `kept` are not read again.
pub(crate) async fn fetch_rows(
    scope: &QueryScope<'_>,
    source: &RowSource,
    output: &ResultColumns,
    ids: &[i64],
    kept: Option<KeptColumns>,
) -> Result<RecordBatch, ReportError> {
    let needs = ColumnNeeds::from_expressions(source, &output.expressions);
    let gathered = gather(scope, source, &needs, ids, kept).await?;
    let values = output.expressions.iter().enumerate();
    let mut columns: Vec<Expr> =
        values.map(|(position, value)| value.clone().alias(format!("column_{position}"))).collect();
    columns.push(col("position"));
    let plan = gathered
        .into_plan()?
        .project(columns)?
        .sort(vec![col("position").sort(true, false)])?
        .build()?;
    let found = scope.session.collect(plan).await?;
    let schema = batches::result_schema(output);
    let cast_batches = found
        .iter()
        .map(|batch| batches::cast_to_schema(batch, &schema))
        .collect::<Result<Vec<_>, DataFusionError>>()?;
    let batch = concat_batches(&schema, &cast_batches);
    Ok(batch.map_err(DataFusionError::from)?)
}

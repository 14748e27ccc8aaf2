//! The plan of all matching rows, their number, and the ids of one page in order.

use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::Int64Type;
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::{Expr, JoinType, LogicalPlanBuilder, SortExpr, lit};
use datafusion::prelude::col;
use futures::StreamExt;

use super::needs::Needs;
use super::predicates::base_column;
use super::scope::Scope;
use crate::definition::Report;
use crate::definition::column::Kind;
use crate::definition::relation::Keys;
use crate::error::ReportError;
use crate::functions::order::{decimal_value, lower_case};
use crate::request::question::Question;

/// Up to here the first rows are kept in a heap; past it everything is sorted, which can spill.
const TOP_ROWS_MAX: u64 = 20_000;

/// The base rows joined with what `expressions` read, restricted to those that fulfil
/// `predicates`.
pub(crate) fn rows<'a>(
    scope: &Scope<'_>,
    report: &Report,
    predicates: &'a [Expr],
    expressions: impl IntoIterator<Item = &'a Expr>,
) -> Result<LogicalPlanBuilder, ReportError> {
    let needs = Needs::of(report, predicates.iter().chain(expressions));
    let mut rows = scope.session.scan(report.base.table, report.base.alias)?;
    for relation in report.relations.iter().filter(|relation| needs.reads(relation.alias)) {
        let (outer, inner): (Vec<_>, Vec<_>) = relation
            .on
            .iter()
            .map(|(outer, inner)| (*outer, format!("{}.{inner}", relation.alias)))
            .unzip();
        let inner: Vec<&str> = inner.iter().map(String::as_str).collect();
        let joined = relation.rows(scope, &Keys::All)?.build()?;
        rows = rows.join(joined, JoinType::Left, (outer, inner), None)?;
    }
    match predicates.iter().cloned().reduce(Expr::and) {
        Some(predicate) => Ok(rows.filter(predicate)?),
        None => Ok(rows),
    }
}

/// How many rows match.
pub(crate) async fn total(
    scope: &Scope<'_>,
    report: &Report,
    predicates: &[Expr],
) -> Result<u64, ReportError> {
    let nothing: [&Expr; 0] = [];
    let plan = rows(scope, report, predicates, nothing)?
        .aggregate(Vec::<Expr>::new(), vec![count(lit(1_i64))])?
        .build()?;
    let batches = scope.session.collect(plan).await?;
    let counts = batches.iter().filter(|batch| batch.num_rows() > 0);
    let counts = counts.map(|batch| batch.column(0).as_primitive::<Int64Type>().value(0));
    Ok(counts.sum::<i64>().unsigned_abs())
}

/// The ids of the page's rows, in order.
pub(crate) async fn page_ids(
    scope: &Scope<'_>,
    question: &Question,
    predicates: &[Expr],
    offset: u64,
    limit: u64,
) -> Result<Vec<i64>, ReportError> {
    let report = question.report;
    let keys = sort_keys(scope, question);
    let expressions: Vec<Expr> = keys.iter().map(|(key, _)| key.clone()).collect();
    let mut columns = Vec::new();
    let mut order: Vec<SortExpr> = Vec::new();
    for (position, (key, descending)) in keys.into_iter().enumerate() {
        let name = format!("key_{position}");
        columns.push(key.alias(&name));
        order.push(col(name).sort(!descending, false));
    }
    columns.push(base_column(report, "id").alias("id"));
    order.push(col("id").sort(true, false));
    let last = offset.saturating_add(limit);
    let fetch = (last <= TOP_ROWS_MAX).then_some(last as usize);
    let plan = rows(scope, report, predicates, &expressions)?
        .project(columns)?
        .sort_with_limit(order, fetch)?
        .project(vec![col("id")])?
        .build()?;
    let mut batches = scope.session.stream(plan);
    let mut ids = Vec::new();
    let mut to_skip = offset;
    while let Some(batch) = batches.next().await {
        let batch = batch?;
        for id in batch.column(0).as_primitive::<Int64Type>().values() {
            if to_skip > 0 {
                to_skip -= 1;
            } else if (ids.len() as u64) < limit {
                ids.push(*id);
            } else {
                return Ok(ids);
            }
        }
    }
    Ok(ids)
}

/// What the rows are sorted by, most significant first, and whether descending. The id follows.
fn sort_keys(scope: &Scope<'_>, question: &Question) -> Vec<(Expr, bool)> {
    let report = question.report;
    let id = base_column(report, "id");
    let mut keys = Vec::new();
    for item in &question.sort {
        let column = &report.columns[item.column];
        let value = (column.value)(scope);
        if value == id && !item.descending {
            // Nothing after the primary key can matter.
            break;
        }
        let is_id = value == id;
        match (column.kind, &column.currency) {
            (Kind::Text, _) => {
                keys.push((lower_case(value.clone()), item.descending));
                keys.push((value, item.descending));
            }
            (Kind::Money, Some(currency)) => {
                let currency = currency(scope);
                keys.push((decimal_value(value, currency.clone()), item.descending));
                keys.push((currency, item.descending));
            }
            _ => keys.push((value, item.descending)),
        }
        if is_id {
            break;
        }
    }
    keys
}

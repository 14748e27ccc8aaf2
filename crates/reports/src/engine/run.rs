//! The two phases of a page.

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::compute::concat_batches;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::Expr;
use datafusion::prelude::col;
use mirror::Session;

use super::gather::gather;
use super::needs::Needs;
use super::output::{self, Output};
use super::scope::Scope;
use super::{batches, grouped, identity, matching, predicates};
use crate::error::ReportError;
use crate::page::Page;
use crate::request::PageRequest;
use crate::request::question::Question;

/// Computes one page of a report.
///
/// The same session and request give the same page. Errors: [`ReportError`] when the mirror or a
/// plan fails; because of the request, which is checked, only when the data lacks what it names.
pub async fn run_page(session: &Session, request: &PageRequest) -> Result<Page, ReportError> {
    let question = &*identity::resolve(session, &request.question).await?;
    if let Some(arrangement) = &question.arrangement {
        let (offset, limit) = (request.offset, request.limit);
        return grouped::run::run_page(session, question, arrangement, offset, limit).await;
    }
    let scope = Scope::of(session, question);
    let predicates = predicates::all(&scope, question)?;
    let (offset, limit) = (request.offset, request.limit);
    let (total, ids) = matching::page(&scope, question, &predicates, offset, limit).await?;
    let output = output::lay_out(&scope, question);
    let batches = match ids.as_slice() {
        [] => vec![],
        ids => vec![page_rows(&scope, question, &output, ids).await?],
    };
    let headers = output::headers(question);
    Ok(Page {
        total,
        headers,
        columns: output.columns,
        batches,
        pivot_truncated: false,
        revision: session.revision(),
    })
}

async fn page_rows(
    scope: &Scope<'_>,
    question: &Question,
    output: &Output,
    ids: &[i64],
) -> Result<RecordBatch, ReportError> {
    let needs = Needs::of(question.report, &output.expressions);
    let gathered = gather(scope, question.report, &needs, ids).await?;
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
    let schema = batches::schema(output);
    let found = found.iter().map(|batch| batches::conform(batch, &schema));
    let found = found.collect::<Result<Vec<_>, DataFusionError>>()?;
    let batch = concat_batches(&schema, &found);
    Ok(batch.map_err(DataFusionError::from)?)
}

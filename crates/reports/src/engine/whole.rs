//! All matching rows in order, in batches that are returned as they are computed.
//!
//! Rows of a table in order of id are computed in slices. In any other order they are a single
//! plan: every relation is read once into a hash table, and the base rows are streamed and sorted,
//! on disk if necessary.

use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::prelude::col;
use futures::StreamExt;
use mirror::Session;
use model::output::OutputColumn;

use super::grouped;
use super::identity;
use super::matching::{self, SortKey};
use super::output::{self, Output};
use super::predicates::{self, base_column};
use super::scope::Scope;
use super::{base, batches, slices};
use crate::definition::Report;
use crate::definition::relation::Keys;
use crate::error::ReportError;
use crate::request::FileRequest;
use crate::rows::{RowStream, Rows};

/// Opens all rows of a report.
///
/// The same session and request give the same rows: those of all pages, in the same order.
///
/// Errors: [`ReportError`] if the mirror or a plan fails, here or in the stream. A checked request
/// is refused only if the data lacks something that it names: see [`check_file`].
pub async fn open_rows(session: &Session, request: &FileRequest) -> Result<Rows, ReportError> {
    let question = &*identity::resolve(session, &request.question).await?;
    if let Some(arrangement) = &question.arrangement {
        return grouped::run::open_rows(session, question, arrangement).await;
    }
    let scope = Scope::of(session, question);
    let predicates = predicates::all(&scope, question)?;
    let keys = matching::sort_keys(&scope, question, &predicates);
    let output = output::lay_out(&scope, question);
    let rows = match keys.is_empty() && base::is_stored(question.report) {
        true => open_by_id(&scope, question.report, predicates, None, output).await?,
        false => open_sorted(&scope, question.report, &predicates, &keys, output).await?,
    };
    Ok(Rows { headers: output::headers(question), ..rows })
}

/// Checks a request for a file against the data, so that the job for it cannot be refused later.
pub async fn check_file(session: &Session, request: &FileRequest) -> Result<(), ReportError> {
    identity::resolve(session, &request.question).await.map(|_| ())
}

/// Opens the rows of `report` that meet `predicates`, without headers. They are ordered by the
/// column `by` of the base, which holds an id, and then by their own id.
pub(crate) async fn open_by_id(
    scope: &Scope<'_>,
    report: &'static Report,
    predicates: Vec<Expr>,
    by: Option<&'static str>,
    output: Output,
) -> Result<Rows, ReportError> {
    let sliced = slices::cut(scope, report, predicates, by).await?;
    let columns = output.columns.clone();
    Ok(rows(scope, sliced.total, columns, sliced.stream(scope, output)))
}

/// Opens the rows of `report` that meet `predicates`, without headers, ordered by `keys` and then
/// by id.
async fn open_sorted(
    scope: &Scope<'_>,
    report: &Report,
    predicates: &[Expr],
    keys: &[SortKey],
    output: Output,
) -> Result<Rows, ReportError> {
    let total = matching::total(scope, report, predicates).await?;
    let batches = stream(scope, report, predicates, keys, &output)?;
    Ok(rows(scope, total, output.columns, batches))
}

fn rows(scope: &Scope<'_>, total: u64, columns: Vec<OutputColumn>, batches: RowStream) -> Rows {
    Rows {
        total,
        headers: Vec::new(),
        columns,
        pivot_truncated: false,
        revision: scope.session.revision(),
        batches,
    }
}

/// Returns the rows in the batch layout of `output`.
fn stream(
    scope: &Scope<'_>,
    report: &Report,
    predicates: &[Expr],
    keys: &[SortKey],
    output: &Output,
) -> Result<RowStream, ReportError> {
    let plan = plan(scope, report, predicates, keys, output)?;
    let schema = batches::schema(output);
    let session = scope.session.clone();
    let batches = session.stream(plan).map(move |batch| {
        // Keeps the session alive, because the plan reads files that it holds open.
        let _held = &session;
        Ok(batches::conform(&batch?, &schema)?)
    });
    Ok(batches.boxed())
}

fn plan(
    scope: &Scope<'_>,
    report: &Report,
    predicates: &[Expr],
    keys: &[SortKey],
    output: &Output,
) -> Result<LogicalPlan, ReportError> {
    let base_rows = match keys {
        [] => base::rows_by_id(scope, report)?,
        _ => base::rows(scope, report, &Keys::All)?,
    };
    let shown = |position: usize| format!("column_{position}");
    let expressions = output.expressions.iter().cloned().enumerate();
    let mut values: Vec<(String, Expr)> =
        expressions.map(|(position, value)| (shown(position), value)).collect();
    values.extend(matching::key_values(keys));
    values.push(("id".to_owned(), base_column(report, "id")));
    let last: Vec<Expr> = (0..output.expressions.len()).map(|at| col(shown(at))).collect();
    let rows = matching::select(scope, report, base_rows, predicates, &values)?;
    Ok(rows.sort(matching::order(keys))?.project(last)?.build()?)
}

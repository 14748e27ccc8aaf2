//! All matching rows in order, in batches that are returned as they are computed.
//!
//! Rows of a table in order of id are computed in slices. In any other order they are a single
//! plan: every relation is read once into a hash table, and the base rows are streamed and sorted,
//! on disk if necessary.

use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::prelude::col;
use futures::StreamExt;
use mirror::MirrorSession;
use model::output::OutputColumn;

use super::grouped;
use super::matching::{self, RowSortKey};
use super::output::{self, ResultColumns};
use super::predicates;
use super::resolve_me;
use super::{base, batches, slices};
use crate::definition::RowSource;
use crate::error::ReportError;
use crate::query_scope::QueryScope;
use crate::request::FileRequest;
use crate::rows::{ReportRows, RowStream};

/// Opens all rows of a report.
///
/// The same session and request give the same rows: those of all pages, in the same order.
///
/// Errors: [`ReportError`] if the mirror or a plan fails, here or in the stream. A checked request
/// is refused only if the data lacks something that it names: see [`check_file`].
pub async fn open_rows(
    session: &MirrorSession,
    request: &FileRequest,
) -> Result<ReportRows, ReportError> {
    let query = &*resolve_me::resolve_me(session, &request.query).await?;
    if let Some(arrangement) = &query.arrangement {
        return grouped::run::open_rows(session, query, arrangement).await;
    }
    let scope = query.scope(session);
    let predicates = predicates::query_predicates(&scope, query)?;
    let keys = matching::sort_keys(&scope, query, &predicates);
    let output = output::query_columns(&scope, query);
    let rows = if keys.is_empty() && query.report.source.is_stored() {
        open_by_id(&scope, &query.report.source, predicates, None, output).await?
    } else {
        open_sorted(&scope, &query.report.source, &predicates, &keys, output).await?
    };
    Ok(ReportRows { headers: output::column_headers(query), ..rows })
}

/// Checks a request for a file against the data, so that the job for it cannot be refused later.
pub async fn check_file(session: &MirrorSession, request: &FileRequest) -> Result<(), ReportError> {
    resolve_me::resolve_me(session, &request.query).await.map(|_| ())
}

/// Opens the rows of `source` that meet `predicates`, without headers. They are ordered by the
/// column `by` of the base, which holds an id, and then by their own id.
pub(crate) async fn open_by_id(
    scope: &QueryScope<'_>,
    source: &'static RowSource,
    predicates: Vec<Expr>,
    by: Option<&'static str>,
    output: ResultColumns,
) -> Result<ReportRows, ReportError> {
    let sliced = slices::cut_rows(scope, source, predicates, by).await?;
    let columns = output.columns.clone();
    Ok(rows_without_headers(scope, sliced.total, columns, sliced.stream(scope, output)))
}

/// Opens the rows of `source` that meet `predicates`, without headers, ordered by `keys` and then
/// by id.
async fn open_sorted(
    scope: &QueryScope<'_>,
    source: &RowSource,
    predicates: &[Expr],
    keys: &[RowSortKey],
    output: ResultColumns,
) -> Result<ReportRows, ReportError> {
    let total = matching::count_matching_rows(scope, source, predicates).await?;
    let batches = stream_sorted(scope, source, predicates, keys, &output)?;
    Ok(rows_without_headers(scope, total, output.columns, batches))
}

fn rows_without_headers(
    scope: &QueryScope<'_>,
    total: u64,
    columns: Vec<OutputColumn>,
    batches: RowStream,
) -> ReportRows {
    ReportRows {
        total,
        headers: Vec::new(),
        columns,
        pivot_truncated: false,
        revision: scope.session.revision(),
        batches,
    }
}

/// Returns the rows in the batch layout of `output`.
fn stream_sorted(
    scope: &QueryScope<'_>,
    source: &RowSource,
    predicates: &[Expr],
    keys: &[RowSortKey],
    output: &ResultColumns,
) -> Result<RowStream, ReportError> {
    let plan = plan_sorted(scope, source, predicates, keys, output)?;
    let schema = batches::result_schema(output);
    let session = scope.session.clone();
    let batches = session.stream(plan).map(move |batch| {
        // Keeps the session alive, because the plan reads files that it holds open.
        let _held = &session;
        Ok(batches::cast_to_schema(&batch?, &schema)?)
    });
    Ok(batches.boxed())
}

fn plan_sorted(
    scope: &QueryScope<'_>,
    source: &RowSource,
    predicates: &[Expr],
    keys: &[RowSortKey],
    output: &ResultColumns,
) -> Result<LogicalPlan, ReportError> {
    let base_rows = match keys {
        [] => base::candidate_rows_by_id(scope, source, predicates)?,
        _ => base::candidate_rows(scope, source, predicates)?,
    };
    let shown = |position: usize| format!("column_{position}");
    let expressions = output.expressions.iter().cloned().enumerate();
    let mut values: Vec<(String, Expr)> =
        expressions.map(|(position, value)| (shown(position), value)).collect();
    values.extend(matching::sort_key_values(keys));
    values.push(("id".to_owned(), source.base_column("id")));
    let last: Vec<Expr> = (0..output.expressions.len()).map(|at| col(shown(at))).collect();
    let rows = matching::select_rows(scope, source, base_rows, predicates, &values)?;
    Ok(rows.sort(matching::sort_order(keys))?.project(last)?.build()?)
}

//! Runs exports: their rows, and whether there are any.

use datafusion::error::DataFusionError;
use datafusion::logical_expr::Expr;
use futures::TryStreamExt;
use mirror::MirrorSession;

use super::export_layout::ExportLayout;
use super::export_predicates;
use super::export_request::{ExportRequest, amount_notation};
use super::metadata;
use crate::definition::column::ReportColumn;
use crate::engine::matching;
use crate::engine::output;
use crate::engine::{all_rows, base};
use crate::error::ReportError;
use crate::query_scope::QueryScope;
use crate::rows::ReportRows;

/// Returns true if at least one row matches. Stops at the first one.
pub async fn export_has_rows(
    session: &MirrorSession,
    request: &ExportRequest,
) -> Result<bool, ReportError> {
    let scope = scope_of(session, request);
    let layout = layout_of(request)?;
    let predicates = all_predicates(&scope, layout, request)?;
    let source = &layout.source;
    let rows = base::candidate_rows(&scope, source, &predicates)?;
    let id = [("id".to_owned(), source.base_column("id"))];
    let rows = matching::select_rows(&scope, source, rows, &predicates, &id)?;
    let mut batches = session.stream(rows.limit(0, Some(1))?.build()?);
    while let Some(batch) = batches.try_next().await? {
        if batch.num_rows() > 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Opens all rows of an export, in order. Columns have their heading as key and label.
///
/// The same session and request give the same rows.
///
/// Errors: [`ReportError`] if the mirror or a plan fails, here or in the stream;
/// [`ReportError::TooManyColumns`] for metadata with more keys than a file may have columns.
pub async fn open_export_rows(
    session: &MirrorSession,
    request: &ExportRequest,
) -> Result<ReportRows, ReportError> {
    let scope = scope_of(session, request);
    let layout = layout_of(request)?;
    let predicates = all_predicates(&scope, layout, request)?;
    if request.export_type().is_metadata() {
        return metadata::open_metadata(&scope, layout, &predicates, request).await;
    }
    let chosen: Vec<&ReportColumn> = match &request.columns {
        Some(names) => names.iter().filter_map(|name| layout.column(name)).collect(),
        None => layout.columns.iter().collect(),
    };
    let output = output::named_columns(&scope, &chosen);
    all_rows::open_by_id(&scope, &layout.source, predicates, layout.order, output).await
}

fn all_predicates(
    scope: &QueryScope<'_>,
    layout: &ExportLayout,
    request: &ExportRequest,
) -> Result<Vec<Expr>, ReportError> {
    let mut predicates = export_predicates::export_predicates(scope, layout, request)?;
    if request.export_type().is_metadata() {
        predicates.extend(metadata::has_metadata_condition(request));
    }
    Ok(predicates)
}

fn scope_of<'a>(session: &'a MirrorSession, request: &ExportRequest) -> QueryScope<'a> {
    QueryScope::new(session, request.now).with_amounts(amount_notation(request.format))
}

fn layout_of(request: &ExportRequest) -> Result<&'static ExportLayout, ReportError> {
    let layout = request.export_type().layout(request.is_by_line());
    layout.ok_or_else(|| {
        let package = format!("{} is made of more than rows", request.object());
        DataFusionError::Internal(package).into()
    })
}

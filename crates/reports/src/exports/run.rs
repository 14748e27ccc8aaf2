//! Runs exports: their rows, and whether there are any.

use datafusion::error::DataFusionError;
use datafusion::logical_expr::Expr;
use futures::TryStreamExt;
use mirror::Session;

use super::layout::Layout;
use super::metadata;
use super::predicates;
use super::request::ExportRequest;
use crate::definition::column::Column;
use crate::engine::matching;
use crate::engine::output::{self, Output};
use crate::engine::predicates::base_column;
use crate::engine::scope::Scope;
use crate::engine::whole;
use crate::error::ReportError;
use crate::rows::Rows;

/// Returns true if at least one row matches. Stops at the first one.
pub async fn has_rows(session: &Session, request: &ExportRequest) -> Result<bool, ReportError> {
    let scope = scope_of(session, request);
    let layout = layout_of(request)?;
    let predicates = all_predicates(&scope, layout, request)?;
    let base = layout.report.base;
    let rows = session.scan(base.table, base.alias)?;
    let id = [("id".to_owned(), base_column(&layout.report, "id"))];
    let rows = matching::select(&scope, &layout.report, rows, &predicates, &id)?;
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
pub async fn open_rows(session: &Session, request: &ExportRequest) -> Result<Rows, ReportError> {
    let scope = scope_of(session, request);
    let layout = layout_of(request)?;
    let predicates = all_predicates(&scope, layout, request)?;
    if request.export_type().is_metadata() {
        return metadata::open(&scope, layout, &predicates, request).await;
    }
    let columns = &layout.report.columns;
    let chosen: Vec<&Column> = match &request.columns {
        Some(names) => {
            let chosen = names.iter().filter_map(|name| layout.report.column(name));
            chosen.map(|position| &columns[position]).collect()
        }
        None => columns.iter().collect(),
    };
    let output = output::of_columns(&scope, &chosen);
    open(&scope, layout, &predicates, output).await
}

/// Opens the rows of a layout, in its order.
pub(super) async fn open(
    scope: &Scope<'_>,
    layout: &'static Layout,
    predicates: &[Expr],
    output: Output,
) -> Result<Rows, ReportError> {
    whole::open_by_id(scope, &layout.report, predicates.to_vec(), layout.order, output).await
}

fn all_predicates(
    scope: &Scope<'_>,
    layout: &Layout,
    request: &ExportRequest,
) -> Result<Vec<Expr>, ReportError> {
    let mut predicates = predicates::all(scope, layout, request)?;
    if request.export_type().is_metadata() {
        predicates.extend(metadata::has_rows(request));
    }
    Ok(predicates)
}

fn scope_of<'a>(session: &'a Session, request: &ExportRequest) -> Scope<'a> {
    Scope::new(session, request.now).with_amounts(request.format.amounts())
}

fn layout_of(request: &ExportRequest) -> Result<&'static Layout, ReportError> {
    let layout = request.export_type().layout(request.is_by_line());
    layout.ok_or_else(|| {
        let package = format!("{} is made of more than rows", request.object());
        DataFusionError::Internal(package).into()
    })
}

//! Runs the two phases of a page.

use mirror::MirrorSession;

use super::needs::ColumnNeeds;
use super::output;
use super::{fetch, grouped, matching, predicates, resolve_me};
use crate::error::ReportError;
use crate::page::ReportPage;
use crate::request::PageRequest;

/// Computes one page of a report.
///
/// The same session and request give the same page.
///
/// Errors: [`ReportError`] if the mirror or a plan fails. A checked request is refused only if the
/// data lacks something that it names.
pub async fn run_page(
    session: &MirrorSession,
    request: &PageRequest,
) -> Result<ReportPage, ReportError> {
    let query = &*resolve_me::resolve_me(session, &request.query).await?;
    if let Some(arrangement) = &query.arrangement {
        let (offset, limit) = (request.offset, request.limit);
        return grouped::run::run_page(session, query, arrangement, offset, limit).await;
    }
    let scope = query.scope(session);
    let predicates = predicates::query_predicates(&scope, query)?;
    let output = output::query_columns(&scope, query);
    let needs = ColumnNeeds::from_expressions(&query.report.source, &output.expressions);
    let (offset, limit) = (request.offset, request.limit);
    let found = matching::find_page(&scope, query, &predicates, &needs, offset, limit).await?;
    let total = found.total;
    let batches = match found.ids.as_slice() {
        [] => vec![],
        ids => {
            vec![fetch::fetch_rows(&scope, &query.report.source, &output, ids, found.kept).await?]
        }
    };
    let headers = output::column_headers(query);
    Ok(ReportPage {
        total,
        headers,
        columns: output.columns,
        batches,
        pivot_truncated: false,
        revision: session.revision(),
    })
}

//! Runs the two phases of a page.

use mirror::Session;

use super::needs::Needs;
use super::output;
use super::scope::Scope;
use super::{fetch, grouped, identity, matching, predicates};
use crate::error::ReportError;
use crate::page::Page;
use crate::request::PageRequest;

/// Computes one page of a report.
///
/// The same session and request give the same page.
///
/// Errors: [`ReportError`] if the mirror or a plan fails. A checked request is refused only if the
/// data lacks something that it names.
pub async fn run_page(session: &Session, request: &PageRequest) -> Result<Page, ReportError> {
    let question = &*identity::resolve(session, &request.question).await?;
    if let Some(arrangement) = &question.arrangement {
        let (offset, limit) = (request.offset, request.limit);
        return grouped::run::run_page(session, question, arrangement, offset, limit).await;
    }
    let scope = Scope::of(session, question);
    let predicates = predicates::all(&scope, question)?;
    let output = output::lay_out(&scope, question);
    let needs = Needs::of(question.report, &output.expressions);
    let (offset, limit) = (request.offset, request.limit);
    let found = matching::page(&scope, question, &predicates, &needs, offset, limit).await?;
    let total = found.total;
    let batches = match found.ids.as_slice() {
        [] => vec![],
        ids => vec![fetch::rows(&scope, question.report, &output, ids, found.kept).await?],
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

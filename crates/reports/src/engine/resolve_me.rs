//! Resolves `me` to the instructors with the caller's name. Rule: spec/reports.md §17.5.

use std::borrow::Cow;

use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::Int64Type;
use datafusion::prelude::col;
use mirror::MirrorSession;

use crate::definition::scoped_expr::text_literal;
use crate::error::ReportError;
use crate::request::FieldErrors;
use crate::request::conditions::ConditionValue;
use crate::request::report_query::ReportQuery;

/// Replaces `me` by ids. Errors: [`ReportError::Refused`] if no instructor has the caller's name.
pub(crate) async fn resolve_me<'a>(
    session: &MirrorSession,
    query: &'a ReportQuery,
) -> Result<Cow<'a, ReportQuery>, ReportError> {
    let mut resolved = Cow::Borrowed(query);
    for (position, condition) in query.conditions.iter().enumerate() {
        let ConditionValue::Instructors { ids, me: Some(name) } = &condition.value else {
            continue;
        };
        let own = instructors_named(session, name).await?;
        if own.is_empty() {
            let mut errors = FieldErrors::default();
            let filter = query.report.filters[condition.filter].name;
            errors.push(filter, format!("me is nobody: no instructor is called {name:?}"));
            return Err(ReportError::Refused(errors));
        }
        let ids = ids.iter().copied().chain(own).collect();
        resolved.to_mut().conditions[position].value =
            ConditionValue::Instructors { ids, me: None };
    }
    Ok(resolved)
}

async fn instructors_named(session: &MirrorSession, name: &str) -> Result<Vec<i64>, ReportError> {
    let rows = session.scan("instructors", "n")?;
    let rows = rows.filter(col("n.name").eq(text_literal(name)))?.project(vec![col("n.id")])?;
    let batches = session.collect(rows.build()?).await?;
    let ids = batches.iter().flat_map(|b| b.column(0).as_primitive::<Int64Type>().values());
    Ok(ids.copied().collect())
}

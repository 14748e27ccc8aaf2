//! The rows that a report counts: of a table of the catalogue, or computed ones.

use datafusion::logical_expr::LogicalPlanBuilder;

use super::predicates::base_column;
use super::scope::Scope;
use crate::definition::Report;
use crate::definition::relation::Keys;
use crate::error::ReportError;
use crate::usage_rows;

/// The rows with these ids, in any order.
pub(crate) fn rows(
    scope: &Scope<'_>,
    report: &Report,
    keys: &Keys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let base = report.base;
    match base.table {
        usage_rows::TABLE => usage_rows::rows(scope, base.alias, keys),
        table => {
            let rows = scope.session.scan(table, base.alias)?;
            keys.restrict_sorted(rows, base_column(report, "id"))
        }
    }
}

/// All rows, by id.
pub(crate) fn rows_by_id(
    scope: &Scope<'_>,
    report: &Report,
) -> Result<LogicalPlanBuilder, ReportError> {
    let base = report.base;
    match base.table {
        usage_rows::TABLE => usage_rows::rows(scope, base.alias, &Keys::All),
        table => Ok(scope.session.scan_by_id(table, base.alias)?),
    }
}

/// Whether the rows are those of a table, which can be read in part.
pub(crate) fn is_stored(report: &Report) -> bool {
    report.base.table != usage_rows::TABLE
}

/// The column that `id_gt` walks by: the primary key, or that of what several rows are about.
pub(crate) fn cursor(report: &Report) -> &'static str {
    match report.base.table {
        usage_rows::TABLE => usage_rows::OWNER,
        _ => "id",
    }
}

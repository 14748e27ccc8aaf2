//! The rows that a report counts: of a table of the catalogue, or computed ones.

use datafusion::logical_expr::LogicalPlanBuilder;

use super::needs::Needs;
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

/// The columns of the base to keep of the rows that are found: those that `shown` reads, where
/// `read`, which finds them, reads one that had to be computed. To compute it again for some rows
/// would take most of the work once more.
pub(crate) fn kept<'n>(report: &Report, read: &Needs, shown: &'n Needs) -> Vec<&'n str> {
    let alias = report.base.alias;
    let has_computed = !is_stored(report) && read.columns(alias).any(usage_rows::is_computed);
    match has_computed {
        true => shown.columns(alias).collect(),
        false => Vec::new(),
    }
}

/// The column that `id_gt` walks by: the primary key, or that of what several rows are about.
pub(crate) fn cursor(report: &Report) -> &'static str {
    match report.base.table {
        usage_rows::TABLE => usage_rows::OWNER,
        _ => "id",
    }
}

//! The base rows of a report: rows of a table of the catalogue, or computed ones.

use datafusion::logical_expr::LogicalPlanBuilder;

use super::needs::ColumnNeeds;
use super::predicates::base_column;
use crate::definition::Report;
use crate::definition::relation::RelationKeys;
use crate::error::ReportError;
use crate::query_scope::QueryScope;
use crate::usage_rows;

/// Returns a plan with the base rows with these keys, in any order.
pub(crate) fn base_rows(
    scope: &QueryScope<'_>,
    report: &Report,
    keys: &RelationKeys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let base = report.base;
    match base.table {
        usage_rows::USAGE_TABLE => usage_rows::scan_usage_rows(scope, base.alias, keys),
        table => {
            let rows = scope.session.scan(table, base.alias)?;
            keys.restrict_sorted(rows, base_column(report, "id"))
        }
    }
}

/// Returns a plan with all base rows, ordered by id.
pub(crate) fn base_rows_by_id(
    scope: &QueryScope<'_>,
    report: &Report,
) -> Result<LogicalPlanBuilder, ReportError> {
    let base = report.base;
    match base.table {
        usage_rows::USAGE_TABLE => {
            usage_rows::scan_usage_rows(scope, base.alias, &RelationKeys::All)
        }
        table => Ok(scope.session.scan_by_id(table, base.alias)?),
    }
}

/// Returns true if the base rows are stored in a table, so that a part of them can be read alone.
pub(crate) fn is_stored(report: &Report) -> bool {
    report.base.table != usage_rows::USAGE_TABLE
}

/// Returns the columns of the base that the first phase passes on to the second. If finding the
/// rows (`read`) needs computed columns, these are all base columns that `shown` reads, because
/// computing them again for some rows would cost almost as much as the first time. Otherwise there
/// are none.
pub(crate) fn columns_to_keep<'n>(
    report: &Report,
    read: &ColumnNeeds,
    shown: &'n ColumnNeeds,
) -> Vec<&'n str> {
    let alias = report.base.alias;
    let has_computed = !is_stored(report) && read.columns(alias).any(usage_rows::is_computed);
    if has_computed { shown.columns(alias).collect() } else { Vec::new() }
}

/// Returns the column that `id_gt` compares: the primary key, or for computed rows the id of their
/// membership.
pub(crate) fn cursor_column(report: &Report) -> &'static str {
    match report.base.table {
        usage_rows::USAGE_TABLE => usage_rows::MEMBERSHIP_ID_COLUMN,
        _ => "id",
    }
}

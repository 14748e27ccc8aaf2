//! The base rows of a row source: rows of a table of the catalogue, or computed ones.

use datafusion::logical_expr::LogicalPlanBuilder;

use super::needs::ColumnNeeds;
use crate::definition::RowSource;
use crate::definition::relation::RelationKeys;
use crate::error::ReportError;
use crate::query_scope::QueryScope;
use crate::usage_rows;

/// Returns a plan with the base rows with these keys, in any order.
pub(crate) fn base_rows(
    scope: &QueryScope<'_>,
    source: &RowSource,
    keys: &RelationKeys,
) -> Result<LogicalPlanBuilder, ReportError> {
    match source.table {
        usage_rows::USAGE_TABLE => usage_rows::scan_usage_rows(scope, source.alias, keys),
        table => {
            let rows = scope.session.scan(table, source.alias)?;
            keys.restrict_sorted(rows, source.base_column("id"))
        }
    }
}

/// Returns a plan with all base rows, ordered by id.
pub(crate) fn base_rows_by_id(
    scope: &QueryScope<'_>,
    source: &RowSource,
) -> Result<LogicalPlanBuilder, ReportError> {
    match source.table {
        usage_rows::USAGE_TABLE => {
            usage_rows::scan_usage_rows(scope, source.alias, &RelationKeys::All)
        }
        table => Ok(scope.session.scan_by_id(table, source.alias)?),
    }
}

/// Returns the columns of the base that the first phase passes on to the second. If finding the
/// rows (`read`) needs computed columns, these are all base columns that `shown` reads, because
/// computing them again for some rows would cost almost as much as the first time. Otherwise there
/// are none.
pub(crate) fn columns_to_keep<'n>(
    source: &RowSource,
    read: &ColumnNeeds,
    shown: &'n ColumnNeeds,
) -> Vec<&'n str> {
    let alias = source.alias;
    let has_computed = !source.is_stored() && read.columns(alias).any(usage_rows::is_computed);
    if has_computed { shown.columns(alias).collect() } else { Vec::new() }
}

/// Returns the column that `id_gt` compares: the primary key, or for computed rows the id of their
/// membership.
pub(crate) fn cursor_column(source: &RowSource) -> &'static str {
    match source.table {
        usage_rows::USAGE_TABLE => usage_rows::MEMBERSHIP_ID_COLUMN,
        _ => "id",
    }
}

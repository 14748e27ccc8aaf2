//! The base rows of a row source: rows of a table of the catalogue, or computed ones.

use datafusion::common::ScalarValue;
use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder};
use mirror::{ScanKeys, ScanRequest};

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
        table => keys.scan(scope, table, source.alias, "id"),
    }
}

/// Returns a plan with all base rows that can meet `predicates`, in any order. Others may be among
/// them.
pub(crate) fn candidate_rows(
    scope: &QueryScope<'_>,
    source: &RowSource,
    predicates: &[Expr],
) -> Result<LogicalPlanBuilder, ReportError> {
    scan_candidates(scope, source, predicates, false)
}

/// Returns a plan with the rows of [`candidate_rows`], ordered by id.
pub(crate) fn candidate_rows_by_id(
    scope: &QueryScope<'_>,
    source: &RowSource,
    predicates: &[Expr],
) -> Result<LogicalPlanBuilder, ReportError> {
    scan_candidates(scope, source, predicates, true)
}

fn scan_candidates(
    scope: &QueryScope<'_>,
    source: &RowSource,
    predicates: &[Expr],
    is_by_id: bool,
) -> Result<LogicalPlanBuilder, ReportError> {
    match source.table {
        usage_rows::USAGE_TABLE => {
            usage_rows::scan_usage_rows(scope, source.alias, &RelationKeys::All)
        }
        table => {
            let keys = predicates.iter().find_map(|predicate| keys_of_condition(source, predicate));
            let request = ScanRequest { is_by_id, keys };
            Ok(scope.session.scan_as(table, source.alias, request)?)
        }
    }
}

/// Returns the keys that a base row must have to meet a condition: the ids of a list that a column
/// of the base is compared with. Returns `None` for other conditions, and for columns without an
/// index.
fn keys_of_condition(source: &RowSource, condition: &Expr) -> Option<ScanKeys> {
    let Expr::InList(InList { expr, list, negated: false }) = condition else { return None };
    let Expr::Column(column) = expr.as_ref() else { return None };
    if column.relation.as_ref().is_none_or(|relation| relation.table() != source.alias) {
        return None;
    }
    let id = |item: &Expr| match item {
        Expr::Literal(ScalarValue::Int64(id), _) => *id,
        _ => None,
    };
    let mut ids: Vec<i64> = list.iter().map(id).collect::<Option<_>>()?;
    ids.sort_unstable();
    ids.dedup();
    ScanKeys::new(source.table, &column.name, &ids)
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

//! The first phase of a page: the plan of all matching rows, their number, and the ids of the page.

use datafusion::arrow::array::{ArrayRef, AsArray, RecordBatch};
use datafusion::arrow::compute::concat_batches;
use datafusion::arrow::datatypes::Int64Type;
use datafusion::common::Column;
use datafusion::error::DataFusionError;
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::{
    BinaryExpr, Expr, JoinType, LogicalPlan, LogicalPlanBuilder, Operator, SortExpr, lit,
};
use datafusion::prelude::col;
use futures::StreamExt;

use super::needs::ColumnNeeds;
use super::{base, join_names};
use crate::definition::RowSource;
use crate::definition::column::ReportColumnKind;
use crate::definition::relation::RelationKeys;
use crate::error::ReportError;
use crate::functions::row_counter::RowCounter;
use crate::functions::sort_keys::{comparable_amount, lower_case};
use crate::query_scope::QueryScope;
use crate::request::report_query::ReportQuery;

/// The largest number of first rows that are kept in a heap. Beyond it all rows are sorted, which
/// can spill to disk.
pub(crate) const TOP_ROWS_MAX: u64 = 20_000;

/// One key by which rows are sorted.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RowSortKey {
    pub(crate) value: Expr,
    pub(crate) descending: bool,
}

/// Returns a plan with the rows of `base` that meet `predicates`, projected to these named values.
/// Only relations that are read are joined. The base is the right side of every join, which keeps
/// its order.
pub(crate) fn select_rows(
    scope: &QueryScope<'_>,
    source: &RowSource,
    base: LogicalPlanBuilder,
    predicates: &[Expr],
    values: &[(String, Expr)],
) -> Result<LogicalPlanBuilder, ReportError> {
    let needs = ColumnNeeds::from_expressions(
        source,
        predicates.iter().chain(values.iter().map(|(_, value)| value)),
    );
    let mut rows = join_names::project_join_columns(base, source.alias, &needs)?;
    for relation in source.relations.iter().filter(|relation| needs.reads(relation.alias)) {
        let related = join_names::project_join_columns(
            relation.rows(scope, &RelationKeys::All)?,
            relation.alias,
            &needs,
        )?;
        let inner = |name: &str| join_names::join_column(&format!("{}.{name}", relation.alias));
        let on =
            relation.on.iter().map(|(outer, name)| (inner(name), join_names::join_column(outer)));
        let on: (Vec<Column>, Vec<Column>) = on.unzip();
        rows = related.join(rows.build()?, JoinType::Right, on, None)?;
    }
    if let Some(predicate) = predicates.iter().cloned().reduce(Expr::and) {
        rows = rows.filter(join_names::to_join_expression(&predicate)?)?;
    }
    let values =
        values.iter().map(|(name, value)| Ok(join_names::to_join_expression(value)?.alias(name)));
    let values = values.collect::<Result<Vec<_>, ReportError>>()?;
    if values.is_empty() { Ok(rows) } else { Ok(rows.project(values)?) }
}

/// Returns the number of matching rows.
pub(crate) async fn count_matching_rows(
    scope: &QueryScope<'_>,
    source: &RowSource,
    predicates: &[Expr],
) -> Result<u64, ReportError> {
    let plan = select_rows(
        scope,
        source,
        base::candidate_rows(scope, source, predicates)?,
        predicates,
        &[],
    )?
    .aggregate(Vec::<Expr>::new(), vec![count(lit(1_i64))])?
    .build()?;
    let batches = scope.session.collect(plan).await?;
    let counts = batches.iter().filter(|batch| batch.num_rows() > 0);
    let counts = counts.map(|batch| batch.column(0).as_primitive::<Int64Type>().value(0));
    Ok(counts.sum::<i64>().unsigned_abs())
}

/// Columns of the base by name, with one value per row.
pub(crate) type KeptColumns = Vec<(String, ArrayRef)>;

/// The ids of one page, and the total.
pub(crate) struct FoundPage {
    /// The number of matching rows on all pages.
    pub(crate) total: u64,
    /// The ids of the page's rows, in order.
    pub(crate) ids: Vec<i64>,
    /// Columns of the base in the same order, if finding the page had to compute them for all rows.
    pub(crate) kept: Option<KeptColumns>,
}

/// Counts the matching rows and finds those of a page. `shown` are the columns that the page will
/// need.
pub(crate) async fn find_page(
    scope: &QueryScope<'_>,
    query: &ReportQuery,
    predicates: &[Expr],
    shown: &ColumnNeeds,
    offset: u64,
    limit: u64,
) -> Result<FoundPage, ReportError> {
    let source = &query.report.source;
    if limit == 0 {
        let total = count_matching_rows(scope, source, predicates).await?;
        return Ok(FoundPage { total, ids: Vec::new(), kept: None });
    }
    let keys = sort_keys(scope, query, predicates);
    let id = source.base_column("id");
    let window = RowWindow { offset, limit };
    let needs = ColumnNeeds::from_expressions(source, predicates);
    let is_base_alone = source.relations.iter().all(|relation| !needs.reads(relation.alias));
    if keys.is_empty() && is_base_alone && source.is_stored() {
        // In order of id the plan for the page can stop after its rows. With joins it would read as
        // much as the count does.
        let base = base::candidate_rows_by_id(scope, source, predicates)?;
        let plan = plan_ordered_values(
            scope,
            source,
            base,
            predicates,
            &keys,
            vec![named_id(id)],
            window,
        )?;
        let (total, rows) = futures::try_join!(
            count_matching_rows(scope, source, predicates),
            window.rows(scope, plan)
        )?;
        return Ok(FoundPage { total, ids: read_ids(&rows), kept: None });
    }
    let counter = RowCounter::default();
    let base = base::candidate_rows(scope, source, predicates)?;
    let read = predicates.iter().chain(keys.iter().map(|key| &key.value));
    let kept = match window.fetch() {
        Some(_) => {
            base::columns_to_keep(source, &ColumnNeeds::from_expressions(source, read), shown)
        }
        None => Vec::new(),
    };
    let mut values = vec![named_id(counter.count_rows_of(id))];
    values.extend(kept.iter().map(|name| (format!("kept_{name}"), source.base_column(name))));
    let plan = plan_ordered_values(scope, source, base, predicates, &keys, values, window)?;
    let rows = window.rows(scope, plan).await?;
    let ids = read_ids(&rows);
    let kept = (!kept.is_empty() && !ids.is_empty())
        .then(|| read_kept_columns(&kept, &rows))
        .transpose()?;
    Ok(FoundPage { total: counter.rows(), ids, kept })
}

fn named_id(id: Expr) -> (String, Expr) {
    ("id".to_owned(), id)
}

/// Returns a plan with `values` of the matching rows in order, limited to the rows that the window
/// needs.
fn plan_ordered_values(
    scope: &QueryScope<'_>,
    source: &RowSource,
    base: LogicalPlanBuilder,
    predicates: &[Expr],
    keys: &[RowSortKey],
    values: Vec<(String, Expr)>,
    window: RowWindow,
) -> Result<LogicalPlan, ReportError> {
    let shown: Vec<Expr> = values.iter().map(|(name, _)| col(name)).collect();
    let mut all = sort_key_values(keys);
    all.extend(values);
    let rows = select_rows(scope, source, base, predicates, &all)?;
    let rows = rows.sort_with_limit(sort_order(keys), window.fetch())?;
    Ok(rows.project(shown)?.build()?)
}

/// Returns the values of the first column.
fn read_ids(rows: &[RecordBatch]) -> Vec<i64> {
    let ids = rows.iter().map(|batch| batch.column(0).as_primitive::<Int64Type>());
    ids.flat_map(|ids| ids.values().iter().copied()).collect()
}

/// Returns the columns after the first, under these names.
fn read_kept_columns(names: &[&str], rows: &[RecordBatch]) -> Result<KeptColumns, ReportError> {
    let all = concat_batches(&rows[0].schema(), rows).map_err(DataFusionError::from)?;
    let columns = names.iter().zip(&all.columns()[1..]);
    Ok(columns.map(|(name, column)| ((*name).to_owned(), ArrayRef::clone(column))).collect())
}

/// The rows of an order that are wanted.
#[derive(Debug, Clone, Copy)]
struct RowWindow {
    offset: u64,
    limit: u64,
}

impl RowWindow {
    /// Returns the number of first rows that the window needs; none if they are too many for a
    /// heap.
    fn fetch(self) -> Option<usize> {
        let last = self.offset.saturating_add(self.limit);
        (last <= TOP_ROWS_MAX).then_some(last as usize)
    }

    /// Runs a plan of all rows in order and returns the rows inside the window.
    async fn rows(
        self,
        scope: &QueryScope<'_>,
        plan: LogicalPlan,
    ) -> Result<Vec<RecordBatch>, ReportError> {
        let mut batches = scope.session.stream(plan);
        let (mut to_skip, mut left) = (self.offset, self.limit);
        let mut rows = Vec::new();
        while left > 0
            && let Some(batch) = batches.next().await
        {
            let batch = batch?;
            let length = batch.num_rows() as u64;
            let skipped = to_skip.min(length);
            let taken = left.min(length - skipped);
            (to_skip, left) = (to_skip - skipped, left - taken);
            if taken > 0 {
                rows.push(batch.slice(skipped as usize, taken as usize));
            }
        }
        Ok(rows)
    }
}

/// Returns the sort keys as values, under the names that [`sort_order`] uses.
pub(crate) fn sort_key_values(keys: &[RowSortKey]) -> Vec<(String, Expr)> {
    let keys = keys.iter().enumerate();
    keys.map(|(position, key)| (sort_key_name(position), key.value.clone())).collect()
}

/// Returns the order by the sort keys, then by the column `id`. Nulls come last in both directions.
pub(crate) fn sort_order(keys: &[RowSortKey]) -> Vec<SortExpr> {
    let by = |(position, key): (usize, &RowSortKey)| {
        col(sort_key_name(position)).sort(!key.descending, false)
    };
    keys.iter().enumerate().map(by).chain([col("id").sort(true, false)]).collect()
}

fn sort_key_name(position: usize) -> String {
    format!("key_{position}")
}

/// Returns the keys by which matching rows are sorted, most significant first. The id is not among
/// them and comes last.
pub(crate) fn sort_keys(
    scope: &QueryScope<'_>,
    query: &ReportQuery,
    predicates: &[Expr],
) -> Vec<RowSortKey> {
    let (report, source) = (query.report, &query.report.source);
    let id = source.base_column("id");
    let cursor = source.base_column(base::cursor_column(source));
    let mut keys = Vec::new();
    for (position, item) in query.sort.iter().enumerate() {
        let column = &report.columns[item.column];
        let value = (column.value)(scope);
        if is_fixed_by_predicate(&value, predicates) {
            continue;
        }
        let is_last = cursor == id || position + 1 == query.sort.len();
        if value == cursor && !item.descending && is_last {
            // The rows come in order of the cursor and the primary key, so this item and later ones
            // add nothing.
            break;
        }
        let is_id = value == id;
        let mut push = |value| keys.push(RowSortKey { value, descending: item.descending });
        match (column.kind, &column.currency) {
            (ReportColumnKind::Text, _) => {
                push(lower_case(value.clone()));
                push(value);
            }
            (ReportColumnKind::Money, Some(currency)) => {
                let currency = currency(scope);
                push(comparable_amount(value, currency.clone()));
                push(currency);
            }
            _ => push(value),
        }
        if is_id {
            break;
        }
    }
    keys
}

/// Returns true if a predicate says that the value equals a literal, so that all matching rows
/// share it and sorting by it changes nothing. DataFusion drops such sort keys itself, but it loses
/// the knowledge where a join follows the predicate, and then refuses the plan.
pub(crate) fn is_fixed_by_predicate(value: &Expr, predicates: &[Expr]) -> bool {
    predicates.iter().any(|predicate| match predicate {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) => {
            left.as_ref() == value && matches!(right.as_ref(), Expr::Literal(..))
        }
        _ => false,
    })
}

//! Runs one page of a grouped report, or all of its groups.

use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::datatypes::Int64Type;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};
use futures::{StreamExt, stream};
use mirror::MirrorSession;

use super::keys;
use super::layout::{CurrencyPosition, GroupLayout};
use super::page_rows::{BatchWindow, TopRows};
use super::result_columns::{self, GroupedColumn};
use super::table::GroupTable;
use super::tallies::QueryTallies;
use crate::engine::matching::TOP_ROWS_MAX;
use crate::engine::{batches, predicates};
use crate::error::ReportError;
use crate::page::{ColumnHeader, ReportPage};
use crate::query_scope::QueryScope;
use crate::request::grouped::GroupedOptions;
use crate::request::report_query::ReportQuery;
use crate::rows::{ReportRows, RowStream};

/// Computes one page of a grouped report.
pub(crate) async fn run_page(
    session: &MirrorSession,
    query: &ReportQuery,
    arrangement: &GroupedOptions,
    offset: u64,
    limit: u64,
) -> Result<ReportPage, ReportError> {
    let scope = query.scope(session);
    let groups = PlannedGroups::plan(&scope, query, arrangement).await?;
    let found = groups.find(&scope, offset, limit).await?;
    let rows = if groups.is_deep(&found, offset, limit) {
        groups.deep_page(&scope, offset, limit).await?
    } else {
        found.rows
    };
    let rows =
        rows.map(|rows| batches::cast_to_schema(&rows, &groups.table.schema())).transpose()?;
    let columns = groups.columns(found.currencies.len());
    let mut page = ReportPage {
        total: found.total,
        headers: headers(&columns, arrangement),
        columns: columns.into_iter().map(|column| column.output).collect(),
        batches: rows.into_iter().collect(),
        pivot_truncated: found.has_rows_before,
        revision: session.revision(),
    };
    if groups.has_total_row && page.total == 0 {
        page.total = 1;
        if offset == 0 && limit > 0 {
            page.batches = vec![groups.table.total_row_of_nothing(&scope)?];
        }
    }
    Ok(page)
}

/// Opens all groups of a grouped report.
pub(crate) async fn open_rows(
    session: &MirrorSession,
    query: &ReportQuery,
    arrangement: &GroupedOptions,
) -> Result<ReportRows, ReportError> {
    let scope = query.scope(session);
    let groups = PlannedGroups::plan(&scope, query, arrangement).await?;
    let mut found = groups.find(&scope, 0, TOP_ROWS_MAX).await?;
    let batches: RowStream = if found.total > TOP_ROWS_MAX {
        groups.stream(session)?
    } else {
        let rows = if groups.has_total_row && found.total == 0 {
            Some(groups.table.total_row_of_nothing(&scope)?)
        } else {
            found
                .rows
                .map(|rows| batches::cast_to_schema(&rows, &groups.table.schema()))
                .transpose()?
        };
        found.total = rows.as_ref().map_or(0, |rows| rows.num_rows() as u64);
        stream::iter(rows.map(Ok)).boxed()
    };
    let columns = groups.columns(found.currencies.len());
    Ok(ReportRows {
        total: found.total,
        headers: headers(&columns, arrangement),
        columns: columns.into_iter().map(|column| column.output).collect(),
        pivot_truncated: found.has_rows_before,
        revision: session.revision(),
        batches,
    })
}

fn headers(columns: &[GroupedColumn], arrangement: &GroupedOptions) -> Vec<ColumnHeader> {
    columns.iter().map(|column| column.header(&arrangement.sort)).collect()
}

/// The groups of a query, before they are computed.
struct PlannedGroups {
    table: GroupTable,
    /// A plan with the columns of the table, in any order.
    plan: LogicalPlanBuilder,
    /// True if the result has a row even if there are no rows to group.
    has_total_row: bool,
    currency: CurrencyPosition,
}

/// The results of one pass over all groups.
struct FoundGroups {
    total: u64,
    /// The first two currencies found.
    currencies: Vec<String>,
    /// True if a row belongs to a period before the first one shown.
    has_rows_before: bool,
    rows: Option<RecordBatch>,
}

impl PlannedGroups {
    async fn plan(
        scope: &QueryScope<'_>,
        query: &ReportQuery,
        arrangement: &GroupedOptions,
    ) -> Result<Self, ReportError> {
        let predicates = predicates::query_predicates(scope, query)?;
        let layout = GroupLayout::read(scope, query, arrangement, &predicates).await?;
        let tallies = QueryTallies::for_query(scope, &layout);
        let table = GroupTable::build(scope, &layout, &tallies, &predicates);
        let plan = keys::plan_groups(scope, &layout, &tallies, &predicates)?;
        let plan = plan.project(table.expressions())?;
        let has_total_row = layout.dimensions().next().is_none();
        Ok(Self { table, plan, has_total_row, currency: layout.currency })
    }

    /// Counts all groups and keeps those of a page, unless the page is deep.
    async fn find(
        &self,
        scope: &QueryScope<'_>,
        offset: u64,
        limit: u64,
    ) -> Result<FoundGroups, ReportError> {
        let wanted = match limit {
            0 => 0,
            limit => offset.saturating_add(limit).min(TOP_ROWS_MAX),
        };
        let (table, count) = (&self.table, |rows: u64| usize::try_from(rows).unwrap_or(usize::MAX));
        let mut first =
            TopRows::new(count(wanted), count(offset), table.keys_from(), table.descending());
        let mut found =
            FoundGroups { total: 0, currencies: vec![], has_rows_before: false, rows: None };
        let mut batches = scope.session.stream(self.plan.clone().build()?);
        while let Some(batch) = batches.next().await {
            let batch = batch?;
            found.count_batch(table, &batch);
            first.add(&batch).map_err(DataFusionError::from)?;
        }
        found.rows = first.rows().map_err(DataFusionError::from)?;
        Ok(found)
    }

    /// Returns true if a page lies beyond [`TOP_ROWS_MAX`]. It is then taken from sorted groups,
    /// which DataFusion can spill to disk.
    fn is_deep(&self, found: &FoundGroups, offset: u64, limit: u64) -> bool {
        let last = offset.saturating_add(limit);
        limit > 0 && last > TOP_ROWS_MAX && found.total > TOP_ROWS_MAX.max(offset)
    }

    /// Returns the rows of a deep page.
    async fn deep_page(
        &self,
        scope: &QueryScope<'_>,
        offset: u64,
        limit: u64,
    ) -> Result<Option<RecordBatch>, ReportError> {
        let mut window = BatchWindow::new(offset, limit);
        let mut batches = scope.session.stream(self.sorted()?);
        while let Some(batch) = batches.next().await {
            window.add(&batch?);
            if window.is_full() {
                break;
            }
        }
        Ok(window.rows().map_err(DataFusionError::from)?)
    }

    /// Returns all groups in order, as they are computed.
    fn stream(&self, session: &MirrorSession) -> Result<RowStream, ReportError> {
        let (session, schema) = (session.clone(), self.table.schema());
        let batches = session.stream(self.sorted()?).map(move |batch| {
            // Keeps the session alive, because the plan reads files that it holds open.
            let _held = &session;
            Ok(batches::cast_to_schema(&batch?, &schema)?)
        });
        Ok(batches.boxed())
    }

    fn sorted(&self) -> Result<LogicalPlan, ReportError> {
        Ok(self.plan.clone().sort(self.table.order())?.build()?)
    }

    /// Returns the columns that are shown if the amounts have this number of currencies.
    fn columns(&self, currencies: usize) -> Vec<GroupedColumn> {
        let mut columns = self.table.columns.clone();
        if self.currency == CurrencyPosition::Added && currencies > 1 {
            columns.push(result_columns::currency_column());
        }
        columns
    }
}

impl FoundGroups {
    fn count_batch(&mut self, table: &GroupTable, batch: &RecordBatch) {
        self.total += batch.num_rows() as u64;
        if let Some(place) = table.currency {
            for currency in batch.column(place).as_string_view().iter().flatten() {
                if self.currencies.len() < 2 && !self.currencies.iter().any(|c| c == currency) {
                    self.currencies.push(currency.to_owned());
                }
            }
        }
        if let Some(place) = table.before {
            let counts = batch.column(place).as_primitive::<Int64Type>();
            self.has_rows_before |= counts.values().iter().any(|count| *count > 0);
        }
    }
}

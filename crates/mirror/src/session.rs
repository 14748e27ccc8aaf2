//! Sessions: one provider's tables at one revision.

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};
use futures::TryStreamExt;
use model::catalogue::{self, Table};
use model::id::Revision;
use model::provider::Provider;

use crate::engine::PlanEngine;
use crate::error::MirrorError;
use crate::row_index;
use crate::stream::BatchStream;

/// A source of one provider's tables at one revision. It never gives rows of another provider or
/// revision.
pub trait TableSource: Send + Sync {
    /// Returns the table, with the schema of [`crate::schema::table_schema`]. A source that cannot
    /// do what the request asks for returns all rows in any order.
    fn table(
        &self,
        table: &'static Table,
        request: ScanRequest,
    ) -> Result<Arc<dyn TableProvider>, MirrorError>;
}

/// The form in which a plan would like to have the rows of a table.
#[derive(Debug, Clone, Default)]
pub struct ScanRequest {
    /// True if the rows should come in id order.
    pub is_by_id: bool,
    /// The keys of the rows that are needed. Rows with other keys may come as well, so the plan
    /// tests them itself.
    pub keys: Option<ScanKeys>,
}

/// Values of one column: the id, or a reference or list of references.
#[derive(Debug, Clone)]
pub struct ScanKeys {
    /// The position of the column in the table.
    pub(crate) column: usize,
    /// The values, ascending.
    pub(crate) ids: Arc<[i64]>,
}

/// With more keys than this, a scan of all rows is about as fast.
const KEYS_MAX: usize = 1_024;

impl ScanKeys {
    /// Returns the keys `ids` of a column, which must be ascending. Returns `None` if a search for
    /// them would not help: the column has no index, or they are too many.
    pub fn new(table: &str, column: &str, ids: &[i64]) -> Option<Self> {
        let table = catalogue::table(table)?;
        let position = table.position_of(column)?;
        let is_found = position == catalogue::ID || row_index::is_indexed(&table.columns[position]);
        let is_useful = is_found && ids.len() <= KEYS_MAX;
        is_useful.then(|| Self { column: position, ids: ids.into() })
    }
}

/// A view of one provider's rows at one revision.
#[derive(Clone)]
pub struct MirrorSession {
    engine: Arc<PlanEngine>,
    provider: Arc<Provider>,
    revision: Revision,
    tables: Arc<dyn TableSource>,
}

impl MirrorSession {
    /// Creates a session over tables that are already fixed to one provider and revision.
    pub fn new(
        engine: Arc<PlanEngine>,
        provider: Arc<Provider>,
        revision: Revision,
        tables: Arc<dyn TableSource>,
    ) -> Self {
        Self { engine, provider, revision, tables }
    }

    /// Returns the revision that every read of this session sees.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// Returns the provider, with its settings at the session's revision.
    pub fn provider(&self) -> &Provider {
        &self.provider
    }

    /// Starts a plan with all rows of a table; columns are qualified with `alias`.
    ///
    /// `name` must be a table of the catalogue. An unknown name is a bug of the caller and fails as
    /// [`MirrorError::Damaged`].
    pub fn scan(&self, name: &str, alias: &str) -> Result<LogicalPlanBuilder, MirrorError> {
        self.scan_as(name, alias, ScanRequest::default())
    }

    /// Starts a plan like `scan`, in the form that `request` asks for.
    pub fn scan_as(
        &self,
        name: &str,
        alias: &str,
        request: ScanRequest,
    ) -> Result<LogicalPlanBuilder, MirrorError> {
        let source = provider_as_source(self.tables.table(table(name)?, request)?);
        Ok(LogicalPlanBuilder::scan(alias, source, None)?)
    }

    /// Starts a plan like `scan`, for plans that read all rows in id order.
    ///
    /// The scan is not divided among threads. If the table can guarantee the order, nothing is
    /// sorted. A join keeps the order if these rows are its right side.
    pub fn scan_by_id(&self, name: &str, alias: &str) -> Result<LogicalPlanBuilder, MirrorError> {
        self.scan_as(name, alias, ScanRequest { is_by_id: true, keys: None })
    }

    /// Runs a plan on the engine and yields its batches as they are produced. The plan occupies one
    /// of the provider's plan slots until it has ended or the stream is dropped.
    pub fn stream(&self, plan: LogicalPlan) -> BatchStream {
        self.engine.run(self.provider.id, plan)
    }

    /// Runs a plan whose result is known to be small, and returns all its batches.
    pub async fn collect(&self, plan: LogicalPlan) -> Result<Vec<RecordBatch>, MirrorError> {
        self.stream(plan).try_collect().await
    }

    /// Returns the engine that runs this session's plans.
    pub fn engine(&self) -> &PlanEngine {
        &self.engine
    }
}

fn table(name: &str) -> Result<&'static Table, MirrorError> {
    let table = catalogue::table(name);
    table.ok_or_else(|| MirrorError::damaged(format!("there is no table {name}")))
}

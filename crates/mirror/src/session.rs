//! One provider's tables at one revision.

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};
use futures::TryStreamExt;
use model::catalogue::{self, Table};
use model::id::Revision;
use model::provider::Provider;

use crate::engine::Engine;
use crate::error::MirrorError;
use crate::stream::BatchStream;

/// Gives the tables of one provider at one revision; can give no other rows.
pub trait TableSource: Send + Sync {
    /// The table, with the schema of [`crate::schema::table_schema`].
    fn table(&self, table: &'static Table) -> Result<Arc<dyn TableProvider>, MirrorError>;

    /// The same table, in a form that hands its rows out by id where the source can promise that.
    fn table_by_id(&self, table: &'static Table) -> Result<Arc<dyn TableProvider>, MirrorError> {
        self.table(table)
    }
}

/// Reads one provider's rows at one revision.
#[derive(Clone)]
pub struct Session {
    engine: Arc<Engine>,
    provider: Arc<Provider>,
    revision: Revision,
    tables: Arc<dyn TableSource>,
}

impl Session {
    /// A session over tables that are already fixed to one provider and revision.
    pub fn new(
        engine: Arc<Engine>,
        provider: Arc<Provider>,
        revision: Revision,
        tables: Arc<dyn TableSource>,
    ) -> Self {
        Self { engine, provider, revision, tables }
    }

    /// The revision that every read of this session sees.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// The provider, with its settings at that revision.
    pub fn provider(&self) -> &Provider {
        &self.provider
    }

    /// Begins a plan with all rows of a table; columns are qualified with `alias`.
    ///
    /// `name` is a table of the catalogue; an unknown one is a bug of the caller and fails as
    /// [`MirrorError::Damaged`].
    pub fn scan(&self, name: &str, alias: &str) -> Result<LogicalPlanBuilder, MirrorError> {
        let source = provider_as_source(self.tables.table(table(name)?)?);
        Ok(LogicalPlanBuilder::scan(alias, source, None)?)
    }

    /// The same for a plan that reads all rows and sorts them by id: none of its threads shares
    /// the scan, and where the table can promise the order nothing is sorted. Joins keep the order
    /// when these rows are their right side.
    pub fn scan_by_id(&self, name: &str, alias: &str) -> Result<LogicalPlanBuilder, MirrorError> {
        let source = provider_as_source(self.tables.table_by_id(table(name)?)?);
        Ok(LogicalPlanBuilder::scan(alias, source, None)?)
    }

    /// Runs a plan on the engine; batches come as they are made. It holds one of the provider's
    /// turns until it has ended or is dropped.
    pub fn stream(&self, plan: LogicalPlan) -> BatchStream {
        self.engine.run(self.provider.id, plan)
    }

    /// Runs a plan whose answer is known to be small.
    pub async fn collect(&self, plan: LogicalPlan) -> Result<Vec<RecordBatch>, MirrorError> {
        self.stream(plan).try_collect().await
    }

    /// The engine that runs this session's plans.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }
}

fn table(name: &str) -> Result<&'static Table, MirrorError> {
    let table = catalogue::table(name);
    table.ok_or_else(|| MirrorError::damaged(format!("there is no table {name}")))
}

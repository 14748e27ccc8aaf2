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
use crate::stream::BatchStream;

/// A source of one provider's tables at one revision. It never gives rows of another provider or
/// revision.
pub trait TableSource: Send + Sync {
    /// Returns the table, with the schema of [`crate::schema::table_schema`].
    fn table(&self, table: &'static Table) -> Result<Arc<dyn TableProvider>, MirrorError>;

    /// Returns the table in a form that yields rows in id order, if the source can guarantee that.
    fn table_by_id(&self, table: &'static Table) -> Result<Arc<dyn TableProvider>, MirrorError> {
        self.table(table)
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
        let source = provider_as_source(self.tables.table(table(name)?)?);
        Ok(LogicalPlanBuilder::scan(alias, source, None)?)
    }

    /// Starts a plan like `scan`, for plans that read all rows in id order.
    ///
    /// The scan is not divided among threads. If the table can guarantee the order, nothing is
    /// sorted. A join keeps the order if these rows are its right side.
    pub fn scan_by_id(&self, name: &str, alias: &str) -> Result<LogicalPlanBuilder, MirrorError> {
        let source = provider_as_source(self.tables.table_by_id(table(name)?)?);
        Ok(LogicalPlanBuilder::scan(alias, source, None)?)
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

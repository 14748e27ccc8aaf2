//! The rows as a table that plans scan.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::compute::SortOptions;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::datasource::provider_as_source;
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, TableType};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use futures::future::BoxFuture;

use super::make::{Asked, Maker};
use super::schema::{FIRST_NUMBER, schema, schema_ref};
use super::sources::Sources;
use crate::definition::relation::Keys;
use crate::engine::scope::Scope;
use crate::error::ReportError;

/// The rows with these ids, called `alias`, by id.
pub(crate) fn rows(
    scope: &Scope<'_>,
    alias: &str,
    keys: &Keys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let sources = Sources::of(scope.session)?;
    let asked = Asked { sources, date: scope.usage_date, keys: keys.clone(), has_numbers: false };
    let source = provider_as_source(Arc::new(UsageRows(asked)));
    Ok(LogicalPlanBuilder::scan(alias, source, None)?)
}

struct UsageRows(Asked);

impl fmt::Debug for UsageRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "usage on {}", self.0.date)
    }
}

#[async_trait]
impl TableProvider for UsageRows {
    fn schema(&self) -> SchemaRef {
        schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _session: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let is_number = |position: &usize| *position >= FIRST_NUMBER;
        let has_numbers = projection.is_none_or(|columns| columns.iter().any(is_number));
        let rows = UsageRows(Asked { has_numbers, ..self.0.clone() });
        let id = projection.map_or(Some(0), |columns| columns.iter().position(|at| *at == 0));
        let by_id = id.map(|at| {
            let options = SortOptions { descending: false, nulls_first: false };
            PhysicalSortExpr::new(Arc::new(Column::new("id", at)), options)
        });
        let order = by_id.and_then(|by_id| LexOrdering::new(vec![by_id]));
        let partitions: Vec<Arc<dyn PartitionStream>> = vec![Arc::new(rows)];
        let plan =
            StreamingTableExec::try_new(schema(), partitions, projection, order, false, limit)?;
        Ok(Arc::new(plan))
    }
}

impl PartitionStream for UsageRows {
    fn schema(&self) -> &SchemaRef {
        schema_ref()
    }

    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let begin = Maker::begin(self.0.clone(), context);
        let batches = futures::stream::try_unfold(Progress::New(Box::pin(begin)), step);
        Box::pin(RecordBatchStreamAdapter::new(schema(), batches))
    }
}

/// Where the making stands.
enum Progress {
    New(BoxFuture<'static, Result<Maker>>),
    Open(Box<Maker>),
}

async fn step(progress: Progress) -> Result<Option<(RecordBatch, Progress)>> {
    let mut maker = match progress {
        Progress::New(begin) => Box::new(begin.await?),
        Progress::Open(maker) => maker,
    };
    let batch = maker.next().await?;
    Ok(batch.map(|batch| (batch, Progress::Open(maker))))
}

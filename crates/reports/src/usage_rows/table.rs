//! The table provider that plans scan.

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
use datafusion::physical_expr::expressions::Column as ColumnExpr;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use futures::future::BoxFuture;

use super::row_stream::{UsageRowStream, UsageScanRequest};
use super::schema::{UsageColumn, schema_of};
use super::sources::UsageSources;
use crate::definition::relation::RelationKeys;
use crate::error::ReportError;
use crate::query_scope::QueryScope;

/// Returns a scan of the table, called `alias` and ordered by id, which computes only the rows in
/// `keys`.
pub(crate) fn scan_usage_rows(
    scope: &QueryScope<'_>,
    alias: &str,
    keys: &RelationKeys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let sources = UsageSources::scan(scope.session)?;
    let columns = UsageColumn::at(None);
    let asked = UsageScanRequest { sources, date: scope.usage_date, keys: keys.clone(), columns };
    let source = provider_as_source(Arc::new(UsageRows::for_request(asked)));
    Ok(LogicalPlanBuilder::scan(alias, source, None)?)
}

struct UsageRows {
    asked: UsageScanRequest,
    schema: SchemaRef,
}

impl UsageRows {
    fn for_request(asked: UsageScanRequest) -> Self {
        Self { schema: schema_of(&asked.columns), asked }
    }
}

impl fmt::Debug for UsageRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "usage on {}", self.asked.date)
    }
}

#[async_trait]
impl TableProvider for UsageRows {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
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
        let columns = UsageColumn::at(projection);
        let id = columns.iter().position(|column| *column == UsageColumn::Id);
        let by_id = id.map(|at| {
            let options = SortOptions { descending: false, nulls_first: false };
            PhysicalSortExpr::new(Arc::new(ColumnExpr::new("id", at)), options)
        });
        let order = by_id.and_then(|by_id| LexOrdering::new(vec![by_id]));
        let rows = UsageRows::for_request(UsageScanRequest { columns, ..self.asked.clone() });
        let schema = Arc::clone(&rows.schema);
        let partitions: Vec<Arc<dyn PartitionStream>> = vec![Arc::new(rows)];
        Ok(Arc::new(StreamingTableExec::try_new(schema, partitions, None, order, false, limit)?))
    }
}

impl PartitionStream for UsageRows {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let begin = UsageRowStream::begin(self.asked.clone());
        let batches = futures::stream::try_unfold(UsageStreamState::New(Box::pin(begin)), step);
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), batches))
    }
}

/// The state of the stream of rows.
enum UsageStreamState {
    New(BoxFuture<'static, Result<UsageRowStream>>),
    Open(Box<UsageRowStream>),
}

async fn step(progress: UsageStreamState) -> Result<Option<(RecordBatch, UsageStreamState)>> {
    let mut maker = match progress {
        UsageStreamState::New(begin) => Box::new(begin.await?),
        UsageStreamState::Open(maker) => maker,
    };
    let batch = maker.next().await?;
    Ok(batch.map(|batch| (batch, UsageStreamState::Open(maker))))
}

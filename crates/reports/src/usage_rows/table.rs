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

use super::make::{Asked, Maker};
use super::schema::{Column, schema_of};
use super::sources::Sources;
use crate::definition::relation::Keys;
use crate::engine::scope::Scope;
use crate::error::ReportError;

/// Returns a scan of the table, called `alias` and ordered by id, which computes only the rows in
/// `keys`.
pub(crate) fn rows(
    scope: &Scope<'_>,
    alias: &str,
    keys: &Keys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let sources = Sources::of(scope.session)?;
    let columns = Column::at(None);
    let asked = Asked { sources, date: scope.usage_date, keys: keys.clone(), columns };
    let source = provider_as_source(Arc::new(UsageRows::of(asked)));
    Ok(LogicalPlanBuilder::scan(alias, source, None)?)
}

struct UsageRows {
    asked: Asked,
    schema: SchemaRef,
}

impl UsageRows {
    fn of(asked: Asked) -> Self {
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
        let columns = Column::at(projection);
        let id = columns.iter().position(|column| *column == Column::Id);
        let by_id = id.map(|at| {
            let options = SortOptions { descending: false, nulls_first: false };
            PhysicalSortExpr::new(Arc::new(ColumnExpr::new("id", at)), options)
        });
        let order = by_id.and_then(|by_id| LexOrdering::new(vec![by_id]));
        let rows = UsageRows::of(Asked { columns, ..self.asked.clone() });
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
        let begin = Maker::begin(self.asked.clone());
        let batches = futures::stream::try_unfold(Progress::New(Box::pin(begin)), step);
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), batches))
    }
}

/// The state of the stream of rows.
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

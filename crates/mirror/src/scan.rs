//! One provider's rows of one table at one revision, as a table that plans can scan.
//!
//! The scan reads only the rows that the manifest gives to the provider, minus those that
//! changed since, plus the delta. No predicate is needed to keep other providers' rows out.
//!
//! Threads share a scan, and a thread that is done early takes work from others, so rows come in
//! any order. A scan in id order uses the order that segments and the delta already have.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::compute::SortOptions;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Statistics;
use datafusion::common::stats::Precision;
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::Result;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::union::UnionExec;
use model::catalogue::{self, Table};
use model::id::ProviderId;

use crate::delta::ProviderDelta;
use crate::error::MirrorError;
use crate::locate::{self, RowMasks};
use crate::reader::SegmentReaderFactory;
use crate::scan_files::{self, SegmentSlice};
use crate::schema;
use crate::session::ScanRequest;
use crate::state::MirrorState;

/// A table of one provider in one state.
pub(crate) struct ProviderTable {
    table: &'static Table,
    provider: ProviderId,
    state: Arc<MirrorState>,
    schema: SchemaRef,
    request: ScanRequest,
}

impl ProviderTable {
    pub(crate) fn new(
        table: &'static Table,
        provider: ProviderId,
        state: Arc<MirrorState>,
        request: ScanRequest,
    ) -> Self {
        let schema = schema::table_schema(table);
        Self { table, provider, state, schema, request }
    }

    /// Returns the provider's rows in the segments.
    fn parts(&self, delta: Option<&ProviderDelta>) -> Result<Vec<SegmentSlice>, MirrorError> {
        let base = &self.state.base;
        let masks = match delta {
            Some(delta) => {
                locate::find_masks(&base.tables[self.table.position], self.provider, delta)?
            }
            None => Arc::<RowMasks>::default(),
        };
        let segments = base.segments_of(self.table.position, self.provider);
        let part = |(position, segment)| {
            let masked = masks.rows_in_segment(position);
            let keys = self.request.keys.as_ref();
            SegmentSlice::new(segment, self.provider, masked, keys).transpose()
        };
        segments.filter_map(part).collect()
    }

    fn scan_segments(
        &self,
        parts: &[SegmentSlice],
        threads: usize,
        projection: Option<&Vec<usize>>,
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let groups = if self.request.is_by_id {
            scan_files::files_by_id(&self.schema, parts).map(|files| vec![files])
        } else {
            scan_files::divide_into_file_groups(parts, threads)
        };
        let groups = groups.map_err(MirrorError::into_plan)?;
        let source = ParquetSource::new(TableSchema::from(Arc::clone(&self.schema)))
            .with_parquet_file_reader_factory(Arc::new(SegmentReaderFactory))
            .with_enable_page_index(true)
            // Segments have no bloom filters, and looking for them would open each file once more.
            .with_bloom_filter_on_read(false);
        let config =
            FileScanConfigBuilder::new(ObjectStoreUrl::local_filesystem(), Arc::new(source))
                .with_file_groups(groups.into_iter().map(FileGroup::new).collect())
                .with_statistics(self.statistics(parts))
                .with_output_ordering(self.order())
                .with_limit(limit)
                .with_projection_indices(projection.cloned())?
                .build();
        Ok(DataSourceExec::from_data_source(config))
    }

    fn scan_delta(
        &self,
        delta: Option<&ProviderDelta>,
        projection: Option<&Vec<usize>>,
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let rows = delta.map(|delta| delta.rows.clone());
        let partitions = [rows.into_iter().collect()];
        let schema = Arc::clone(&self.schema);
        let source = MemorySourceConfig::try_new(&partitions, schema, projection.cloned())?;
        let source = source.try_with_sort_information(self.order())?;
        Ok(DataSourceExec::from_data_source(source.with_limit(limit)))
    }

    /// Returns the order that the scan guarantees, if any.
    fn order(&self) -> Vec<LexOrdering> {
        let name = self.schema.field(catalogue::ID).name();
        let id = Arc::new(Column::new(name, catalogue::ID));
        let ascending = SortOptions { descending: false, nulls_first: false };
        let order = LexOrdering::new([PhysicalSortExpr::new(id, ascending)]);
        order.into_iter().filter(|_| self.request.is_by_id).collect()
    }

    /// Returns statistics with exact row counts, so that joins build their hash table from the
    /// smaller side and counts need no scan. A scan in id order has no row count, because a join
    /// whose build side it became would lose the order.
    fn statistics(&self, parts: &[SegmentSlice]) -> Statistics {
        let rows = parts.iter().map(SegmentSlice::rows_shown).sum();
        let mut statistics = scan_files::id_bounds(&self.schema, parts);
        if !self.request.is_by_id {
            statistics.num_rows = Precision::Exact(rows);
            statistics.column_statistics[catalogue::ID].distinct_count = Precision::Exact(rows);
        }
        statistics
    }
}

#[async_trait]
impl TableProvider for ProviderTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        // The optimizer pushes filters down to the segments later.
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let delta = self.state.delta(self.table.position, self.provider).map(AsRef::as_ref);
        let parts = self.parts(delta).map_err(MirrorError::into_plan)?;
        let threads = session.config().target_partitions();
        let mut inputs = Vec::with_capacity(2);
        if !parts.is_empty() {
            inputs.push(self.scan_segments(&parts, threads, projection, limit)?);
        }
        if inputs.is_empty() || delta.is_some_and(|delta| delta.rows.num_rows() > 0) {
            inputs.push(self.scan_delta(delta, projection, limit)?);
        }
        UnionExec::try_new(inputs)
    }
}

impl fmt::Debug for ProviderTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let revision = self.state.revision;
        write!(f, "{} of provider {} at revision {revision}", self.table.name, self.provider)
    }
}

//! Reads segments for plans: blocking file reads on the plan's thread, footers from memory.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::ParquetFileReaderFactory;
use datafusion::error::{DataFusionError, Result};
use datafusion::parquet::arrow::arrow_reader::ArrowReaderOptions;
use datafusion::parquet::arrow::async_reader::AsyncFileReader;
use datafusion::parquet::errors::ParquetError;
use datafusion::parquet::file::metadata::ParquetMetaData;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::future::BoxFuture;

use crate::blocks::SegmentFile;
use crate::error::MirrorError;
use crate::segment::Segment;

/// Opens the segment that a scan attached to each of its files.
#[derive(Debug)]
pub(crate) struct SegmentReaderFactory;

impl ParquetFileReaderFactory for SegmentReaderFactory {
    fn create_reader(
        &self,
        _partition: usize,
        file: PartitionedFile,
        _metadata_size_hint: Option<usize>,
        _metrics: &ExecutionPlanMetricsSet,
    ) -> Result<Box<dyn AsyncFileReader + Send>> {
        let segment = file.extension::<Arc<Segment>>().ok_or_else(|| {
            DataFusionError::Internal("a scan of the mirror lost its segment".to_owned())
        })?;
        let file = segment.open().map_err(MirrorError::into_plan)?;
        Ok(Box::new(SegmentReader { file }))
    }
}

struct SegmentReader {
    file: SegmentFile,
}

impl AsyncFileReader for SegmentReader {
    fn get_bytes(
        &mut self,
        range: Range<u64>,
    ) -> BoxFuture<'_, std::result::Result<Bytes, ParquetError>> {
        Box::pin(async move { self.file.read(&range).map_err(MirrorError::into_parquet) })
    }

    fn get_byte_ranges(
        &mut self,
        ranges: Vec<Range<u64>>,
    ) -> BoxFuture<'_, std::result::Result<Vec<Bytes>, ParquetError>> {
        Box::pin(async move {
            let read = |range| self.file.read(range).map_err(MirrorError::into_parquet);
            ranges.iter().map(read).collect()
        })
    }

    fn get_metadata<'a>(
        &'a mut self,
        _options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, std::result::Result<Arc<ParquetMetaData>, ParquetError>> {
        Box::pin(async move { self.file.segment().metadata().map_err(MirrorError::into_parquet) })
    }
}

//! Writer of Parquet files. Rule: spec/exports.md §11.

use std::io::Write;
use std::sync::Arc;

use arrow::array::RecordBatch;
use model::output::OutputColumn;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};

use super::columnar::ColumnarChunks;
use super::options::WriteOptions;
use super::{RowWriter, WriteError, flush_buffer};
use model::file_format::FileFormat;

const ROW_GROUP_ROWS: usize = 131_072;

/// Writes row groups of 131,072 rows, and keeps the current one in memory, encoded.
pub(super) struct ParquetRows {
    columnar: ColumnarChunks,
    /// `None` once the file is finished.
    writer: Option<ArrowWriter<Vec<u8>>>,
}

impl ParquetRows {
    /// Creates a writer of rows with these columns.
    pub(super) fn new(
        columns: &[OutputColumn],
        options: &WriteOptions,
    ) -> Result<Self, WriteError> {
        let columnar = ColumnarChunks::new(FileFormat::Parquet, columns, options);
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .build();
        let schema = Arc::clone(columnar.schema());
        let writer = ArrowWriter::try_new(Vec::new(), schema, Some(properties));
        Ok(Self { columnar, writer: Some(writer.map_err(WriteError::encoding)?) })
    }
}

impl RowWriter for ParquetRows {
    fn start(&mut self, _: &mut dyn Write) -> Result<(), WriteError> {
        Ok(())
    }

    fn rows(&mut self, batch: &RecordBatch, out: &mut dyn Write) -> Result<(), WriteError> {
        let Some(writer) = &mut self.writer else {
            return Ok(());
        };
        self.columnar.add(batch, |chunk| {
            writer.write(chunk).map_err(WriteError::encoding)?;
            flush_buffer(writer.inner_mut(), out, false)
        })
    }

    fn finish(&mut self, out: &mut dyn Write) -> Result<(), WriteError> {
        let Some(mut writer) = self.writer.take() else {
            return Ok(());
        };
        self.columnar.finish(|chunk| writer.write(chunk).map_err(WriteError::encoding))?;
        let mut rest = writer.into_inner().map_err(WriteError::encoding)?;
        flush_buffer(&mut rest, out, true)
    }
}

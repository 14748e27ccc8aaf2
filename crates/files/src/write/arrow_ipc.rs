//! Writer of Arrow IPC files. Rule: spec/reports.md §7.3; cell types as in Parquet.

use std::io::Write;

use arrow::array::RecordBatch;
use arrow::ipc::writer::FileWriter;
use model::output::OutputColumn;

use super::columnar::ColumnarChunks;
use super::options::WriteOptions;
use super::{RowWriter, WriteError, flush_buffer};
use model::file_format::FileFormat;

/// Writes record batches of equal size.
pub(super) struct ArrowRows {
    columnar: ColumnarChunks,
    writer: FileWriter<Vec<u8>>,
}

impl ArrowRows {
    /// Creates a writer of rows with these columns.
    pub(super) fn new(
        columns: &[OutputColumn],
        options: &WriteOptions,
    ) -> Result<Self, WriteError> {
        let columnar = ColumnarChunks::new(FileFormat::Arrow, columns, options);
        let writer = FileWriter::try_new(Vec::new(), columnar.schema());
        Ok(Self { columnar, writer: writer.map_err(WriteError::encoding)? })
    }
}

impl RowWriter for ArrowRows {
    fn start(&mut self, out: &mut dyn Write) -> Result<(), WriteError> {
        flush_buffer(self.writer.get_mut(), out, true)
    }

    fn rows(&mut self, batch: &RecordBatch, out: &mut dyn Write) -> Result<(), WriteError> {
        let writer = &mut self.writer;
        self.columnar.add(batch, |chunk| {
            writer.write(chunk).map_err(WriteError::encoding)?;
            flush_buffer(writer.get_mut(), out, true)
        })
    }

    fn finish(&mut self, out: &mut dyn Write) -> Result<(), WriteError> {
        let writer = &mut self.writer;
        self.columnar.finish(|chunk| writer.write(chunk).map_err(WriteError::encoding))?;
        writer.finish().map_err(WriteError::encoding)?;
        flush_buffer(writer.get_mut(), out, true)
    }
}

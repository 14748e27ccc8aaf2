//! Writing of a whole report into one file, for a job or the command line.
//! Rule: spec/reports.md §7.

use std::path::Path;
use std::sync::Arc;

use files::write::{Dialect, WriteOptions};
use mirror::MirrorSession;
use model::file_format::FileFormat;
use model::id::Revision;
use model::output::OutputColumn;
use reports::FileRequest;

use crate::jobs::row_file::{self, RowFile, WriteObserver, WrittenFile};
use crate::jobs::work_failure::WorkFailure;
use crate::report_pages::page_file;
use crate::settings::ServerSettings;

/// The written file of a report.
pub struct ReportFile {
    /// The file.
    pub file: WrittenFile,
    /// The columns of the file.
    pub columns: Vec<OutputColumn>,
    /// The revision of the rows.
    pub revision: Revision,
}

/// Returns true for formats that a CSV dialect applies to.
pub(crate) fn is_separated(format: FileFormat) -> bool {
    matches!(format, FileFormat::Csv | FileFormat::Tsv)
}

/// Writes all rows of a report to `path`. Temporary files are created in `temp_dir`.
pub async fn write_report(
    settings: &ServerSettings,
    session: &MirrorSession,
    request: &FileRequest,
    format: FileFormat,
    path: &Path,
    temp_dir: &Path,
    observer: Arc<dyn WriteObserver>,
) -> Result<ReportFile, WorkFailure> {
    let rows = reports::open_rows(session, request).await?;
    observer.begin(Some(rows.total), rows.revision);
    let options = WriteOptions {
        dialect: Dialect::Report,
        has_bom: settings.reports.has_bom(request.csv_dialect()),
        has_formula_guard: settings.files.csv_formula_guard,
        envelope: page_file::envelope(rows.total, &rows.headers, rows.pivot_truncated),
        sheet_name: request.report().name().to_owned(),
        folder: temp_dir.to_owned(),
        zone: session.provider().timezone.clone(),
    };
    let (columns, revision) = (rows.columns, rows.revision);
    let file = RowFile { path, format, columns: &columns, options };
    let file = row_file::write_rows(file, rows.batches, observer).await?;
    Ok(ReportFile { file, columns, revision })
}

//! Writing of an export into one file, for a job or the command line. Rule: spec/exports.md §11.

use std::path::Path;
use std::sync::Arc;

use files::write::{Dialect, WriteOptions};
use mirror::MirrorSession;

use model::id::Revision;
use model::output::OutputColumn;
use reports::exports::ExportRequest;

use crate::jobs::row_file::{self, RowFile, WriteObserver, WrittenFile};
use crate::jobs::work_failure::WorkFailure;
use crate::settings::ServerSettings;

/// The written file of an export.
pub struct ExportFile {
    /// The file.
    pub file: WrittenFile,
    /// The columns of the file.
    pub columns: Vec<OutputColumn>,
    /// The revision of the rows.
    pub revision: Revision,
}

/// Writes all rows of an export to `path`. Temporary files are created in `temp_dir`.
pub async fn write_export(
    settings: &ServerSettings,
    session: &MirrorSession,
    request: &ExportRequest,
    path: &Path,
    temp_dir: &Path,
    observer: Arc<dyn WriteObserver>,
) -> Result<ExportFile, WorkFailure> {
    let rows = reports::exports::open_export_rows(session, request).await?;
    observer.begin(Some(rows.total), rows.revision);
    let options = WriteOptions {
        dialect: Dialect::Export,
        has_bom: request.csv_dialect().has_bom(),
        has_formula_guard: settings.files.csv_formula_guard,
        sheet_name: request.object().to_owned(),
        folder: temp_dir.to_owned(),
        zone: session.provider().timezone.clone(),
        ..WriteOptions::default()
    };
    let (columns, revision) = (rows.columns, rows.revision);
    let file = RowFile { path, format: request.format(), columns: &columns, options };
    let file = row_file::write_rows(file, rows.batches, observer).await?;
    Ok(ExportFile { file, columns, revision })
}

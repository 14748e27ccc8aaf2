//! One page of a report: its checks, its computation within a time limit, and its encoding.
//! Rule: spec/reports.md §3, §7.

use std::time::Duration;

use mirror::MirrorSession;
use model::file_format::FileFormat;
use model::id::Revision;
use model::provider::Provider;
use reports::{
    CsvDialect, FieldErrors, PageRequest, Report, ReportError, ReportPage, RequestContext,
};

pub use reports::RawParameters;

use super::page_file;
use crate::app::App;
use crate::auth::admission::AdmittedRequest;
use crate::blocking::blocking;
use crate::error::ApiError;

/// An encoded page.
pub struct WrittenPage {
    /// The bytes of the answer.
    pub bytes: Vec<u8>,
    /// The format of the bytes.
    pub format: FileFormat,
    /// The revision that the page was computed from.
    pub revision: Revision,
}

/// Returns the requested page. `fallback` is the format if the parameters name none.
///
/// The time limit covers opening the session, running the plans and writing the page.
pub async fn run_report_page(
    app: &App,
    report: &'static Report,
    parameters: &RawParameters,
    admitted: AdmittedRequest,
    fallback: FileFormat,
) -> Result<WrittenPage, ApiError> {
    let context = RequestContext {
        now: app.clock().now(),
        page_size_max: app.settings().reports.max_page_size,
        caller_name: admitted.principal.name.clone(),
    };
    let parse = |provider: &Provider| {
        let request = reports::parse_page(report, parameters, provider, &context);
        let request = request.map_err(ApiError::parameters)?;
        match (request.csv_dialect(), chosen(&request, fallback)) {
            (Some(_), format) if format != FileFormat::Csv => Err(dialect_of_json()),
            _ => Ok(request),
        }
    };
    let admitted_for = admitted.provider;
    let request = parse(&admitted_for)?;
    let within = Duration::from_secs(app.settings().reports.timeout_s);
    let work = async {
        let session = app.open_session(admitted_for.id).await?;
        // Settings may have changed since the request was admitted: all parts of an answer come
        // from one revision.
        let request =
            if *session.provider() == admitted_for { request } else { parse(session.provider())? };
        let page = compute_page(app, session, &request).await?;
        let (format, dialect) = (chosen(&request, fallback), request.csv_dialect());
        let (writer, revision) = (app.clone(), page.revision);
        let bytes = blocking(move || write(&writer, &page, format, dialect)).await?;
        Ok(WrittenPage { bytes, format, revision })
    };
    tokio::time::timeout(within, work).await.unwrap_or_else(|_| {
        let message = format!("The page took longer than {} seconds.", within.as_secs());
        Err(ApiError::unavailable(message))
    })
}

/// Returns the format that the parameters name, or else `fallback`.
fn chosen(request: &PageRequest, fallback: FileFormat) -> FileFormat {
    request.format().unwrap_or(fallback)
}

fn dialect_of_json() -> ApiError {
    let mut errors = FieldErrors::default();
    errors.push("csv_dialect", "is for CSV: give format=csv with it");
    ApiError::parameters(errors)
}

/// Computes the page. If a file of the mirror is damaged, computes it once more in a new session,
/// which rebuilds the file.
async fn compute_page(
    app: &App,
    session: MirrorSession,
    request: &PageRequest,
) -> Result<ReportPage, ApiError> {
    let provider = session.provider().id;
    match reports::run_page(&session, request).await {
        Ok(page) => Ok(page),
        Err(ReportError::Mirror(error)) if error.is_read_failure() => {
            crate::error::log_error(error.code(), &error);
            let session = app.open_session(provider).await?;
            reports::run_page(&session, request).await.map_err(report_error)
        }
        Err(error) => Err(report_error(error)),
    }
}

fn write(
    app: &App,
    page: &ReportPage,
    format: FileFormat,
    dialect: Option<CsvDialect>,
) -> Result<Vec<u8>, ApiError> {
    let settings = app.settings();
    let written = match format {
        FileFormat::Csv => {
            let has_guard = settings.files.csv_formula_guard;
            page_file::page_csv(page, has_guard, settings.reports.has_bom(dialect))
        }
        _ => page_file::page_json(page),
    };
    written.map_err(|error| {
        crate::error::log_error(error.code(), &error);
        ApiError::internal()
    })
}

/// Converts the error of a report that could not be computed.
pub fn report_error(error: ReportError) -> ApiError {
    match error {
        ReportError::Mirror(error) => ApiError::from_mirror_error(error),
        ReportError::Refused(errors) => ApiError::parameters(errors),
        // Only exports have columns that depend on the rows.
        ReportError::TooManyColumns { .. } | ReportError::AmountOutOfRange => {
            crate::error::log_error(error.code(), &error);
            ApiError::internal()
        }
    }
}

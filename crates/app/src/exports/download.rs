//! Download of an export's file. Rule: spec/exports.md §6.

use std::sync::Arc;

use reports::request::{MessageStyle, Parameters, RawParameters};
use store::port::jobs::{FILE_MISSING, FileTransfers, Job, JobId, JobState};

use super::export_caller::{self, ExportCaller, SITE_ONLY};
use super::find::{self, export_not_found};
use super::notices::{self, DOWNLOADED};
use super::parts::{FULL_BUNDLE_PART, MAIN_PART};
use super::show;
use crate::app::App;
use crate::error::{ApiError, ErrorCode};
use crate::jobs::download_link::{self, LinkTarget, LinkValidity};
use crate::jobs::stored_file::StoredFile;
use crate::jobs::work::JobEnd;
use crate::jobs::{early_removal, lost_files};
use crate::settings::ExportRules;
use store::crash;

const INVALID_BUNDLE: &str = "The selected bundle is invalid. Allowed values: full.";
/// Seconds after which a client should ask again for a file that is not ready.
pub const POLL_AFTER_S: u64 = 2;

/// A file that is ready to be sent.
pub struct ExportDownload {
    /// The export.
    pub job: Arc<Job>,
    /// The file.
    pub file: StoredFile,
    /// The name of the file among the export's files.
    pub(crate) part: &'static str,
    /// True if the file is deleted after its first complete download.
    pub is_once: bool,
    /// True if the request has a signed link instead of a credential.
    pub is_linked: bool,
}

/// Returns the file that a caller requests. Blocking.
pub fn download_for_caller(
    app: &App,
    caller: &ExportCaller,
    uuid: &str,
    query: &RawParameters,
) -> Result<ExportDownload, ApiError> {
    let job = find::find_export(app, caller, uuid)?;
    let part = part(&job, query)?;
    downloadable_file(app, job, part, &caller.rules)
}

/// Returns the file of a signed link. Blocking.
pub fn download_for_link(
    app: &App,
    uuid: &str,
    query: &RawParameters,
) -> Result<ExportDownload, ApiError> {
    let mut asked = Parameters::new(query, MessageStyle::NamedSentence);
    let (expires, signature) = (asked.text("expires"), asked.text("signature"));
    let part = asked.read_text("bundle", |word| match word {
        FULL_BUNDLE_PART => Ok(FULL_BUNDLE_PART),
        _ => Err(INVALID_BUNDLE.to_owned()),
    });
    asked.finish().map_err(ApiError::parameters)?;
    let (uuid, part) = (uuid.to_ascii_lowercase(), part.unwrap_or(MAIN_PART));
    match download_link::check_link(
        app,
        LinkTarget::Export { uuid: &uuid, part },
        expires.unwrap_or_default(),
        signature.unwrap_or_default(),
    )? {
        LinkValidity::Invalid => return Err(export_not_found()),
        LinkValidity::Expired => return Err(gone()),
        LinkValidity::Valid => {}
    }
    let job =
        app.store().job_of_any_provider(JobId::Uuid(&uuid)).map_err(ApiError::from_store_error)?;
    let job = job.ok_or_else(export_not_found)?;
    let snapshot = app.store().snapshot().map_err(ApiError::from_store_error)?;
    let provider = snapshot.provider(job.provider).map_err(ApiError::from_store_error)?;
    let rules = app.settings().exports.rules(job.provider);
    export_caller::check_exports_enabled(
        provider.is_some_and(|provider| provider.exports_enabled),
        &rules,
    )?;
    if !find::is_remembered(app, &job, &rules) {
        return Err(export_not_found());
    }
    download_link::admit_link_request(app, job.id)?;
    Ok(ExportDownload { is_linked: true, ..downloadable_file(app, job, part, &rules)? })
}

/// Returns the part that the query requests.
fn part(job: &Job, query: &RawParameters) -> Result<&'static str, ApiError> {
    let is_package =
        reports::exports::find_export_type(&job.subject).is_some_and(|kind| kind.is_package());
    let mut asked = Parameters::new(query, MessageStyle::NamedSentence);
    let part = asked.read_text("bundle", |word| match word {
        FULL_BUNDLE_PART if is_package => Ok(FULL_BUNDLE_PART),
        _ if is_package => Err(INVALID_BUNDLE.to_owned()),
        _ => Err("The bundle field is only for accounting.".to_owned()),
    });
    asked.skip(SITE_ONLY.always);
    asked.finish().map_err(ApiError::parameters)?;
    Ok(part.unwrap_or(MAIN_PART))
}

fn downloadable_file(
    app: &App,
    job: Job,
    part: &'static str,
    rules: &ExportRules,
) -> Result<ExportDownload, ApiError> {
    check_downloadable(&job)?;
    let file = job.files.iter().find(|file| file.part == part).ok_or_else(export_not_found)?;
    if file.is_consumed || job.expires_at.is_some_and(|expires| expires <= app.clock().now()) {
        return Err(gone());
    }
    let file = StoredFile::from_job_file(app, file);
    let is_once = rules.download_once;
    Ok(ExportDownload { job: Arc::new(job), file, part, is_once, is_linked: false })
}

/// Fails unless the export's files exist, with the error for the export's state.
fn check_downloadable(job: &Job) -> Result<(), ApiError> {
    match job.state {
        JobState::Succeeded => Ok(()),
        JobState::Queued | JobState::Running => {
            let message = "The export is not yet ready to be downloaded.";
            let error = ApiError::new(ErrorCode::ExportNotReady, message);
            Err(ApiError { retry_after_s: Some(POLL_AFTER_S), ..error })
        }
        JobState::Consumed | JobState::Expired => Err(gone()),
        JobState::Failed | JobState::Canceled => {
            let failed_reason = show::failed_reason(job);
            Err(ApiError { code: ErrorCode::ExportFailed, failed_reason, ..export_not_found() })
        }
    }
}

fn gone() -> ApiError {
    let message = "The requested file has already been downloaded or has expired.";
    ApiError::new(ErrorCode::ExportGone, message)
}

/// Counts a complete download after the answer was sent. If files are deleted after their first
/// download, removes the file. Blocking.
pub fn count_download(app: &App, fetched: &ExportDownload) -> Result<(), ApiError> {
    let (job, now) = (&fetched.job, app.clock().now());
    let others = job.files.iter().filter(|file| file.part != fetched.part);
    let is_last = fetched.is_once && others.clone().all(|file| file.is_consumed);
    let mut told = Job { downloads: job.downloads + 1, updated_at: now, ..Job::clone(job) };
    if is_last {
        told.state = JobState::Consumed;
    }
    let notices = vec![notices::export_event(app, DOWNLOADED, &told)?];
    crash::point("transferred");
    let is_counted = if fetched.is_once {
        app.store().consume_file(job.id, fetched.part, &notices, now)
    } else {
        let transfers = [FileTransfers { job: job.id, count: 1, notices }];
        app.store().count_transfers(&transfers, now).map(|()| true)
    };
    if !is_counted.map_err(ApiError::from_store_error)? {
        return Ok(());
    }
    crash::point("counted");
    app.notice_wakeup().notify_waiters();
    if let Some(file) = job.files.iter().find(|file| fetched.is_once && file.part == fetched.part) {
        early_removal::discard_file(app, &file.path);
    }
    Ok(())
}

/// Records that the file of a finished export is lost, and returns the error to answer with.
/// Blocking.
pub fn record_lost_file(app: &App, job: &Job) -> Result<ApiError, ApiError> {
    let notices = notices::notices_of_end(
        app,
        job,
        &JobEnd::Failed { code: FILE_MISSING, message: FILE_MISSING },
    );
    lost_files::record_lost_files(app, job.id, &notices)?;
    let message = "The file of this export is lost, please try to export again.";
    Ok(ApiError::new(ErrorCode::FileMissing, message))
}

//! Notices about an export: events for webhooks, and a mail to the requester.
//! Rule: spec/exports.md §8.

use serde_json::json;
use store::port::jobs::{Job, JobState, JobSuccess};
use store::port::notices::NewNotice;

use super::show;
use crate::app::App;
use crate::error::ApiError;
use crate::jobs::download_link::{self, LinkTarget};
use crate::jobs::work::JobEnd;
use crate::notify::{ExportMail, MailedOutcome, new_event_id};

/// The event of an accepted export.
pub(crate) const REQUESTED: &str = "export.requested";
/// The event of an export whose file is ready.
pub(crate) const COMPLETED: &str = "export.completed";
/// The event of a complete download.
pub(crate) const DOWNLOADED: &str = "export.downloaded";
/// The event of an export that has failed for good.
pub(crate) const FAILED: &str = "export.failed";
/// The event of a canceled export.
pub(crate) const CANCELED: &str = "export.canceled";

/// Returns an event about an export, in the state that `job` has.
pub(crate) fn export_event(app: &App, event_type: &str, job: &Job) -> Result<NewNotice, ApiError> {
    event_with_id(app, new_event_id(), event_type, job)
}

fn event_with_id(
    app: &App,
    id: String,
    event_type: &str,
    job: &Job,
) -> Result<NewNotice, ApiError> {
    let payload = json!({
        "type": event_type,
        "id": id,
        "created": app.clock().now().seconds(),
        "data": {"object": show::event_json(app, job)?},
    });
    Ok(NewNotice::Event { id, event_type: event_type.to_owned(), payload: payload.to_string() })
}

/// Returns the notices about the end of an export. If they cannot be built, logs the error and
/// returns none. Blocking.
pub(crate) fn notices_of_end(app: &App, job: &Job, end: &JobEnd<'_>) -> Vec<NewNotice> {
    match build_notices_of_end(app, job, end) {
        Ok(notices) => notices,
        Err(error) => {
            crate::error::log_error("notice_unwritten", &error);
            Vec::new()
        }
    }
}

fn build_notices_of_end(
    app: &App,
    job: &Job,
    end: &JobEnd<'_>,
) -> Result<Vec<NewNotice>, ApiError> {
    let now = app.clock().now();
    let mut ended = Job { finished_at: Some(now), updated_at: now, ..job.clone() };
    let (event_type, story) = match end {
        JobEnd::Succeeded(success) => {
            ended.state = JobState::Succeeded;
            ended.files.clone_from(&success.files);
            ended.manifest = Some(success.manifest.clone());
            ended.expires_at = Some(success.expires_at);
            ended.progress.revision = Some(success.revision);
            (COMPLETED, ready_message(app, job, success)?)
        }
        JobEnd::Failed { code, message } => {
            ended.state = JobState::Failed;
            ended.error_code = Some((*code).to_owned());
            ended.error_message = Some((*message).to_owned());
            (ended.manifest, ended.expires_at) = (None, None);
            (FAILED, MailedOutcome::Failed { reason: (*code).to_owned() })
        }
    };
    let id = new_event_id();
    let mut notices = vec![event_with_id(app, id.clone(), event_type, &ended)?];
    let has_host = app.settings().smtp.host.is_some();
    if let Some(to) = job.requester.email.clone().filter(|_| has_host) {
        let payload = json!(mail(app, job, story)?).to_string();
        let event_type = event_type.to_owned();
        notices.push(NewNotice::Mail { event_id: id, event_type, to, payload });
    }
    Ok(notices)
}

fn ready_message(app: &App, job: &Job, success: &JobSuccess) -> Result<MailedOutcome, ApiError> {
    let purpose = LinkTarget::Export { uuid: &job.uuid, part: super::parts::MAIN_PART };
    let query = download_link::signed_query(app, purpose, success.expires_at)?;
    let file_name = success.files.first().map(|file| file.name.clone()).unwrap_or_default();
    Ok(MailedOutcome::Ready {
        file_name,
        rows: success.rows,
        url: format!("{}?{query}", show::download_url(app, &job.uuid)),
        expires_at: success.expires_at,
    })
}

fn mail(app: &App, job: &Job, story: MailedOutcome) -> Result<ExportMail, ApiError> {
    let snapshot = app.store().snapshot().map_err(ApiError::from_store_error)?;
    let provider = snapshot.provider(job.provider).map_err(ApiError::from_store_error)?;
    let provider = provider.ok_or_else(ApiError::internal)?;
    Ok(ExportMail {
        provider_name: provider.name,
        timezone: provider.timezone,
        object: show::stored_request(job)?.object().to_owned(),
        asked_at: job.created_at,
        story,
    })
}

//! The JSON of an export. Rule: spec/exports.md §5.

use model::time::Instant;
use reports::exports::ExportRequest;
use serde_json::{Map, Value, json};
use store::port::jobs::{Job, JobState};

use crate::app::App;
use crate::error::ApiError;

/// The words for the states of an export.
const WORDS: [(JobState, &str); 7] = [
    (JobState::Queued, "queued"),
    (JobState::Running, "processing"),
    (JobState::Succeeded, "completed"),
    (JobState::Consumed, "downloaded"),
    (JobState::Expired, "expired"),
    (JobState::Failed, "failed"),
    (JobState::Canceled, "canceled"),
];

/// Codes of failures whose message names the row and column, or the number of columns, at fault.
const PLACED_CODES: [&str; 4] =
    ["cell_too_long", "amount_too_large", "currency_unknown", "too_many_columns"];

/// Returns the word for a state.
pub(super) fn word_of_state(state: JobState) -> &'static str {
    WORDS.iter().find(|(known, _)| *known == state).map_or("", |(_, word)| *word)
}

/// Returns the state that a word stands for.
pub(crate) fn state_of_word(word: &str) -> Option<JobState> {
    WORDS.iter().find(|(_, known)| *known == word).map(|(state, _)| *state)
}

/// Returns all words for states.
pub fn state_words() -> Vec<&'static str> {
    WORDS.iter().map(|(_, word)| *word).collect()
}

/// Reads the stored request of a job.
pub(crate) fn stored_request(job: &Job) -> Result<ExportRequest, ApiError> {
    serde_json::from_str(&job.request).map_err(|error| {
        crate::error::log_error("job_unreadable", &error);
        ApiError::internal()
    })
}

/// Returns the JSON of an export in its present state. Blocking.
pub fn current_export_json(app: &App, job: &Job) -> Result<Value, ApiError> {
    let position = app.queue_position(job)?;
    export_json(app, job, position)
}

/// Returns the JSON of an export with a given position in the queue.
pub(crate) fn export_json(app: &App, job: &Job, position: Option<u64>) -> Result<Value, ApiError> {
    let asked = stored_request(job)?;
    let mut shown = fields(app, job, &asked);
    shown.insert("progress".to_owned(), progress(job, position));
    Ok(Value::Object(shown))
}

/// Returns the JSON of an export for events, which has no progress.
pub(crate) fn event_json(app: &App, job: &Job) -> Result<Value, ApiError> {
    let asked = stored_request(job)?;
    let mut shown = fields(app, job, &asked);
    if job.state == JobState::Queued {
        shown.remove("failed_reason");
    }
    Ok(Value::Object(shown))
}

fn fields(app: &App, job: &Job, asked: &ExportRequest) -> Map<String, Value> {
    let seconds = |at: Option<Instant>| at.map(Instant::seconds);
    let was_ready =
        matches!(job.state, JobState::Succeeded | JobState::Consumed | JobState::Expired);
    let failed_reason = failed_reason(job);
    let manifest: Value = job
        .manifest
        .as_deref()
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    let known = |name: &str| manifest.get(name).cloned().unwrap_or_default();
    let shown = json!({
        "uuid": job.uuid,
        "account_id": job.provider,
        "object": asked.object(),
        "user_id": job.requester.id,
        "user_email": job.requester.email,
        "created_at": job.created_at.seconds(),
        "started_at": seconds(job.started_at),
        "finished_at": seconds(job.finished_at.filter(|_| was_ready)),
        "updated_at": job.updated_at.seconds(),
        "failed_reason": failed_reason,
        "filters": asked.filters(),
        "state": word_of_state(job.state),
        "mode": asked.mode().word(),
        "format": asked.format().word(),
        "columns": asked.columns(),
        "row_per": asked.row_per().word(),
        "group": job.group,
        "ignored_filters": asked.ignored_filters(),
        "rows": known("rows"),
        "bytes": known("bytes"),
        "sha256": known("sha256"),
        "rev": known("rev"),
        "file_name": manifest.pointer("/files/0/name").cloned().unwrap_or_default(),
        "schema": known("schema"),
        "download_url": download_url(app, &job.uuid),
        "download_count": job.downloads,
        "expires_at": seconds(job.expires_at),
    });
    match shown {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// Returns the reason of a failed export: a stable code, and the place of the fault if the caller
/// can correct it.
pub(super) fn failed_reason(job: &Job) -> Option<String> {
    let code = job.error_code.as_ref().filter(|_| job.state == JobState::Failed)?;
    let place = job.error_message.as_ref().filter(|_| PLACED_CODES.contains(&code.as_str()));
    Some(match place {
        Some(place) => format!("{code}: {place}"),
        None => code.clone(),
    })
}

/// Returns the download URL of an export.
pub(crate) fn download_url(app: &App, uuid: &str) -> String {
    format!("{}/api/v1/core/exports/{uuid}", app.base_url())
}

fn progress(job: &Job, position: Option<u64>) -> Value {
    let total = job.progress.rows_total;
    let was_ready =
        matches!(job.state, JobState::Succeeded | JobState::Consumed | JobState::Expired);
    let percent = match (was_ready, total) {
        (true, _) => 100,
        (false, None | Some(0)) => 0,
        // All rows are written before the file is published.
        (false, Some(total)) => (job.progress.rows.min(total) * 100 / total).min(99),
    };
    json!({
        "rows": job.progress.rows,
        "total_rows": total,
        "percent": percent,
        "queue_position": position,
    })
}

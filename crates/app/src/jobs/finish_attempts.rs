//! The end of attempts: their files are published, and their outcomes are stored in one
//! transaction.

use std::sync::Arc;

use store::port::jobs::{AttemptEnd, AttemptOutcome, Job, JobFile, JobSuccess};
use store::port::notices::NewNotice;

use super::claimed_jobs::{ClaimedJob, send_all_heartbeats};
use super::early_removal::discard_file;
use super::kinds;
use super::store_call::{JOB_POLL_INTERVAL, call_store};
use super::work::{JobEnd, JobOutput};
use super::work_failure::WorkFailure;
use crate::app::App;
use store::crash;

/// Publishes the files and returns the outcome of each job. `None` means that the job was canceled
/// or belongs to another worker now, and nothing is stored.
///
/// If one job is tried again, all jobs of its group are, because the next attempt reads at another
/// revision.
pub(super) async fn publish_outcomes(
    app: &App,
    held: &[ClaimedJob],
    made: Vec<Result<JobOutput, WorkFailure>>,
) -> Vec<Option<AttemptOutcome>> {
    let results = publish_all(app, held, made).await;
    crash::point("published");
    let retry = held.iter().zip(&results).find_map(|(held, result)| match result {
        Err(WorkFailure::Transient { code, message }) => {
            retry_outcome(app, &held.job, code, message)
        }
        _ => None,
    });
    let outcome = |result: Result<JobSuccess, WorkFailure>| match result {
        Ok(success) => Some(match &retry {
            Some(retry) => {
                discard_unrecorded(app, &success.files);
                retry.clone()
            }
            None => AttemptOutcome::Succeeded(success),
        }),
        Err(WorkFailure::Canceled) => None,
        Err(WorkFailure::Transient { .. }) if retry.is_some() => retry.clone(),
        Err(WorkFailure::Failed { code, message } | WorkFailure::Transient { code, message }) => {
            Some(AttemptOutcome::Failed { code: code.to_owned(), message })
        }
    };
    results.into_iter().map(outcome).collect()
}

/// Publishes the files of all jobs. Large files take the disk long, so the heartbeats go on
/// meanwhile. Nothing stops this halfway.
async fn publish_all(
    app: &App,
    held: &[ClaimedJob],
    made: Vec<Result<JobOutput, WorkFailure>>,
) -> Vec<Result<JobSuccess, WorkFailure>> {
    let (publisher, jobs) = (app.clone(), held.iter().map(|held| held.job.clone()));
    let jobs: Vec<Job> = jobs.collect();
    let publishing = tokio::task::spawn_blocking(move || {
        let publish = |(job, made): (&Job, Result<JobOutput, WorkFailure>)| {
            made.and_then(|made| publish_files(&publisher, job, made).map_err(WorkFailure::from))
        };
        jobs.iter().zip(made).map(publish).collect()
    });
    let published = tokio::select! {
        published = publishing => published,
        never = send_all_heartbeats(app, held) => match never {},
    };
    // A panic, or a runtime that is shutting down: another worker will claim the jobs.
    published.unwrap_or_else(|_| held.iter().map(|_| Err(WorkFailure::Canceled)).collect())
}

/// Returns the outcome `Retry`, or `None` if this was the last attempt.
fn retry_outcome(app: &App, job: &Job, code: &str, message: &str) -> Option<AttemptOutcome> {
    let is_last = job.attempts >= app.settings().jobs.attempts_max;
    let at = app.clock().now().plus_seconds(backoff_s(job.attempts));
    let (code, message) = (code.to_owned(), message.to_owned());
    (!is_last).then_some(AttemptOutcome::Retry { code, message, at })
}

/// Returns the pause before the next attempt: 2, 8, 32, … seconds after the first, second, third.
fn backoff_s(attempts: u32) -> i64 {
    2 << (2 * attempts.saturating_sub(1)).min(10)
}

/// Moves the files of a job to their final places. They are complete from here on, but belong to
/// nobody until the store records them.
fn publish_files(app: &App, job: &Job, made: JobOutput) -> std::io::Result<JobSuccess> {
    let now = app.clock().now();
    let month = model::time::Zone::utc().date_of(now).to_string();
    let mut files = Vec::with_capacity(made.files.len());
    for file in made.files {
        let ending = file.path.extension().and_then(|ending| ending.to_str()).unwrap_or("bin");
        let path = format!("{}/{}.{}.{}.{ending}", &month[..7], job.uuid, job.attempts, file.part);
        app.files().publish(&file.path, &path, now)?;
        files.push(JobFile {
            part: file.part.to_owned(),
            path,
            name: file.name,
            content_type: file.content_type.to_owned(),
            bytes: file.bytes,
            sha256: file.sha256,
            is_consumed: false,
        });
    }
    let kept_s = app.settings().kept_seconds(job.kind, job.provider);
    let expires_at = now.plus_seconds(kept_s);
    let manifest = made.manifest.to_string();
    Ok(JobSuccess { files, manifest, rows: made.rows, revision: made.revision, expires_at })
}

/// Stores the outcomes. Tries again until the store answers or the lease has expired.
pub(super) async fn store_outcomes(
    app: &App,
    held: &[ClaimedJob],
    outcomes: Vec<Option<AttemptOutcome>>,
) {
    let ends: Vec<_> = held
        .iter()
        .zip(outcomes)
        .filter_map(|(held, outcome)| {
            let outcome = outcome?;
            let notices = notices_of_outcome(app, &held.job, &outcome);
            Some((held.attempt.clone(), outcome, notices))
        })
        .collect();
    if ends.is_empty() {
        return;
    }
    let ends = Arc::new(ends);
    let until = app.clock().now().plus_seconds(app.settings().jobs.lease_s);
    loop {
        let told = Arc::clone(&ends);
        let done = call_store(app, move |app, now| {
            let ended = told.iter().map(|(attempt, outcome, notices)| AttemptEnd {
                attempt: attempt.claimed_attempt(),
                outcome,
                notices,
            });
            let held = app.store().finish_jobs(&ended.collect::<Vec<_>>(), now)?;
            crash::point("finished");
            for ((_, outcome, _), _) in told.iter().zip(&held).filter(|(_, is_held)| !**is_held) {
                if let AttemptOutcome::Succeeded(success) = outcome {
                    discard_unrecorded(app, &success.files);
                }
            }
            Ok(())
        });
        match done.await {
            Some(()) => return app.notice_wakeup().notify_waiters(),
            None if app.clock().now() >= until => return,
            None => tokio::time::sleep(JOB_POLL_INTERVAL).await,
        }
    }
}

fn notices_of_outcome(app: &App, job: &Job, outcome: &AttemptOutcome) -> Vec<NewNotice> {
    match outcome {
        AttemptOutcome::Succeeded(success) => {
            kinds::work_of_job(job).notices(app, job, &JobEnd::Succeeded(success))
        }
        AttemptOutcome::Failed { code, message } => {
            kinds::work_of_job(job).notices(app, job, &JobEnd::Failed { code, message })
        }
        AttemptOutcome::Retry { .. } | AttemptOutcome::Released => Vec::new(),
    }
}

/// Removes files that the store did not record: another worker has the job, it was canceled, or it
/// is tried again. Asks the store first which files it knows, because it may have recorded them in
/// an earlier call whose answer was lost.
fn discard_unrecorded(app: &App, files: &[JobFile]) {
    let paths: Vec<String> = files.iter().map(|file| file.path.clone()).collect();
    let known = match app.store().known_files(&paths) {
        Ok(known) => known,
        // The cleanup will find them.
        Err(error) => return crate::error::log_error(error.code(), &error),
    };
    let unrecorded = paths.iter().filter(|path| !known.contains(path));
    unrecorded.for_each(|path| discard_file(app, path));
}

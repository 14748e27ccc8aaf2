//! Runs of jobs that were claimed together.
//!
//! Exports of one group are claimed together, run one after the other in one session, and published
//! in one transaction. So all of them show the same revision, whichever worker runs them and
//! however often that is interrupted. A job without a group runs alone.
//! Rule: spec/exports.md §4 `objects`, §5.1.

use std::convert::Infallible;
use std::future::pending;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::join_all;
use mirror::MirrorSession;
use store::port::jobs::{AttemptOutcome, Job};
use tokio::sync::watch;

use super::attempt::RunningAttempt;
use super::finish_attempts;
use super::folder::AttemptName;
use super::kinds;
use super::store_call::JOB_POLL_INTERVAL;
use super::work::JobOutput;
use super::work_failure::WorkFailure;
use crate::app::App;
use store::crash;

/// A job that this process has claimed, with its attempt.
pub(super) struct ClaimedJob {
    pub(super) job: Job,
    pub(super) attempt: RunningAttempt,
}

/// Runs jobs that were claimed together and stores their outcomes.
pub(super) async fn run_claimed_jobs(
    app: &App,
    jobs: Vec<Job>,
    worker: &Arc<str>,
    stopping: &mut watch::Receiver<bool>,
) {
    let held: Result<Vec<ClaimedJob>, _> =
        jobs.into_iter().map(|job| begin_attempt(app, job, worker)).collect();
    let held = match held {
        Ok(held) => held,
        Err(error) => {
            crate::error::log_error("file_failed", &error);
            return tokio::time::sleep(JOB_POLL_INTERVAL).await;
        }
    };
    let began = std::time::Instant::now();
    let made = run_until_stopped(app, &held, stopping).await;
    let is_stopping = *stopping.borrow();
    let outcomes = if is_stopping {
        held.iter().map(|_| Some(AttemptOutcome::Released)).collect()
    } else {
        finish_attempts::publish_outcomes(app, &held, made).await
    };
    for (held, outcome) in held.iter().zip(&outcomes) {
        log_outcome(&held.job, outcome.as_ref(), began.elapsed());
    }
    finish_attempts::store_outcomes(app, &held, outcomes).await;
}

fn begin_attempt(app: &App, job: Job, worker: &Arc<str>) -> std::io::Result<ClaimedJob> {
    let name = AttemptName { uuid: &job.uuid, number: job.attempts, worker };
    let folder = app.files().create_attempt_folder(&name)?;
    let attempt = RunningAttempt::new(&job, Arc::clone(worker), folder);
    Ok(ClaimedJob { job, attempt })
}

/// Runs the jobs and returns the result of each.
async fn run_until_stopped(
    app: &App,
    held: &[ClaimedJob],
    stopping: &mut watch::Receiver<bool>,
) -> Vec<Result<JobOutput, WorkFailure>> {
    let provider = held.first().map(|held| held.job.provider);
    let minutes = provider.map_or(0, |provider| app.settings().timeout_minutes(provider));
    let mut results = Vec::with_capacity(held.len());
    let unfinished = tokio::select! {
        () = run_each_job(app, held, &mut results) => WorkFailure::Canceled,
        never = send_all_heartbeats(app, held) => match never {},
        _ = stopping.wait_for(|is_stopping| *is_stopping) => WorkFailure::Canceled,
        () = tokio::time::sleep(Duration::from_secs(minutes * 60)) => {
            WorkFailure::permanent("timed_out", format!("It took longer than {minutes} minutes."))
        }
    };
    for held in &held[results.len()..] {
        held.attempt.cancel();
        results.push(Err(unfinished.clone()));
    }
    results
}

async fn run_each_job(
    app: &App,
    held: &[ClaimedJob],
    results: &mut Vec<Result<JobOutput, WorkFailure>>,
) {
    let mut session = None;
    for ClaimedJob { job, attempt } in held {
        let making = AssertUnwindSafe(run_one_job(app, job, attempt, &mut session)).catch_unwind();
        results.push(tokio::select! {
            made = making => made.unwrap_or_else(|_| Err(panic_failure(app, job))),
            () = attempt.wait_for_cancel() => Err(WorkFailure::Canceled),
        });
    }
}

/// Counts a panic and returns the failure of the attempt. The panic hook has printed it; the loop
/// goes on.
fn panic_failure(app: &App, job: &Job) -> WorkFailure {
    app.metrics().count_panic();
    tracing::error!(job = job.id, "an export panicked");
    WorkFailure::Transient { code: "internal_error", message: WorkFailure::INTERNAL.to_owned() }
}

/// Runs one job in the shared session, which the first job opens.
async fn run_one_job(
    app: &App,
    job: &Job,
    attempt: &RunningAttempt,
    session: &mut Option<MirrorSession>,
) -> Result<JobOutput, WorkFailure> {
    if job.attempts > app.settings().jobs.attempts_max {
        return Err(WorkFailure::permanent(
            "internal_error",
            "The export was broken off too often.",
        ));
    }
    let opened = match session.take() {
        Some(opened) => opened,
        None => open_session(app, job).await?,
    };
    *session = Some(opened.clone());
    let made = kinds::work_of_job(job).run(app, job, attempt, opened).await?;
    crash::point("written");
    Ok(made)
}

/// Opens a session that sees everything written before the job was requested.
async fn open_session(app: &App, job: &Job) -> Result<MirrorSession, WorkFailure> {
    let (mirror, provider) = (app.clone(), job.provider);
    let session = tokio::task::spawn_blocking(move || mirror.mirror().session(provider)).await;
    Ok(session.map_err(|_| WorkFailure::Canceled)??)
}

/// Sends the heartbeats of all attempts. An attempt that is canceled or lost is told to stop.
pub(super) async fn send_all_heartbeats(app: &App, held: &[ClaimedJob]) -> Infallible {
    join_all(held.iter().map(|held| held.attempt.send_heartbeats(app))).await;
    pending().await
}

fn log_outcome(job: &Job, outcome: Option<&AttemptOutcome>, took: Duration) {
    let ended = match outcome {
        Some(AttemptOutcome::Succeeded(_)) => "succeeded",
        Some(AttemptOutcome::Failed { .. }) => "failed",
        Some(AttemptOutcome::Retry { .. }) => "to be tried again",
        Some(AttemptOutcome::Released) => "given back",
        None => "not wanted any more",
    };
    tracing::info!(
        job = job.id,
        request_id = job.request_id,
        provider = job.provider.0,
        subject = job.subject,
        attempt = job.attempts,
        ended,
        duration_ms = took.as_millis() as u64,
        "job"
    );
}

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
use mirror::Session;
use store::port::jobs::{Job, Outcome};
use tokio::sync::watch;

use super::attempt::Attempt;
use super::ending;
use super::folder::AttemptName;
use super::runner::NAP;
use super::work::{self, Made, Stop};
use crate::app::App;
use crate::crash;

/// A job that this process has claimed, with its attempt.
pub(super) struct Held {
    pub(super) job: Job,
    pub(super) attempt: Attempt,
}

/// Runs jobs that were claimed together and stores their outcomes.
pub(super) async fn make(
    app: &App,
    jobs: Vec<Job>,
    worker: &Arc<str>,
    stopping: &mut watch::Receiver<bool>,
) {
    let held: Result<Vec<Held>, _> = jobs.into_iter().map(|job| hold(app, job, worker)).collect();
    let held = match held {
        Ok(held) => held,
        Err(error) => {
            crate::error::log("file_failed", &error);
            return tokio::time::sleep(NAP).await;
        }
    };
    let began = std::time::Instant::now();
    let made = run(app, &held, stopping).await;
    let is_stopping = *stopping.borrow();
    let outcomes = match is_stopping {
        true => held.iter().map(|_| Some(Outcome::Released)).collect(),
        false => ending::outcomes(app, &held, made).await,
    };
    for (held, outcome) in held.iter().zip(&outcomes) {
        report(&held.job, outcome.as_ref(), began.elapsed());
    }
    ending::finish(app, &held, outcomes).await;
}

fn hold(app: &App, job: Job, worker: &Arc<str>) -> std::io::Result<Held> {
    let name = AttemptName { uuid: &job.uuid, number: job.attempts, worker };
    let folder = app.files().begin(&name)?;
    let attempt = Attempt::new(&job, Arc::clone(worker), folder);
    Ok(Held { job, attempt })
}

/// Runs the jobs and returns the result of each.
async fn run(
    app: &App,
    held: &[Held],
    stopping: &mut watch::Receiver<bool>,
) -> Vec<Result<Made, Stop>> {
    let provider = held.first().map(|held| held.job.provider);
    let minutes = provider.map_or(0, |provider| app.settings().timeout_minutes(provider));
    let mut results = Vec::with_capacity(held.len());
    let unfinished = tokio::select! {
        () = make_all(app, held, &mut results) => Stop::Told,
        never = beat_all(app, held) => match never {},
        _ = stopping.wait_for(|is_stopping| *is_stopping) => Stop::Told,
        () = tokio::time::sleep(Duration::from_secs(minutes * 60)) => {
            Stop::failed("timed_out", format!("It took longer than {minutes} minutes."))
        }
    };
    for held in &held[results.len()..] {
        held.attempt.stop();
        results.push(Err(unfinished.clone()));
    }
    results
}

async fn make_all(app: &App, held: &[Held], results: &mut Vec<Result<Made, Stop>>) {
    let mut session = None;
    for Held { job, attempt } in held {
        let making = AssertUnwindSafe(make_one(app, job, attempt, &mut session)).catch_unwind();
        results.push(tokio::select! {
            made = making => made.unwrap_or_else(|_| Err(panicked(app, job))),
            () = attempt.told() => Err(Stop::Told),
        });
    }
}

/// Counts a panic and returns the failure of the attempt. The panic hook has printed it; the loop
/// goes on.
fn panicked(app: &App, job: &Job) -> Stop {
    app.metrics().panicked();
    tracing::error!(job = job.id, "an export panicked");
    Stop::Broken { code: "internal_error", message: Stop::INTERNAL.to_owned() }
}

/// Runs one job in the shared session, which the first job opens.
async fn make_one(
    app: &App,
    job: &Job,
    attempt: &Attempt,
    session: &mut Option<Session>,
) -> Result<Made, Stop> {
    if job.attempts > app.settings().jobs.attempts_max {
        return Err(Stop::failed("internal_error", "The export was broken off too often."));
    }
    let opened = match session.take() {
        Some(opened) => opened,
        None => open(app, job).await?,
    };
    *session = Some(opened.clone());
    let made = work::of(job).run(app, job, attempt, opened).await?;
    crash::point("written");
    Ok(made)
}

/// Opens a session that sees everything written before the job was requested.
async fn open(app: &App, job: &Job) -> Result<Session, Stop> {
    let (mirror, provider) = (app.clone(), job.provider);
    let session = tokio::task::spawn_blocking(move || mirror.mirror().session(provider)).await;
    Ok(session.map_err(|_| Stop::Told)??)
}

/// Sends the heartbeats of all attempts. An attempt that is canceled or lost is told to stop.
pub(super) async fn beat_all(app: &App, held: &[Held]) -> Infallible {
    join_all(held.iter().map(|held| held.attempt.beat(app))).await;
    pending().await
}

fn report(job: &Job, outcome: Option<&Outcome>, took: Duration) {
    let ended = match outcome {
        Some(Outcome::Succeeded(_)) => "succeeded",
        Some(Outcome::Failed { .. }) => "failed",
        Some(Outcome::Retry { .. }) => "to be tried again",
        Some(Outcome::Released) => "given back",
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

//! Jobs that were claimed together, while they are made.
//!
//! Exports of one group are claimed together, made one after the other from one session, and
//! published in one transaction: so all of them hold one revision, whoever makes them and however
//! often that is broken off. A job that is in no group is alone here.
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

/// A job that this process holds.
pub(super) struct Held {
    pub(super) job: Job,
    pub(super) attempt: Attempt,
}

/// Makes jobs that were claimed together.
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

/// What became of each.
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

/// A panic, which has printed itself, fails an attempt and not the loop that it was made in.
fn panicked(app: &App, job: &Job) -> Stop {
    app.metrics().panicked();
    tracing::error!(job = job.id, "an export panicked");
    Stop::Broken { code: "internal_error", message: Stop::INTERNAL.to_owned() }
}

/// Makes one, with the session of those before it; the first one opens it.
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

/// A session that sees everything written before the job was asked for.
async fn open(app: &App, job: &Job) -> Result<Session, Stop> {
    let (mirror, provider) = (app.clone(), job.provider);
    let session = tokio::task::spawn_blocking(move || mirror.mirror().session(provider)).await;
    Ok(session.map_err(|_| Stop::Told)??)
}

/// Says again and again that the attempts are alive; those that are not wanted any more are told.
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

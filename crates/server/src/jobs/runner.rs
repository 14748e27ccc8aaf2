//! The loops that claim jobs, and how an attempt ends.

use std::sync::Arc;
use std::time::Duration;

use model::time::Instant;
use store::StoreError;
use store::port::jobs::{Claim, Job, JobFile, JobKind, Outcome, Success};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::attempt::Attempt;
use super::work::{self, End, Made, Stop};
use super::{sweep, work::Work};
use crate::app::App;
use crate::notify;

/// How long a loop waits when nothing is to be done. Requests to this process wake it earlier;
/// this is for jobs that came in elsewhere.
const NAP: Duration = Duration::from_millis(250);

/// More than there can be, and still a number that stores can hold.
const UNBOUNDED: u64 = u32::MAX as u64;

/// Notices sent at once: a slow receiver is not to hold up all others.
const SENDERS: usize = 4;

/// The workers of this process, until they are told to stop.
pub struct Workers {
    stop: watch::Sender<bool>,
    loops: JoinSet<()>,
}

/// Starts this process's workers on the runtime of the caller.
pub fn start(app: &App) -> Workers {
    let (stop, stopping) = watch::channel(false);
    let worker: Arc<str> = format!("{}-{}", std::process::id(), uuid::Uuid::new_v4()).into();
    let mut loops = JoinSet::new();
    for (kind, count) in [
        (JobKind::Report, app.settings().jobs.running_used()),
        (JobKind::Export, app.settings().exports.running_used()),
    ] {
        for _ in 0..count {
            let (app, worker, stopping) = (app.clone(), Arc::clone(&worker), stopping.clone());
            loops.spawn(work_off(app, kind, worker, stopping));
        }
    }
    for _ in 0..SENDERS {
        loops.spawn(notify::send_all(app.clone(), Arc::clone(&worker), stopping.clone()));
    }
    loops.spawn(sweep::keep_clean(app.clone(), stopping));
    Workers { stop, loops }
}

impl Workers {
    /// Takes no further job, gives back those that run, and waits until that is done.
    pub async fn stop(mut self) {
        // No receiver is left only when all loops have ended.
        let _ = self.stop.send(true);
        while self.loops.join_next().await.is_some() {}
    }
}

async fn work_off(app: App, kind: JobKind, worker: Arc<str>, mut stopping: watch::Receiver<bool>) {
    while !*stopping.borrow() {
        let woken = app.job_bell().notified();
        match claim(&app, kind, &worker).await {
            Some(job) => attempt(&app, job, &worker, &mut stopping).await,
            None => {
                tokio::select! {
                    () = woken => {}
                    () = tokio::time::sleep(NAP) => {}
                    _ = stopping.changed() => {}
                }
            }
        }
    }
}

/// The next job, if there is one. A store that fails is asked again after the nap.
async fn claim(app: &App, kind: JobKind, worker: &Arc<str>) -> Option<Job> {
    let worker = Arc::clone(worker);
    blocking(app, move |app, now| {
        let settings = &app.settings().jobs;
        let running_per_provider_max = match kind {
            JobKind::Report => settings.parallel_per_provider,
            JobKind::Export => UNBOUNDED,
        };
        let claim = Claim {
            kind,
            worker: &worker,
            running_per_provider_max,
            attempts_max: settings.attempts_max,
            lease_until: now.plus_seconds(settings.lease_s),
        };
        app.store().claim_job(&claim, now)
    })
    .await
    .flatten()
}

/// Runs an attempt to whatever end it comes.
async fn attempt(app: &App, job: Job, worker: &Arc<str>, stopping: &mut watch::Receiver<bool>) {
    let work = work::of(&job);
    let name = format!("{}-{}-{}", job.uuid, job.attempts, worker);
    let folder = match app.files().begin(&name) {
        Ok(folder) => folder,
        Err(error) => {
            crate::error::log("file_failed", &error);
            tokio::time::sleep(NAP).await;
            return;
        }
    };
    let attempt = Attempt::new(&job, Arc::clone(worker), folder);
    let began = std::time::Instant::now();
    let result = match job.attempts > app.settings().jobs.attempts_max {
        true => Err(Stop::failed("internal_error", "The export was broken off too often.")),
        false => run(app, work, &job, &attempt, stopping).await,
    };
    let result = match result {
        Ok(made) => publish(app, &job, made).map_err(Stop::from),
        Err(stop) => Err(stop),
    };
    let outcome = outcome(app, &job, result, *stopping.borrow());
    report(&job, outcome.as_ref(), began.elapsed());
    if let Some(outcome) = outcome {
        finish(app, work, job, &attempt, outcome).await;
    }
}

async fn run(
    app: &App,
    work: &dyn Work,
    job: &Job,
    attempt: &Attempt,
    stopping: &mut watch::Receiver<bool>,
) -> Result<Made, Stop> {
    let within = Duration::from_secs(app.settings().timeout_minutes(job.provider) * 60);
    tokio::select! {
        result = work.run(app, job, attempt) => result,
        () = attempt.beat(app) => Err(Stop::Told),
        () = attempt.told() => Err(Stop::Told),
        _ = stopping.wait_for(|is_stopping| *is_stopping) => {
            attempt.stop();
            Err(Stop::Told)
        }
        () = tokio::time::sleep(within) => {
            attempt.stop();
            let message = format!("It took longer than {} minutes.", within.as_secs() / 60);
            Err(Stop::failed("timed_out", message))
        }
    }
}

/// Puts the files in place. From here on they are whole, and nobody's until the store knows them.
fn publish(app: &App, job: &Job, made: Made) -> std::io::Result<Success> {
    let now = app.clock().now();
    let month = model::time::Zone::utc().date_of(now).to_string();
    let mut files = Vec::with_capacity(made.files.len());
    for file in made.files {
        let ending = file.path.extension().and_then(|ending| ending.to_str()).unwrap_or("bin");
        let path = format!("{}/{}.{}.{}.{ending}", &month[..7], job.uuid, job.attempts, file.part);
        app.files().publish(&file.path, &path)?;
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
    Ok(Success { files, manifest, rows: made.rows, revision: made.revision, expires_at })
}

/// What the store is told; nothing when the job is not this worker's any more.
fn outcome(
    app: &App,
    job: &Job,
    result: Result<Success, Stop>,
    is_stopping: bool,
) -> Option<Outcome> {
    Some(match result {
        Ok(success) => Outcome::Succeeded(success),
        Err(Stop::Told) if is_stopping => Outcome::Released,
        Err(Stop::Told) => return None,
        Err(Stop::Failed { code, message }) => Outcome::Failed { code: code.to_owned(), message },
        Err(Stop::Broken { code, message }) if job.attempts >= app.settings().jobs.attempts_max => {
            Outcome::Failed { code: code.to_owned(), message }
        }
        Err(Stop::Broken { code, message }) => {
            let at = app.clock().now().plus_seconds(backoff_s(job.attempts));
            Outcome::Retry { code: code.to_owned(), message, at }
        }
    })
}

/// 2, 8, 32, … seconds after the first, second, third attempt.
fn backoff_s(attempts: u32) -> i64 {
    2 << (2 * attempts.saturating_sub(1)).min(10)
}

/// Tells the store, again and again until it answers or the lease is over.
async fn finish(app: &App, work: &dyn Work, job: Job, attempt: &Attempt, outcome: Outcome) {
    let notices = match &outcome {
        Outcome::Succeeded(success) => work.notices(app, &job, &End::Made(success)),
        Outcome::Failed { code, .. } => work.notices(app, &job, &End::Failed(code)),
        Outcome::Retry { .. } | Outcome::Released => Vec::new(),
    };
    let until = app.clock().now().plus_seconds(app.settings().jobs.lease_s);
    loop {
        let (holder, told, notices) = (attempt.clone(), outcome.clone(), notices.clone());
        let told = blocking(app, move |app, now| {
            app.store().finish_job(&holder.hold(), &told, &notices, now)
        });
        match told.await {
            Some(true) => break app.notice_bell().notify_waiters(),
            Some(false) => break discard(app, &outcome),
            None if app.clock().now() >= until => break,
            None => tokio::time::sleep(NAP).await,
        }
    }
}

/// Removes files that the store does not want: another worker has the job, or it was canceled.
fn discard(app: &App, outcome: &Outcome) {
    let Outcome::Succeeded(success) = outcome else { return };
    for file in &success.files {
        if let Err(error) = app.files().remove(&file.path) {
            crate::error::log("file_failed", &error);
        }
    }
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

/// Asks the store away from the threads that serve connections; a failure is logged.
async fn blocking<T: Send + 'static>(
    app: &App,
    ask: impl FnOnce(&App, Instant) -> Result<T, StoreError> + Send + 'static,
) -> Option<T> {
    let app = app.clone();
    let asked = tokio::task::spawn_blocking(move || ask(&app, app.clock().now())).await;
    match asked {
        Ok(Ok(answer)) => Some(answer),
        Ok(Err(error)) => {
            crate::error::log(error.code(), &error);
            None
        }
        Err(_) => None,
    }
}

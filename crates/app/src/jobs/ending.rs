//! The end of attempts: their files are published, and their outcomes are stored in one
//! transaction.

use std::sync::Arc;

use store::port::jobs::{Ended, Job, JobFile, Outcome, Success};
use store::port::notices::NewNotice;

use super::runner::{NAP, blocking};
use super::together::{Held, beat_all};
use super::work::{self, End, Made, Stop};
use crate::app::App;
use crate::crash;

/// Publishes the files and returns the outcome of each job. `None` means that the job was canceled
/// or belongs to another worker now, and nothing is stored.
///
/// If one job is tried again, all jobs of its group are, because the next attempt reads at another
/// revision.
pub(super) async fn outcomes(
    app: &App,
    held: &[Held],
    made: Vec<Result<Made, Stop>>,
) -> Vec<Option<Outcome>> {
    let results = publish_all(app, held, made).await;
    crash::point("published");
    let retry = held.iter().zip(&results).find_map(|(held, result)| match result {
        Err(Stop::Broken { code, message }) => retry(app, &held.job, code, message),
        _ => None,
    });
    let outcome = |result: Result<Success, Stop>| match result {
        Ok(success) => Some(match &retry {
            Some(retry) => {
                discard(app, &success.files);
                retry.clone()
            }
            None => Outcome::Succeeded(success),
        }),
        Err(Stop::Told) => None,
        Err(Stop::Broken { .. }) if retry.is_some() => retry.clone(),
        Err(Stop::Failed { code, message } | Stop::Broken { code, message }) => {
            Some(Outcome::Failed { code: code.to_owned(), message })
        }
    };
    results.into_iter().map(outcome).collect()
}

/// Publishes the files of all jobs. Large files take the disk long, so the heartbeats go on
/// meanwhile. Nothing stops this halfway.
async fn publish_all(
    app: &App,
    held: &[Held],
    made: Vec<Result<Made, Stop>>,
) -> Vec<Result<Success, Stop>> {
    let (publisher, jobs) = (app.clone(), held.iter().map(|held| held.job.clone()));
    let jobs: Vec<Job> = jobs.collect();
    let publishing = tokio::task::spawn_blocking(move || {
        let publish = |(job, made): (&Job, Result<Made, Stop>)| {
            made.and_then(|made| publish(&publisher, job, made).map_err(Stop::from))
        };
        jobs.iter().zip(made).map(publish).collect()
    });
    let published = tokio::select! {
        published = publishing => published,
        never = beat_all(app, held) => match never {},
    };
    // A panic, or a runtime that is shutting down: another worker will claim the jobs.
    published.unwrap_or_else(|_| held.iter().map(|_| Err(Stop::Told)).collect())
}

/// Returns the outcome `Retry`, or `None` if this was the last attempt.
fn retry(app: &App, job: &Job, code: &str, message: &str) -> Option<Outcome> {
    let is_last = job.attempts >= app.settings().jobs.attempts_max;
    let at = app.clock().now().plus_seconds(backoff_s(job.attempts));
    let (code, message) = (code.to_owned(), message.to_owned());
    (!is_last).then_some(Outcome::Retry { code, message, at })
}

/// Returns the pause before the next attempt: 2, 8, 32, … seconds after the first, second, third.
fn backoff_s(attempts: u32) -> i64 {
    2 << (2 * attempts.saturating_sub(1)).min(10)
}

/// Moves the files of a job to their final places. They are complete from here on, but belong to
/// nobody until the store records them.
fn publish(app: &App, job: &Job, made: Made) -> std::io::Result<Success> {
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
    Ok(Success { files, manifest, rows: made.rows, revision: made.revision, expires_at })
}

/// Stores the outcomes. Tries again until the store answers or the lease has expired.
pub(super) async fn finish(app: &App, held: &[Held], outcomes: Vec<Option<Outcome>>) {
    let ends: Vec<_> = held
        .iter()
        .zip(outcomes)
        .filter_map(|(held, outcome)| {
            let outcome = outcome?;
            let notices = notices(app, &held.job, &outcome);
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
        let done = blocking(app, move |app, now| {
            let ended = told.iter().map(|(attempt, outcome, notices)| Ended {
                attempt: attempt.hold(),
                outcome,
                notices,
            });
            let held = app.store().finish_jobs(&ended.collect::<Vec<_>>(), now)?;
            crash::point("finished");
            for ((_, outcome, _), _) in told.iter().zip(&held).filter(|(_, is_held)| !**is_held) {
                if let Outcome::Succeeded(success) = outcome {
                    discard(app, &success.files);
                }
            }
            Ok(())
        });
        match done.await {
            Some(()) => return app.notice_bell().notify_waiters(),
            None if app.clock().now() >= until => return,
            None => tokio::time::sleep(NAP).await,
        }
    }
}

fn notices(app: &App, job: &Job, outcome: &Outcome) -> Vec<NewNotice> {
    match outcome {
        Outcome::Succeeded(success) => work::of(job).notices(app, job, &End::Made(success)),
        Outcome::Failed { code, message } => {
            work::of(job).notices(app, job, &End::Failed { code, message })
        }
        Outcome::Retry { .. } | Outcome::Released => Vec::new(),
    }
}

/// Removes files that the store did not record: another worker has the job, it was canceled, or it
/// is tried again. Asks the store first which files it knows, because it may have recorded them in
/// an earlier call whose answer was lost.
fn discard(app: &App, files: &[JobFile]) {
    let paths: Vec<String> = files.iter().map(|file| file.path.clone()).collect();
    let known = match app.store().known_files(&paths) {
        Ok(known) => known,
        // The cleanup will find them.
        Err(error) => return crate::error::log(error.code(), &error),
    };
    for path in paths.iter().filter(|path| !known.contains(path)) {
        if let Err(error) = app.files().remove(path) {
            crate::error::log("file_failed", &error);
        }
    }
}

//! Cleanup of expired files and jobs. It also removes files that the store has not recorded, so no
//! file outlives its job or a crash.

use std::time::Duration;

use store::StoreError;
use store::port::jobs::{Job, JobId, JobState};
use tokio::sync::watch;

use super::folder::AttemptName;
use crate::app::App;

const CLEANUP_INTERVAL: Duration = Duration::from_secs(60);
/// The minimum age of an unrecorded file that is removed: a file is published shortly before the
/// store records it.
const UNRECORDED_AGE_MIN_S: i64 = 15 * 60;
/// The age from which unfinished files are removed, whatever their attempt.
const UNFINISHED_AGE_MAX_S: i64 = 24 * 3600;
/// The number of files per query to the store.
const FILES_AT_ONCE: usize = 500;

/// Cleans up at intervals until told to stop.
pub(super) async fn run_cleanup_loop(app: App, mut stopping: watch::Receiver<bool>) {
    while !*stopping.borrow() {
        let sweeper = app.clone();
        let swept = tokio::task::spawn_blocking(move || clean_up(&sweeper)).await;
        match swept {
            Ok(Ok(())) => {}
            Ok(Err(error)) => crate::error::log_error("sweep_failed", error.as_ref()),
            Err(failed) if failed.is_panic() => std::panic::resume_unwind(failed.into_panic()),
            Err(_) => return,
        }
        tokio::select! {
            () = tokio::time::sleep(CLEANUP_INTERVAL) => {}
            _ = stopping.changed() => {}
        }
    }
}

type CleanupError = Box<dyn std::error::Error + Send + Sync>;

fn clean_up(app: &App) -> Result<(), CleanupError> {
    expire_jobs(app)?;
    app.files().check_present()?;
    let now = app.clock().now();
    let old = app.files().published_before(now.plus_seconds(-UNRECORDED_AGE_MIN_S))?;
    for some in old.chunks(FILES_AT_ONCE) {
        let known = app.store().known_files(some)?;
        for path in some.iter().filter(|path| !known.contains(path)) {
            app.files().remove(path)?;
        }
    }
    let untouched_since = now.plus_seconds(-UNFINISHED_AGE_MAX_S);
    app.files().clear_unfinished(untouched_since, |attempt| is_under_way(app, attempt))
}

/// Returns true if the store lists the attempt as running. The attempt of a dead process stays
/// listed until another worker claims its job.
fn is_under_way(app: &App, attempt: &AttemptName<'_>) -> Result<bool, CleanupError> {
    let job = app.store().job_of_any_provider(JobId::Uuid(attempt.uuid))?;
    let is_of = |job: &Job| job.state == JobState::Running && job.attempts == attempt.number;
    Ok(job.as_ref().is_some_and(is_of))
}

/// Expires jobs and removes old jobs and deliveries, a bounded number per transaction.
fn expire_jobs(app: &App) -> Result<(), StoreError> {
    let now = app.clock().now();
    let settings = app.settings();
    let days = settings.jobs.history_days.max(settings.exports.history_days_max());
    let forget_before = now.plus_seconds(-days * 86_400);
    while app.store().clean_up_jobs(now, forget_before)? != (0, 0) {}
    let forget_before = now.plus_seconds(-DELIVERIES_KEPT_S);
    while app.store().clean_up_deliveries(forget_before)? != 0 {}
    Ok(())
}

/// Seconds that deliveries of notices are remembered. Rule: spec/exports.md §8.1.
const DELIVERIES_KEPT_S: i64 = 30 * 86_400;

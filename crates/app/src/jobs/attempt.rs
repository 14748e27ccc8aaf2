//! One attempt at a job: its heartbeat, its progress and its cancellation.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use model::id::Revision;
use store::port::jobs::{self, Job, JobProgress, ProgressReply};
use tokio::sync::Notify;

use super::folder::AttemptFolder;
use super::row_file::WriteObserver;
use crate::app::App;

/// The interval of heartbeats, which also tell the attempt whether to stop. A canceled job stops
/// within a second, so the interval is shorter than that.
const HEARTBEAT_INTERVAL: Duration = Duration::from_millis(500);

/// The value of `rows_total` while the total is unknown.
const UNKNOWN: u64 = u64::MAX;

/// A handle to a running attempt. It is cheap to clone for the threads that do the work.
#[derive(Clone)]
pub(crate) struct RunningAttempt(Arc<AttemptState>);

struct AttemptState {
    job: i64,
    worker: Arc<str>,
    number: u32,
    folder: AttemptFolder,
    rows: AtomicU64,
    rows_total: AtomicU64,
    revision: AtomicI64,
    is_told_to_stop: AtomicBool,
    told: Notify,
}

impl RunningAttempt {
    pub(super) fn new(job: &Job, worker: Arc<str>, folder: AttemptFolder) -> Self {
        Self(Arc::new(AttemptState {
            job: job.id,
            worker,
            number: job.attempts,
            folder,
            rows: AtomicU64::new(0),
            rows_total: AtomicU64::new(UNKNOWN),
            revision: AtomicI64::new(-1),
            is_told_to_stop: AtomicBool::new(false),
            told: Notify::new(),
        }))
    }

    /// Returns the folder for the attempt's unfinished files.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.0.folder.path()
    }

    /// Cancels the work.
    pub(crate) fn cancel(&self) {
        self.0.is_told_to_stop.store(true, Ordering::Release);
        self.0.told.notify_waiters();
    }

    /// Waits until the work is told to stop.
    pub(super) async fn wait_for_cancel(&self) {
        let told = self.0.told.notified();
        if !self.is_canceled() {
            told.await;
        }
    }

    fn progress(&self) -> JobProgress {
        let total = self.0.rows_total.load(Ordering::Acquire);
        let revision = self.0.revision.load(Ordering::Acquire);
        JobProgress {
            rows: self.0.rows.load(Ordering::Acquire),
            rows_total: (total != UNKNOWN).then_some(total),
            revision: (revision >= 0).then_some(Revision(revision)),
        }
    }

    /// Returns the attempt as the store identifies it.
    pub(super) fn claimed_attempt(&self) -> jobs::JobAttempt<'_> {
        jobs::JobAttempt { job: self.0.job, worker: &self.0.worker, number: self.0.number }
    }

    /// Sends heartbeats to the store until the attempt has to stop.
    pub(super) async fn send_heartbeats(&self, app: &App) {
        let mut beats = tokio::time::interval(HEARTBEAT_INTERVAL);
        beats.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            beats.tick().await;
            match self.send_heartbeat(app).await {
                Some(ProgressReply::Continue) | None => {}
                Some(ProgressReply::Cancel | ProgressReply::LeaseLost) => {
                    self.cancel();
                    return;
                }
            }
        }
    }

    /// Sends one heartbeat with the progress. A failure is logged and answered with `None`; the
    /// next heartbeat tries again, because the lease outlasts many of them.
    async fn send_heartbeat(&self, app: &App) -> Option<ProgressReply> {
        let (attempt, app) = (self.clone(), app.clone());
        let report = move || {
            let now = app.clock().now();
            let lease_until = now.plus_seconds(app.settings().jobs.lease_s);
            app.store().report_progress(
                &attempt.claimed_attempt(),
                attempt.progress(),
                lease_until,
                now,
            )
        };
        match tokio::task::spawn_blocking(report).await {
            Ok(Ok(orders)) => Some(orders),
            Ok(Err(error)) => {
                crate::error::log_error(error.code(), &error);
                None
            }
            Err(_) => None,
        }
    }
}

impl WriteObserver for RunningAttempt {
    fn begin(&self, rows_total: Option<u64>, revision: Revision) {
        self.0.rows_total.store(rows_total.unwrap_or(UNKNOWN), Ordering::Release);
        self.0.revision.store(revision.0, Ordering::Release);
    }

    fn add_rows(&self, rows: u64) {
        self.0.rows.fetch_add(rows, Ordering::AcqRel);
    }

    fn is_canceled(&self) -> bool {
        self.0.is_told_to_stop.load(Ordering::Acquire)
    }
}

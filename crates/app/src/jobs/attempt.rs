//! One attempt at a job: its heartbeat, its progress, whether it is to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use model::id::Revision;
use store::port::jobs::{self, Job, Orders, Progress};
use tokio::sync::Notify;

use super::folder::Making;
use super::row_file::Watch;
use crate::app::App;

/// How often a running attempt says that it is alive and learns whether it is to stop. A canceled
/// job stops within a second, so it asks more often than that.
const BEAT: Duration = Duration::from_millis(500);

/// No total, no revision yet.
const UNKNOWN: u64 = u64::MAX;

/// What an attempt's work may use; cheap to share with the threads that do it.
#[derive(Clone)]
pub(crate) struct Attempt(Arc<Inner>);

struct Inner {
    job: i64,
    worker: Arc<str>,
    number: u32,
    folder: Making,
    rows: AtomicU64,
    rows_total: AtomicU64,
    revision: AtomicI64,
    is_told_to_stop: AtomicBool,
    told: Notify,
}

impl Attempt {
    pub(super) fn new(job: &Job, worker: Arc<str>, folder: Making) -> Self {
        Self(Arc::new(Inner {
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

    /// The folder to make files in.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.0.folder.path()
    }

    /// Tells the work to stop.
    pub(super) fn stop(&self) {
        self.0.is_told_to_stop.store(true, Ordering::Release);
        self.0.told.notify_waiters();
    }

    /// Ends when the work is told to stop.
    pub(super) async fn told(&self) {
        let told = self.0.told.notified();
        if !self.is_told_to_stop() {
            told.await;
        }
    }

    fn progress(&self) -> Progress {
        let total = self.0.rows_total.load(Ordering::Acquire);
        let revision = self.0.revision.load(Ordering::Acquire);
        Progress {
            rows: self.0.rows.load(Ordering::Acquire),
            rows_total: (total != UNKNOWN).then_some(total),
            revision: (revision >= 0).then_some(Revision(revision)),
        }
    }

    /// The hold on the job, as the store knows it.
    pub(super) fn hold(&self) -> jobs::Attempt<'_> {
        jobs::Attempt { job: self.0.job, worker: &self.0.worker, number: self.0.number }
    }

    /// Says again and again that the attempt is alive, until it is to stop.
    pub(super) async fn beat(&self, app: &App) {
        let mut beats = tokio::time::interval(BEAT);
        beats.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            beats.tick().await;
            match self.report(app).await {
                Some(Orders::Continue) | None => {}
                Some(Orders::Cancel | Orders::Lost) => {
                    self.stop();
                    return;
                }
            }
        }
    }

    /// One beat. A store that does not answer is asked again at the next: the lease outlasts many.
    async fn report(&self, app: &App) -> Option<Orders> {
        let (attempt, app) = (self.clone(), app.clone());
        let report = move || {
            let now = app.clock().now();
            let lease_until = now.plus_seconds(app.settings().jobs.lease_s);
            app.store().report_progress(&attempt.hold(), attempt.progress(), lease_until, now)
        };
        match tokio::task::spawn_blocking(report).await {
            Ok(Ok(orders)) => Some(orders),
            Ok(Err(error)) => {
                crate::error::log(error.code(), &error);
                None
            }
            Err(_) => None,
        }
    }
}

impl Watch for Attempt {
    fn begin(&self, rows_total: Option<u64>, revision: Revision) {
        self.0.rows_total.store(rows_total.unwrap_or(UNKNOWN), Ordering::Release);
        self.0.revision.store(revision.0, Ordering::Release);
    }

    fn add_rows(&self, rows: u64) {
        self.0.rows.fetch_add(rows, Ordering::AcqRel);
    }

    fn is_told_to_stop(&self) -> bool {
        self.0.is_told_to_stop.load(Ordering::Acquire)
    }
}

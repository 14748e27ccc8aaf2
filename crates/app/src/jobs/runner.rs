//! The loops that claim jobs.

use std::sync::Arc;

use store::port::jobs::{Job, JobClaim, JobKind};
use store::port::notices::DeliveryChannel;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::store_call::{JOB_POLL_INTERVAL, call_store};
use super::supervisor::supervise_loop;
use super::{claimed_jobs, cleanup};
use crate::app::App;
use crate::notify;
use store::crash;

/// A limit that is never reached, small enough for every store's integers.
const UNBOUNDED: u64 = u32::MAX as u64;

/// The running workers of this process.
pub struct Workers {
    stop: watch::Sender<bool>,
    loops: JoinSet<()>,
}

/// Starts the workers of this process on the current runtime.
pub fn start_workers(app: &App) -> Workers {
    let (stop, stopping) = watch::channel(false);
    let worker: Arc<str> = format!("{}-{}", std::process::id(), uuid::Uuid::new_v4()).into();
    let mut loops = JoinSet::new();
    let settings = app.settings();
    for (kind, count) in [
        (JobKind::Report, settings.jobs.running_used()),
        (JobKind::Export, settings.exports.running_used()),
    ] {
        for _ in 0..count {
            let (own, worker, stopped) = (app.clone(), Arc::clone(&worker), stopping.clone());
            let begin =
                move || run_job_loop(own.clone(), kind, Arc::clone(&worker), stopped.clone());
            loops.spawn(supervise_loop(app.clone(), kind.as_str(), stopping.clone(), begin));
        }
    }
    for lane in DeliveryChannel::ALL {
        let (own, worker, stopped) = (app.clone(), Arc::clone(&worker), stopping.clone());
        let begin = move || {
            notify::run_delivery_loop(own.clone(), lane, Arc::clone(&worker), stopped.clone())
        };
        loops.spawn(supervise_loop(app.clone(), lane.as_str(), stopping.clone(), begin));
    }
    let (own, stopped) = (app.clone(), stopping.clone());
    let begin = move || cleanup::run_cleanup_loop(own.clone(), stopped.clone());
    loops.spawn(supervise_loop(app.clone(), "sweep", stopping, begin));
    Workers { stop, loops }
}

impl Workers {
    /// Claims no further jobs, releases the running ones, and waits until that is done.
    pub async fn stop(mut self) {
        // No receiver is left only when all loops have ended.
        let _ = self.stop.send(true);
        while self.loops.join_next().await.is_some() {}
    }
}

async fn run_job_loop(
    app: App,
    kind: JobKind,
    worker: Arc<str>,
    mut stopping: watch::Receiver<bool>,
) {
    while !*stopping.borrow() {
        let woken = app.job_wakeup().notified();
        match claim_jobs(&app, kind, &worker).await {
            jobs if !jobs.is_empty() => {
                crash::point("claimed");
                claimed_jobs::run_claimed_jobs(&app, jobs, &worker, &mut stopping).await;
            }
            _ => {
                tokio::select! {
                    () = woken => {}
                    () = tokio::time::sleep(JOB_POLL_INTERVAL) => {}
                    _ = stopping.changed() => {}
                }
            }
        }
    }
}

/// Claims the next job with all jobs of its group. Returns none if no job waits, if the store fails
/// or if the files folder is missing; the caller tries again later.
async fn claim_jobs(app: &App, kind: JobKind, worker: &Arc<str>) -> Vec<Job> {
    let worker = Arc::clone(worker);
    call_store(app, move |app, now| {
        if let Err(error) = app.files().check_present() {
            crate::error::log_error(error.code(), &error);
            return Ok(Vec::new());
        }
        let settings = &app.settings().jobs;
        let running_per_provider_max = match kind {
            JobKind::Report => settings.parallel_per_provider,
            JobKind::Export => UNBOUNDED,
        };
        let claim = JobClaim {
            kind,
            worker: &worker,
            running_per_provider_max,
            attempts_max: settings.attempts_max,
            lease_until: now.plus_seconds(settings.lease_s),
        };
        app.store().claim_jobs(&claim, now)
    })
    .await
    .unwrap_or_default()
}

//! Downloads by signed links, counted in memory and stored in batches.
//!
//! A request by a link needs no credential, so it must not cause a write to the store or a webhook
//! each time. Rule: spec/exports.md §6, §8.1.

use std::time::{Duration, Instant};

use store::port::jobs::{FileTransfers, Job, JobId, JobKind};
use store::port::notices::NewNotice;

use super::link_counts::DueTransfers;
use crate::app::App;
use crate::error::ApiError;
use crate::exports::notices;

/// The interval at which counts are stored while there are any.
const STORE_INTERVAL: Duration = Duration::from_secs(1);
/// Counts a complete download of a file of this job, and starts the storing task if none runs. Must
/// run on the runtime; does not block.
pub fn count_link_transfer(app: &App, job: i64) {
    let mut gathered = app.link_transfers().0.lock();
    gathered.add(job);
    if !gathered.is_kept {
        gathered.is_kept = true;
        tokio::spawn(store_at_intervals(app.clone()));
    }
}

/// Stores all counts before the process ends.
pub async fn store_link_transfers(app: &App) {
    store(app, true).await;
}

/// Stores the counts at intervals until there are none left.
async fn store_at_intervals(app: App) {
    loop {
        store(&app, false).await;
        if app.link_transfers().0.lock().drop_finished(Instant::now()) {
            return;
        }
        tokio::time::sleep(STORE_INTERVAL).await;
    }
}

async fn store(app: &App, is_last: bool) {
    let due = app.link_transfers().0.lock().take_due(Instant::now(), is_last);
    if due.is_empty() {
        return;
    }
    let (storing, taken) = (app.clone(), due.clone());
    let stored = tokio::task::spawn_blocking(move || store_due(&storing, &taken)).await;
    match stored {
        Ok(Ok(())) => app.notice_wakeup().notify_waiters(),
        Ok(Err(error)) => {
            crate::error::log_error("download_uncounted", &error);
            app.link_transfers().0.lock().give_back(&due);
        }
        Err(_) => app.link_transfers().0.lock().give_back(&due),
    }
}

fn store_due(app: &App, due: &[DueTransfers]) -> Result<(), ApiError> {
    let transfers = due.iter().map(|due| transfers(app, due)).collect::<Result<Vec<_>, _>>()?;
    app.store().count_transfers(&transfers, app.clock().now()).map_err(ApiError::from_store_error)
}

fn transfers(app: &App, due: &DueTransfers) -> Result<FileTransfers, ApiError> {
    let notices = if due.is_told { download_events(app, due)? } else { Vec::new() };
    Ok(FileTransfers { job: due.job, count: due.count, notices })
}

/// Returns one event for all downloads since the last event, with the total count.
fn download_events(app: &App, due: &DueTransfers) -> Result<Vec<NewNotice>, ApiError> {
    let job = app.store().job_of_any_provider(JobId::Number(due.job));
    let export = job.map_err(ApiError::from_store_error)?.filter(|job| job.kind == JobKind::Export);
    let event = export.map(|export| {
        let counted = Job { downloads: export.downloads + due.count, ..export };
        notices::export_event(app, notices::DOWNLOADED, &counted)
    });
    Ok(event.transpose()?.into_iter().collect())
}

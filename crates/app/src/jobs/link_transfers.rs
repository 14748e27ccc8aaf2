//! Downloads by signed links, counted in memory and stored in batches.
//!
//! A request by a link needs no credential, so it must not cause a write to the store or a webhook
//! each time. Rule: spec/exports.md §6, §8.1.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use store::port::jobs::{FileTransfers, Job, JobId, JobKind};
use store::port::notices::NewNotice;

use crate::app::App;
use crate::error::ApiError;
use crate::exports::notices;

/// The interval at which counts are stored while there are any.
const STORE_INTERVAL: Duration = Duration::from_secs(1);
/// The shortest time between two webhook events about downloads of one export: the first download
/// is reported at once, later ones together.
const EVENT_INTERVAL: Duration = Duration::from_secs(60);

/// Counts of downloads that are not stored yet. A crash loses the counts of about a second.
#[derive(Default)]
pub(crate) struct LinkTransfers(Mutex<TransferCounts>);

#[derive(Default)]
struct TransferCounts {
    jobs: HashMap<i64, JobTransferCount>,
    /// True while a task stores the counts at intervals.
    is_kept: bool,
}

#[derive(Debug, Default)]
struct JobTransferCount {
    unstored: u64,
    is_unreported: bool,
    reported_at: Option<Instant>,
}

/// The counts of one job that are due to be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct DueTransfers {
    job: i64,
    count: u64,
    is_told: bool,
}

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

impl TransferCounts {
    fn add(&mut self, job: i64) {
        let count = self.jobs.entry(job).or_default();
        count.unstored += 1;
        count.is_unreported = true;
    }

    /// Takes the counts that are due now, or all if `is_last` is true.
    fn take_due(&mut self, now: Instant, is_last: bool) -> Vec<DueTransfers> {
        let take = |(job, count): (&i64, &mut JobTransferCount)| {
            let is_told = count.is_unreported && (is_last || !count.was_reported_lately(now));
            if is_told {
                (count.is_unreported, count.reported_at) = (false, Some(now));
            }
            let due =
                DueTransfers { job: *job, count: std::mem::take(&mut count.unstored), is_told };
            (due.count > 0 || is_told).then_some(due)
        };
        self.jobs.iter_mut().filter_map(take).collect()
    }

    /// Puts back counts that could not be stored.
    fn give_back(&mut self, due: &[DueTransfers]) {
        for due in due {
            let count = self.jobs.entry(due.job).or_default();
            count.unstored += due.count;
            if due.is_told {
                (count.is_unreported, count.reported_at) = (true, None);
            }
        }
    }

    /// Removes jobs that need no further store or event. Returns true if none is left, so that the
    /// storing task ends.
    fn drop_finished(&mut self, now: Instant) -> bool {
        self.jobs.retain(|_, count| {
            count.unstored > 0 || count.is_unreported || count.was_reported_lately(now)
        });
        self.is_kept = !self.jobs.is_empty();
        !self.is_kept
    }
}

impl JobTransferCount {
    fn was_reported_lately(&self, now: Instant) -> bool {
        self.reported_at.is_some_and(|at| now.duration_since(at) < EVENT_INTERVAL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_stored_each_time_and_told_of_once_in_a_while() {
        let mut gathered = TransferCounts::default();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        // seconds, transfers of job 7 before, what is due then
        for (seconds, transfers, expected) in [
            (0, 1, Some((1, true))),
            (1, 0, None),
            (2, 500, Some((500, false))),
            (3, 3, Some((3, false))),
            (59, 0, None),
            (60, 0, Some((0, true))),
            (61, 2, Some((2, false))),
            (200, 1, Some((1, true))),
        ] {
            (0..transfers).for_each(|_| gathered.add(7));
            let due = gathered.take_due(at(seconds), false);
            let expected = expected.map(|(count, is_told)| DueTransfers { job: 7, count, is_told });
            assert_eq!(due, expected.into_iter().collect::<Vec<_>>(), "at {seconds}");
            assert!(!gathered.drop_finished(at(seconds)));
        }
        assert!(gathered.drop_finished(at(260)));
        assert!(gathered.jobs.is_empty() && !gathered.is_kept);
    }

    #[test]
    fn nothing_is_lost_when_the_store_fails_or_the_process_ends() {
        let mut gathered = TransferCounts::default();
        let now = Instant::now();
        gathered.add(7);
        let due = gathered.take_due(now, false);
        gathered.give_back(&due);
        gathered.add(7);
        assert_eq!(
            gathered.take_due(now, false),
            [DueTransfers { job: 7, count: 2, is_told: true }]
        );
        gathered.add(7);
        assert_eq!(
            gathered.take_due(now, true),
            [DueTransfers { job: 7, count: 1, is_told: true }]
        );
    }
}

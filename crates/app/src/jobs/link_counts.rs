//! Counts of downloads by signed links that are not stored yet. Rule: spec/exports.md §6, §8.1.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// The shortest time between two webhook events about downloads of one export: the first download
/// is reported at once, later ones together.
const EVENT_INTERVAL: Duration = Duration::from_secs(60);

/// Counts of downloads that are not stored yet. A crash loses the counts of about a second.
#[derive(Default)]
pub(crate) struct LinkTransfers(pub(super) Mutex<TransferCounts>);

#[derive(Default)]
pub(super) struct TransferCounts {
    jobs: HashMap<i64, JobTransferCount>,
    /// True while a task stores the counts at intervals.
    pub(super) is_kept: bool,
}

#[derive(Debug, Default)]
struct JobTransferCount {
    unstored: u64,
    is_unreported: bool,
    reported_at: Option<Instant>,
}

/// The counts of one job that are due to be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DueTransfers {
    pub(super) job: i64,
    pub(super) count: u64,
    pub(super) is_told: bool,
}

impl TransferCounts {
    pub(super) fn add(&mut self, job: i64) {
        let count = self.jobs.entry(job).or_default();
        count.unstored += 1;
        count.is_unreported = true;
    }

    /// Takes the counts that are due now, or all if `is_last` is true.
    pub(super) fn take_due(&mut self, now: Instant, is_last: bool) -> Vec<DueTransfers> {
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
    pub(super) fn give_back(&mut self, due: &[DueTransfers]) {
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
    pub(super) fn drop_finished(&mut self, now: Instant) -> bool {
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

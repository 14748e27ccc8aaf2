//! Tests with many threads on one queue, each thread with its own handle.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Barrier, Mutex};

use model::id::ProviderId;
use store::Store;
use store::port::jobs::{JobFilter, JobKind, JobStart, JobState};
use store::port::notices::DeliveryChannel;

use crate::harness::{Backend, P, Q, all_rows, at, import_at, with_providers};
use crate::job_helpers::*;

const THREADS: usize = 4;

/// Runs `work` in several threads at the same time, with the thread's number and handle.
fn at_once<T: Send>(
    backend: &(impl Backend + Sync),
    work: impl Fn(usize, &dyn Store) -> T + Sync,
) -> Vec<T> {
    let start = Barrier::new(THREADS);
    std::thread::scope(|scope| {
        let run = |thread| {
            let store = backend.open();
            start.wait();
            work(thread, &*store)
        };
        let threads: Vec<_> = (0..THREADS).map(|thread| scope.spawn(move || run(thread))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// At every third claim the worker "crashes": it drops the job, whose lease then lapses. The clock
/// is a counter, so that leases lapse without waiting.
pub(crate) fn each_job_is_finished_exactly_once(backend: &(impl Backend + Sync)) {
    let store = backend.open();
    let jobs: Vec<_> = (0..60).map(|n| job_of(ProviderId(1 + n % 3), &format!("j{n}"))).collect();
    queue_by_provider(&*store, &jobs);
    let clock = AtomicU64::new(1000);
    let claims = AtomicU64::new(0);
    let finishes = Mutex::new(BTreeMap::<String, u32>::new());
    at_once(backend, |thread, store| {
        let worker = format!("w{thread}");
        loop {
            let now = clock.fetch_add(1, Ordering::SeqCst).cast_signed();
            let Some(job) = claim(store, &worker, now) else {
                let (queued, running) = store.job_counts(JobKind::Report).unwrap();
                if queued + running == 0 {
                    break;
                }
                continue;
            };
            let number = claims.fetch_add(1, Ordering::SeqCst);
            if number.is_multiple_of(3) && job.attempts < ATTEMPTS_MAX {
                continue;
            }
            let done = success(vec![file("a", &job.subject)], 99_999);
            if finish(store, &attempt(&job, &worker), &done, &[], now) {
                *finishes.lock().unwrap().entry(job.subject).or_default() += 1;
            }
        }
    });
    let finishes = finishes.into_inner().unwrap();
    assert_eq!(finishes.len(), jobs.len());
    assert!(finishes.values().all(|count| *count == 1), "{finishes:?}");
    let all = JobFilter { limit: 100, ..JobFilter::default() };
    for provider in 1..=3 {
        let (_, jobs) = store.jobs(ProviderId(provider), &all).unwrap();
        assert!(jobs.iter().all(|job| job.state == JobState::Succeeded && job.files.len() == 1));
    }
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
}

fn queue_by_provider(store: &dyn Store, jobs: &[store::port::jobs::NewJob]) {
    for provider in 1..=3 {
        let of_one: Vec<_> =
            jobs.iter().filter(|job| job.provider.0 == provider).cloned().collect();
        queue(store, &of_one, 0);
    }
}

pub(crate) fn of_two_exclusive_jobs_at_once_one_wins(backend: &(impl Backend + Sync)) {
    drop(backend.open());
    for round in 0..10 {
        let subject = format!("s{round}");
        let starts = at_once(backend, |thread, store| {
            let new = exclusive(&format!("{round}-{thread}"), &subject);
            store.create_jobs(&[new], None, NO_LIMITS, at(0)).unwrap()
        });
        let won = starts.iter().filter(|start| matches!(start, JobStart::Created(_))).count();
        let lost = JobStart::InProgress { subject };
        assert_eq!((won, starts.iter().filter(|start| **start == lost).count()), (1, THREADS - 1));
    }
}

pub(crate) fn of_the_same_request_at_once_one_is_done(backend: &(impl Backend + Sync)) {
    let store = backend.open();
    for round in 0..10 {
        let starts = at_once(backend, |thread, store| {
            let new = job(&format!("{round}-{thread}"));
            store.create_jobs(&[new], Some(&key(&round.to_string(), 1)), NO_LIMITS, at(0)).unwrap()
        });
        let ids: std::collections::BTreeSet<_> = starts
            .iter()
            .map(|start| match start {
                JobStart::Created(jobs) | JobStart::Answered { jobs, .. } => jobs[0].id,
                start => panic!("{start:?}"),
            })
            .collect();
        assert_eq!(ids.len(), 1);
        assert_eq!(starts.iter().filter(|s| matches!(s, JobStart::Created(_))).count(), 1);
    }
    assert_eq!(store.jobs(P, &JobFilter::default()).unwrap().0, 10);
}

pub(crate) fn limits_hold_against_each_other(backend: &(impl Backend + Sync)) {
    let limits = store::port::jobs::JobLimits { queued_max: 10, unfinished_max: 10 };
    let created: usize = at_once(backend, |thread, store| {
        let create = |n: &i32| {
            let new = job(&format!("{thread}-{n}"));
            let start = store.create_jobs(&[new], None, limits, at(0)).unwrap();
            matches!(start, JobStart::Created(_))
        };
        (0..6).filter(create).count()
    })
    .into_iter()
    .sum();
    assert_eq!(created, 10);
}

pub(crate) fn each_delivery_is_taken_once(backend: &(impl Backend + Sync)) {
    let store = backend.open();
    let notices: Vec<_> = (0..40).map(|n| mail(&format!("e{n}"), "a@example.com")).collect();
    queue(&*store, &[store::port::jobs::NewJob { notices, ..job("a") }], 0);
    let mut taken: Vec<_> = at_once(backend, |thread, store| {
        let worker = format!("s{thread}");
        let take = || take_delivery(store, DeliveryChannel::Mail, &worker, 1);
        std::iter::from_fn(take).map(|delivery| delivery.id).collect::<Vec<_>>()
    })
    .concat();
    taken.sort_unstable();
    taken.dedup();
    assert_eq!(taken.len(), 40);
}

/// Each import writes one row. A reader that sees a revision must see the rows of all before it.
pub(crate) fn no_revision_is_seen_without_those_before(backend: &(impl Backend + Sync)) {
    const IMPORTS: i64 = 25;
    let store = backend.open();
    with_providers(&*store);
    let start = store.revision().unwrap();
    let sites = model::catalogue::table("sites").unwrap();
    let writing = AtomicU64::new(2);
    at_once(backend, |thread, store| {
        if thread < 2 {
            let _writing = RunningWriter(&writing);
            for n in 0..IMPORTS {
                let id = n * 2 + 1 + thread as i64;
                let provider = if n % 2 == 0 { P } else { Q };
                import_at(store, provider, 1, &format!("+sites {id}")).unwrap();
            }
            return;
        }
        loop {
            let is_last = writing.load(Ordering::SeqCst) == 0;
            let asked = store.revision().unwrap();
            let snapshot = store.snapshot().unwrap();
            assert!(snapshot.revision() >= asked, "what was answered is seen");
            let rows = all_rows(&*snapshot, sites);
            let mut revisions: Vec<_> = rows.values().map(|(revision, _)| revision.0).collect();
            revisions.sort_unstable();
            let expected: Vec<_> = (start.0 + 1..=snapshot.revision().0).collect();
            assert_eq!(revisions, expected);
            if is_last {
                return;
            }
        }
    });
    assert_eq!(store.revision().unwrap().0, start.0 + 2 * IMPORTS);
}

/// Counts a running writer until it ends, even by a panic.
struct RunningWriter<'c>(&'c AtomicU64);

impl Drop for RunningWriter<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

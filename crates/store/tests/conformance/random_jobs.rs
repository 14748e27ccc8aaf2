//! Compares random sequences of operations on the job queue with a plain list of jobs.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use store::Store;
use store::port::jobs::{
    AttemptOutcome, JobAttempt, JobClaim, JobKind, JobState, NewJob, ProgressReply,
};

use crate::harness::{Backend, P, Q, at};
use crate::job_helpers::*;

const LEASE: i64 = 60;
const RUNNING_MAX: usize = 2;

#[derive(Debug, Clone)]
enum QueueStep {
    /// Time passes.
    Wait(i64),
    Queue {
        is_q: bool,
        exclusive: Option<u8>,
    },
    Claim {
        worker: u8,
    },
    Report {
        job: usize,
        attempt: u32,
        worker: u8,
    },
    Finish {
        job: usize,
        attempt: u32,
        worker: u8,
        outcome: u8,
    },
    Cancel {
        job: usize,
    },
    Expire {
        job: usize,
    },
}

#[derive(Debug, Clone)]
struct ExpectedJob {
    id: i64,
    is_q: bool,
    exclusive: Option<u8>,
    state: JobState,
    attempts: u32,
    worker: Option<u8>,
    lease_until: i64,
    not_before: i64,
}

fn steps() -> impl Strategy<Value = Vec<QueueStep>> {
    let job = 0..12_usize;
    let step = prop_oneof![
        2 => (1..80_i64).prop_map(QueueStep::Wait),
        4 => (any::<bool>(), prop::option::of(0..2_u8))
            .prop_map(|(is_q, exclusive)| QueueStep::Queue { is_q, exclusive }),
        6 => (0..3_u8).prop_map(|worker| QueueStep::Claim { worker }),
        3 => (job.clone(), 1..5_u32, 0..3_u8)
            .prop_map(|(job, attempt, worker)| QueueStep::Report { job, attempt, worker }),
        5 => (job.clone(), 1..5_u32, 0..3_u8, 0..4_u8).prop_map(|(job, attempt, worker, outcome)| {
            QueueStep::Finish { job, attempt, worker, outcome }
        }),
        1 => job.clone().prop_map(|job| QueueStep::Cancel { job }),
        1 => job.prop_map(|job| QueueStep::Expire { job }),
    ];
    prop::collection::vec(step, 1..60)
}

pub(crate) fn the_queue_agrees_with_a_plain_list(backend: &impl Backend) {
    let store = backend.open();
    let config = Config { cases: 40, failure_persistence: None, ..Config::default() };
    // The store remembers turns from case to case, so the model must too.
    let turns = std::cell::RefCell::new((0, [0, 0]));
    let cases = std::cell::Cell::new(0);
    TestRunner::new(config)
        .run(&steps(), |steps| {
            cases.set(cases.get() + 1);
            let (case, (turn, turns_of)) = (cases.get(), *turns.borrow());
            let mut model =
                QueueModel { case, now: 0, jobs: Vec::new(), queued: 0, turn, turns: turns_of };
            for step in &steps {
                model.run(&*store, step);
            }
            model.clear(&*store);
            *turns.borrow_mut() = (model.turn, model.turns);
            Ok(())
        })
        .unwrap();
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
}

struct QueueModel {
    case: u32,
    now: i64,
    jobs: Vec<ExpectedJob>,
    /// The number of jobs requested, from which their names are made.
    queued: u32,
    /// The number of the last turn.
    turn: u64,
    /// The last turns of P and of Q.
    turns: [u64; 2],
}

fn worker(number: u8) -> String {
    format!("w{number}")
}

impl QueueModel {
    fn run(&mut self, store: &dyn Store, step: &QueueStep) {
        match *step {
            QueueStep::Wait(seconds) => self.now += seconds,
            QueueStep::Queue { is_q, exclusive } => self.queue(store, is_q, exclusive),
            QueueStep::Claim { worker } => self.claim(store, worker),
            QueueStep::Report { job, attempt, worker } => self.report(store, job, attempt, worker),
            QueueStep::Finish { job, attempt, worker, outcome } => {
                self.finish(store, job, attempt, worker, outcome);
            }
            QueueStep::Cancel { job } => self.cancel(store, job),
            QueueStep::Expire { job } => self.expire(store, job),
        }
        for expected in &self.jobs {
            let provider = if expected.is_q { Q } else { P };
            let id = store::port::jobs::JobId::Number(expected.id);
            let job = store.job(provider, id).unwrap().unwrap();
            assert_eq!((job.state, job.attempts), (expected.state, expected.attempts), "{step:?}");
            assert_eq!(job.files.len(), usize::from(expected.state == JobState::Succeeded));
        }
    }

    fn queue(&mut self, store: &dyn Store, is_q: bool, exclusive: Option<u8>) {
        self.queued += 1;
        let subject = exclusive.map_or("free".to_owned(), |n| format!("only{n}"));
        let new = NewJob {
            provider: if is_q { Q } else { P },
            is_exclusive: exclusive.is_some(),
            subject,
            ..job(&format!("{}-{}", self.case, self.queued))
        };
        let start = store.create_jobs(&[new], None, NO_LIMITS, at(self.now)).unwrap();
        let is_taken = exclusive.is_some()
            && self.jobs.iter().any(|job| {
                (job.is_q, job.exclusive) == (is_q, exclusive) && job.state.is_unfinished()
            });
        match start {
            store::port::jobs::JobStart::Created(jobs) if !is_taken => {
                self.jobs.push(ExpectedJob {
                    id: jobs[0].id,
                    is_q,
                    exclusive,
                    state: JobState::Queued,
                    attempts: 0,
                    worker: None,
                    lease_until: 0,
                    not_before: self.now,
                })
            }
            store::port::jobs::JobStart::InProgress { .. } if is_taken => {}
            start => panic!("{start:?}"),
        }
    }

    fn running(&self, is_q: bool) -> usize {
        let is_alive = |job: &&ExpectedJob| {
            job.is_q == is_q && job.state == JobState::Running && job.lease_until > self.now
        };
        self.jobs.iter().filter(is_alive).count()
    }

    fn claim(&mut self, store: &dyn Store, number: u8) {
        let name = worker(number);
        let claim = JobClaim {
            running_per_provider_max: RUNNING_MAX as u64,
            lease_until: at(self.now + LEASE),
            ..claim_by(&name, self.now)
        };
        let taken = take(store, &claim, self.now);
        let is_due = |job: &ExpectedJob| match job.state {
            JobState::Queued => job.not_before <= self.now,
            JobState::Running => job.lease_until <= self.now,
            _ => false,
        };
        let due = self.jobs.iter().filter(|job| is_due(job));
        let due = due
            .map(|job| (self.running(job.is_q), self.turns[usize::from(job.is_q)], job.id))
            .filter(|(running, _, _)| *running < RUNNING_MAX);
        let expected = due.min().map(|(_, _, id)| id);
        assert_eq!(taken.as_ref().map(|job| job.id), expected);
        if let Some(job) = self.jobs.iter_mut().find(|job| Some(job.id) == expected) {
            job.state = JobState::Running;
            job.attempts += 1;
            job.worker = Some(number);
            job.lease_until = self.now + LEASE;
            self.turn += 1;
            self.turns[usize::from(job.is_q)] = self.turn;
        }
    }

    fn report(&mut self, store: &dyn Store, position: usize, number: u32, by: u8) {
        let now = self.now;
        let Some(job) = self.jobs.get_mut(position) else { return };
        let name = worker(by);
        let attempt = JobAttempt { job: job.id, worker: &name, number };
        let orders = store.report_progress(&attempt, rows(1), at(now + LEASE), at(now)).unwrap();
        let expected = match (job.state, (job.worker, job.attempts) == (Some(by), number)) {
            (JobState::Running, true) => ProgressReply::Continue,
            (JobState::Canceled, true) => ProgressReply::Cancel,
            _ => ProgressReply::LeaseLost,
        };
        assert_eq!(orders, expected);
        if orders == ProgressReply::Continue {
            job.lease_until = now + LEASE;
        }
    }

    fn finish(&mut self, store: &dyn Store, position: usize, number: u32, by: u8, kind: u8) {
        let now = self.now;
        let Some(job) = self.jobs.get_mut(position) else { return };
        let name = worker(by);
        let attempt = JobAttempt { job: job.id, worker: &name, number };
        let outcome = match kind {
            0 => success(vec![file("a", &format!("{}", job.id))], now + 10_000),
            1 => failure(),
            2 => retry(now + 30),
            _ => AttemptOutcome::Released,
        };
        let is_held =
            job.state == JobState::Running && (job.worker, job.attempts) == (Some(by), number);
        assert_eq!(finish(store, &attempt, &outcome, &[], now), is_held);
        if !is_held {
            return;
        }
        job.worker = None;
        job.state = match outcome {
            AttemptOutcome::Succeeded(_) => JobState::Succeeded,
            AttemptOutcome::Retry { .. } if job.attempts < ATTEMPTS_MAX => {
                job.not_before = now + 30;
                JobState::Queued
            }
            AttemptOutcome::Released => {
                job.attempts -= 1;
                job.not_before = now;
                JobState::Queued
            }
            AttemptOutcome::Retry { .. } | AttemptOutcome::Failed { .. } => JobState::Failed,
        };
    }

    fn cancel(&mut self, store: &dyn Store, position: usize) {
        let now = self.now;
        let Some(job) = self.jobs.get_mut(position) else { return };
        let id = store::port::jobs::JobId::Number(job.id);
        let provider = if job.is_q { Q } else { P };
        store.cancel_job(provider, id, &[], at(now)).unwrap();
        if job.state.is_unfinished() {
            job.state = JobState::Canceled;
        }
    }

    fn expire(&mut self, store: &dyn Store, position: usize) {
        let now = self.now;
        let Some(job) = self.jobs.get_mut(position) else { return };
        let id = store::port::jobs::JobId::Number(job.id);
        let provider = if job.is_q { Q } else { P };
        let is_succeeded = job.state == JobState::Succeeded;
        assert_eq!(store.expire_job(provider, id, at(now)).unwrap(), is_succeeded);
        if is_succeeded {
            job.state = JobState::Expired;
        }
    }

    /// Cancels every unfinished job, so that the next case starts with an empty queue.
    fn clear(&mut self, store: &dyn Store) {
        for position in 0..self.jobs.len() {
            self.cancel(store, position);
        }
        assert_eq!(store.job_counts(JobKind::Report).unwrap(), (0, 0));
    }
}

//! Tests of jobs that were requested together: they are claimed together, and ended together.

use model::id::Revision;
use store::Store;
use store::port::jobs::{AttemptEnd, AttemptOutcome, Job, JobId, JobKind, JobState, NewJob};

use crate::harness::{Backend, P, Q, at};
use crate::job_helpers::*;

fn job_in_group(name: &str, group: &str) -> NewJob {
    NewJob { group: Some(group.to_owned()), ..job(name) }
}

/// Claims the next jobs; returns them with their names.
fn taken(store: &dyn Store, worker: &str, seconds: i64) -> (Vec<Job>, Vec<String>) {
    let jobs = store.claim_jobs(&claim_by(worker, seconds), at(seconds)).unwrap();
    let names = jobs.iter().map(|job| job.subject.clone()).collect();
    (jobs, names)
}

fn finish_all(
    store: &dyn Store,
    jobs: &[Job],
    worker: &str,
    outcomes: &[AttemptOutcome],
    seconds: i64,
) -> Vec<bool> {
    let told: Vec<_> = jobs.iter().map(|job| [event(&job.subject, "export.completed")]).collect();
    let ends = jobs.iter().zip(outcomes).zip(&told);
    let ends: Vec<_> = ends
        .map(|((job, outcome), notices)| AttemptEnd {
            attempt: attempt(job, worker),
            outcome,
            notices,
        })
        .collect();
    store.finish_jobs(&ends, at(seconds)).unwrap()
}

pub(crate) fn a_group_is_taken_as_one(backend: &impl Backend) {
    let store = backend.open();
    let of_other_kind = NewJob { kind: JobKind::Export, ..job_in_group("export", "g") };
    queue(
        &*store,
        &[job_in_group("a", "g"), job("alone"), job_in_group("b", "g"), of_other_kind],
        0,
    );
    queue(&*store, &[NewJob { provider: Q, ..job_in_group("stranger", "h") }], 0);
    let (group, names) = taken(&*store, "w1", 10);
    assert_eq!(names, ["a", "b"]);
    assert!(group.iter().all(|job| (job.state, job.attempts) == (JobState::Running, 1)));
    assert_eq!(taken(&*store, "w2", 10).1, ["stranger"], "Q has nothing running");
    assert_eq!(taken(&*store, "w2", 10).1, ["alone"]);

    // One job is canceled. The lease of the others lapses, although one of them has a longer one.
    store.cancel_job(P, JobId::Number(group[0].id), &[], at(20)).unwrap();
    queue(&*store, &[job_in_group("c", "i"), job_in_group("d", "i")], 21);
    let (group, names) = taken(&*store, "w1", 30);
    assert_eq!(names, ["c", "d"]);
    let held = attempt(&group[1], "w1");
    store.report_progress(&held, rows(1), at(95), at(31)).unwrap();
    let mut lapsed: Vec<_> = (0..4).map(|_| taken(&*store, "w2", 90).1).collect();
    lapsed.sort();
    let all = [&["alone"][..], &["b"], &["c", "d"], &["stranger"]];
    assert_eq!(lapsed, all.map(|names| names.iter().map(ToString::to_string).collect::<Vec<_>>()));
    let gone = finish_all(&*store, &group, "w1", &[failure(), failure()], 91);
    assert_eq!(gone, [false, false]);
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
}

pub(crate) fn a_group_is_ended_in_one_transaction(backend: &impl Backend) {
    let store = backend.open();
    webhook(&*store, P, "https://a", &[]);
    let jobs = ["a", "b", "c"].map(|name| job_in_group(name, "g"));
    queue(&*store, &jobs, 0);
    let (group, _) = taken(&*store, "w", 1);
    store.cancel_job(P, JobId::Number(group[1].id), &[], at(2)).unwrap();
    let done = |name: &str| success(vec![file("file", name)], 5000);
    let held = finish_all(&*store, &group, "w", &[done("a"), done("b"), retry(50)], 3);
    assert_eq!(held, [true, false, true]);
    let states: Vec<_> = group.iter().map(|job| stored(&*store, job)).collect();
    let states: Vec<_> = states.iter().map(|job| (job.state, job.progress.revision)).collect();
    let expected = [
        (JobState::Succeeded, Some(Revision(5))),
        (JobState::Canceled, None),
        (JobState::Queued, None),
    ];
    assert_eq!(states, expected);
    let paths = ["a", "b"].map(str::to_owned);
    assert_eq!(store.known_files(&paths).unwrap(), ["a"]);
    assert_eq!(deliver_all(&*store, 3), ["a"], "nothing of the others");
    assert_eq!(taken(&*store, "w", 50).1, ["c"]);
}

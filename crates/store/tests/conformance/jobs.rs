//! Tests of the job queue: claims, leases, and the ends of jobs.

use store::Store;
use store::port::jobs::{
    AttemptOutcome, CancelOutcome, FileTransfers, Job, JobCaller, JobClaim, JobFilter, JobId,
    JobKind, JobLimits, JobProgress, JobStart, JobState, NewJob, ProgressReply,
};

use crate::harness::{Backend, P, Q, at};
use crate::job_helpers::*;

pub(crate) fn a_job_goes_from_queued_to_succeeded(backend: &impl Backend) {
    let store = backend.open();
    let queued = queue(&*store, &[job("a")], 10).remove(0);
    let expected = Job {
        id: queued.id,
        uuid: "uuid-a".to_owned(),
        provider: P,
        kind: JobKind::Report,
        subject: "a".to_owned(),
        request: "{\"name\":\"a\"}".to_owned(),
        requester: JobCaller { id: Some(7), email: Some("ann@example.com".to_owned()) },
        group: None,
        request_id: "req-1".to_owned(),
        revision_min: model::id::Revision(3),
        state: JobState::Queued,
        progress: JobProgress::default(),
        attempts: 0,
        error_code: None,
        error_message: None,
        created_at: at(10),
        started_at: None,
        finished_at: None,
        updated_at: at(10),
        expires_at: None,
        files: vec![],
        manifest: None,
        downloads: 0,
    };
    assert_eq!(queued, expected);
    for id in [JobId::Number(queued.id), JobId::Uuid("uuid-a")] {
        assert_eq!(store.job(P, id).unwrap(), Some(queued.clone()));
        assert_eq!(store.job_of_any_provider(id).unwrap(), Some(queued.clone()));
        assert_eq!(store.job(Q, id).unwrap(), None, "another provider's");
    }
    for id in [JobId::Number(99), JobId::Uuid("uuid-b"), JobId::Uuid("\0")] {
        assert_eq!(store.job(P, id).unwrap(), None);
        assert_eq!(store.job_of_any_provider(id).unwrap(), None);
    }

    let taken = claim(&*store, "w", 20).unwrap();
    let running = Job {
        state: JobState::Running,
        attempts: 1,
        started_at: Some(at(20)),
        updated_at: at(20),
        ..expected
    };
    assert_eq!(taken, running);
    assert_eq!(claim(&*store, "w", 20), None);

    let held = attempt(&taken, "w");
    let orders = store.report_progress(&held, rows(4), at(100), at(30)).unwrap();
    assert_eq!(orders, ProgressReply::Continue);
    let running = Job { progress: rows(4), updated_at: at(30), ..running };
    assert_eq!(stored(&*store, &taken), running);

    let files = vec![file("file", "1/file"), file("full", "1/full")];
    assert!(finish(&*store, &held, &success(files.clone(), 5000), &[], 40));
    let done = Job {
        state: JobState::Succeeded,
        progress: JobProgress {
            rows: 10,
            rows_total: Some(10),
            revision: Some(model::id::Revision(5)),
        },
        finished_at: Some(at(40)),
        updated_at: at(40),
        expires_at: Some(at(5000)),
        files,
        manifest: Some("{\"rows\":10}".to_owned()),
        ..running
    };
    assert_eq!(stored(&*store, &taken), done);
    assert_eq!(backend.open().job(P, JobId::Number(taken.id)).unwrap(), Some(done));
    assert!(!finish(&*store, &held, &failure(), &[], 41), "it is over");
    assert_eq!(
        store.report_progress(&held, rows(5), at(200), at(42)).unwrap(),
        ProgressReply::LeaseLost
    );
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
}

pub(crate) fn a_lapsed_lease_goes_to_another_worker(backend: &impl Backend) {
    let store = backend.open();
    queue(&*store, &[job("a")], 0);
    let first = claim(&*store, "w1", 10).unwrap();
    store.report_progress(&attempt(&first, "w1"), rows(4), at(80), at(20)).unwrap();
    assert_eq!(claim(&*store, "w2", 79), None, "the lease was extended");
    let second = claim(&*store, "w2", 80).unwrap();
    assert_eq!((second.id, second.attempts), (first.id, 2));
    assert_eq!((second.started_at, second.progress), (Some(at(10)), JobProgress::default()));

    let late = attempt(&first, "w1");
    assert_eq!(
        store.report_progress(&late, rows(9), at(900), at(81)).unwrap(),
        ProgressReply::LeaseLost
    );
    let outcomes =
        [success(vec![file("a", "late")], 5000), failure(), retry(90), AttemptOutcome::Released];
    for outcome in outcomes {
        assert!(!finish(&*store, &late, &outcome, &[event("e", "t")], 82));
    }
    assert_eq!(stored(&*store, &first), second, "nothing of it is kept");
    assert_eq!(store.known_files(&["late".to_owned()]).unwrap(), Vec::<String>::new());
    let done = success(vec![file("a", "in time")], 5000);
    assert!(finish(&*store, &attempt(&second, "w2"), &done, &[], 83));

    // An earlier attempt by the same worker does not hold the later one.
    queue(&*store, &[job("b")], 100);
    let first = claim(&*store, "w1", 100).unwrap();
    let second = claim(&*store, "w1", 200).unwrap();
    assert_eq!(first.id, second.id);
    assert!(!finish(&*store, &attempt(&first, "w1"), &failure(), &[], 201));
    assert!(finish(&*store, &attempt(&second, "w1"), &failure(), &[], 201));
}

pub(crate) fn a_crash_in_the_last_attempt_is_handed_out_to_be_given_up(backend: &impl Backend) {
    let store = backend.open();
    queue(&*store, &[job("a")], 0);
    for (number, seconds) in (1..).zip([0, 100, 200, 300, 400]) {
        assert_eq!(claim(&*store, "w", seconds).unwrap().attempts, number);
        assert_eq!(claim(&*store, "w", seconds), None);
    }
    let job = claim(&*store, "w", 500).unwrap();
    assert!(job.attempts > ATTEMPTS_MAX);
    assert!(finish(&*store, &attempt(&job, "w"), &failure(), &[], 501));
    let job = stored(&*store, &job);
    assert_eq!((job.state, job.error_code.as_deref()), (JobState::Failed, Some("internal_error")));
    assert_eq!((job.error_message.as_deref(), job.finished_at), (Some("it broke"), Some(at(501))));
    assert_eq!(claim(&*store, "w", 900), None);
}

pub(crate) fn a_failed_attempt_is_tried_again_later(backend: &impl Backend) {
    let store = backend.open();
    webhook(&*store, P, "https://a", &[]);
    queue(&*store, &[job("a")], 0);
    let told = [event("e", "export.failed")];
    for number in 1..ATTEMPTS_MAX {
        let seconds = i64::from(number) * 100;
        let taken = claim(&*store, "w", seconds).unwrap();
        assert_eq!((taken.attempts, taken.state), (number, JobState::Running));
        let held = attempt(&taken, "w");
        store.report_progress(&held, rows(4), at(seconds + 60), at(seconds)).unwrap();
        assert!(finish(&*store, &held, &retry(seconds + 50), &told, seconds + 1));
        let queued = stored(&*store, &taken);
        assert_eq!((queued.state, queued.progress), (JobState::Queued, JobProgress::default()));
        assert_eq!(queued.error_code.as_deref(), Some("disk_full"));
        assert_eq!(queued.finished_at, None);
        assert_eq!(claim(&*store, "w", seconds + 49), None, "not before its time");
    }
    assert_eq!(store.next_delivery_at().unwrap(), None, "nothing is said yet");
    let taken = claim(&*store, "w", 900).unwrap();
    assert_eq!(taken.attempts, ATTEMPTS_MAX);
    assert!(finish(&*store, &attempt(&taken, "w"), &retry(950), &told, 901));
    let failed = stored(&*store, &taken);
    assert_eq!((failed.state, failed.finished_at), (JobState::Failed, Some(at(901))));
    assert_eq!(failed.error_message.as_deref(), Some("no room"));
    assert_eq!(store.next_delivery_at().unwrap(), Some(at(901)), "now it is said");
}

pub(crate) fn a_released_job_waits_for_the_next_worker(backend: &impl Backend) {
    let store = backend.open();
    queue(&*store, &[job("a")], 0);
    for seconds in [10, 20, 30, 40, 50] {
        let taken = claim(&*store, "w", seconds).unwrap();
        assert_eq!(taken.attempts, 1, "released attempts do not count");
        let held = attempt(&taken, "w");
        assert!(finish(&*store, &held, &AttemptOutcome::Released, &[], seconds));
        assert_eq!(stored(&*store, &taken).state, JobState::Queued);
    }
    let job = claim(&*store, "w", 50).unwrap();
    assert_eq!((job.error_code, job.started_at), (None, Some(at(10))));
}

pub(crate) fn providers_take_turns(backend: &impl Backend) {
    let store = backend.open();
    queue(&*store, &[job_of(P, "p1"), job_of(P, "p2"), job_of(P, "p3"), job_of(P, "p4")], 0);
    queue(&*store, &[job_of(Q, "q1"), job_of(Q, "q2")], 1);
    let bounded = |seconds| JobClaim { running_per_provider_max: 2, ..claim_by("w", seconds) };
    let next = |seconds| {
        let job = take(&*store, &bounded(seconds), seconds);
        job.map_or("none".to_owned(), |job| job.subject)
    };
    let taken: Vec<_> = (0..6).map(|_| next(10)).collect();
    assert_eq!(taken, ["p1", "q1", "p2", "q2", "none", "none"], "two places each");
    let other_kind = JobClaim { kind: JobKind::Export, ..bounded(10) };
    assert_eq!(take(&*store, &other_kind, 10), None);

    // All leases lapse. Jobs of dead workers do not count against the limit.
    let taken: Vec<_> = (0..5).map(|_| next(100)).collect();
    assert_eq!(taken, ["p1", "q1", "p2", "q2", "none"]);
}

pub(crate) fn the_provider_served_longest_ago_comes_first(backend: &impl Backend) {
    let store = backend.open();
    let of_p: Vec<_> = (1..=4).map(|n| job_of(P, &format!("p{n}"))).collect();
    queue(&*store, &of_p, 0);
    queue(&*store, &[job_of(Q, "q1"), job_of(Q, "q2")], 1);
    // Each job ends before the next claim, so no job runs at a claim.
    let work_off = |store: &dyn Store| {
        let job = claim(store, "w", 30)?;
        assert!(finish(store, &attempt(&job, "w"), &failure(), &[], 30));
        Some(job.subject)
    };
    let done: Vec<_> = std::iter::from_fn(|| work_off(&*store)).collect();
    assert_eq!(done, ["p1", "q1", "p2", "q2", "p3", "p4"]);
    // The order is remembered while nothing waits, and separately for each queue.
    queue(&*store, &[job_of(P, "p5"), job_of(P, "p6")], 20);
    queue(&*store, &[job_of(Q, "q3")], 21);
    let exports =
        [(P, "x"), (Q, "y")].map(|(provider, name)| NewJob { provider, ..exclusive(name, name) });
    for export in exports {
        queue(&*store, &[export], 22);
    }
    assert_eq!(work_off(&*backend.open()).as_deref(), Some("q3"));
    let next = JobClaim { kind: JobKind::Export, ..claim_by("w", 30) };
    assert_eq!(take(&*store, &next, 30).map(|job| job.subject).as_deref(), Some("x"));
    assert_eq!(work_off(&*store).as_deref(), Some("p5"));
}

pub(crate) fn places_in_the_queue_are_counted(backend: &impl Backend) {
    let store = backend.open();
    let jobs = queue(&*store, &[job_of(P, "a"), job_of(Q, "b"), job_of(P, "c")], 0);
    let exports = queue(&*store, &[exclusive("x", "x")], 0);
    let position = |job: &Job| store.queue_position(job).unwrap();
    assert_eq!(jobs.iter().map(position).collect::<Vec<_>>(), [Some(0), Some(0), Some(1)]);
    assert_eq!(position(&exports[0]), Some(0));
    assert_eq!(store.job_counts(JobKind::Report).unwrap(), (3, 0));
    claim(&*store, "w", 1).unwrap();
    assert_eq!(
        jobs.iter().map(position).collect::<Vec<_>>(),
        [None, Some(0), Some(0)],
        "others' jobs do not count"
    );
    assert_eq!(store.job_counts(JobKind::Report).unwrap(), (2, 1));
    assert_eq!(store.job_counts(JobKind::Export).unwrap(), (1, 0));
}

pub(crate) fn a_second_exclusive_job_is_refused_while_the_first_is_unfinished(
    backend: &impl Backend,
) {
    let store = backend.open();
    let create = |jobs: &[_]| store.create_jobs(jobs, None, NO_LIMITS, at(0)).unwrap();
    let in_progress = |subject: &str| JobStart::InProgress { subject: subject.to_owned() };
    let first = queue(&*store, &[exclusive("a", "invoice")], 0).remove(0);
    assert_eq!(create(&[exclusive("b", "invoice")]), in_progress("invoice"));
    assert_eq!(
        create(&[exclusive("c", "payment"), exclusive("d", "invoice")]),
        in_progress("invoice")
    );
    assert_eq!(create(&[exclusive("e", "order"), exclusive("f", "order")]), in_progress("order"));
    assert_eq!(store.job(P, JobId::Uuid("uuid-c")).unwrap(), None, "all or none");
    queue(&*store, &[store::port::jobs::NewJob { provider: Q, ..exclusive("g", "invoice") }], 0);
    queue(&*store, &[exclusive("h", "payment")], 0);

    let exports = |seconds| JobClaim { kind: JobKind::Export, ..claim_by("w", seconds) };
    let taken = take(&*store, &exports(1), 1).unwrap();
    assert_eq!(taken.id, first.id);
    assert_eq!(create(&[exclusive("i", "invoice")]), in_progress("invoice"));
    finish(&*store, &attempt(&taken, "w"), &retry(5), &[], 2);
    assert_eq!(create(&[exclusive("j", "invoice")]), in_progress("invoice"));
    store.cancel_job(P, JobId::Number(first.id), &[], at(3)).unwrap();
    queue(&*store, &[exclusive("k", "invoice")], 4);
}

pub(crate) fn limits_hold_for_a_whole_call(backend: &impl Backend) {
    let store = backend.open();
    let limits = JobLimits { queued_max: 2, unfinished_max: 3 };
    let create = |jobs: &[_]| store.create_jobs(jobs, None, limits, at(0)).unwrap();
    assert_eq!(create(&[job("a"), job("b"), job("c")]), JobStart::TooMany);
    assert_eq!(store.job_counts(JobKind::Report).unwrap(), (0, 0));
    assert!(matches!(create(&[job("a"), job("b")]), JobStart::Created(jobs) if jobs.len() == 2));
    assert_eq!(create(&[job("c")]), JobStart::TooMany);
    assert!(matches!(create(&[job_of(Q, "q")]), JobStart::Created(_)), "each provider has its own");
    assert!(matches!(create(&[exclusive("x", "x")]), JobStart::Created(_)), "so has each kind");
    claim(&*store, "w", 1).unwrap();
    assert!(matches!(create(&[job("c")]), JobStart::Created(_)));
    // Claims `q` and then `b`: P now has one queued and two running jobs.
    claim(&*store, "w", 1).unwrap();
    claim(&*store, "w", 1).unwrap();
    assert_eq!(create(&[job("d")]), JobStart::TooMany, "three are unfinished");
}

pub(crate) fn a_key_queues_once_within_a_day(backend: &impl Backend) {
    let store = backend.open();
    let create = |name: &str, key: &store::port::jobs::JobKey, seconds: i64| {
        store.create_jobs(&[job(name), job(&format!("{name}2"))], Some(key), NO_LIMITS, at(seconds))
    };
    let find = |request| store.find_job_key(P, &key("k", request).key, at(10)).unwrap();
    assert_eq!(find(1), None);
    let JobStart::Created(jobs) = create("a", &key("k", 1), 0).unwrap() else {
        panic!("not created")
    };
    let taken = claim(&*store, "w", 5).unwrap();
    let expected = JobStart::Answered {
        jobs: vec![taken, jobs[1].clone()],
        answer: Some("answer 1".to_owned()),
    };
    assert_eq!(find(1).as_ref(), Some(&expected));
    assert_eq!(find(2), Some(JobStart::KeyConflict));
    assert_eq!(store.find_job_key(Q, &key("k", 1).key, at(10)).unwrap(), None);
    assert_eq!(create("b", &key("k", 1), 10).unwrap(), expected, "as they are now");
    assert_eq!(create("b", &key("k", 2), 10).unwrap(), JobStart::KeyConflict);
    let others = job_of(Q, "q");
    let start = store.create_jobs(&[others], Some(&key("k", 2)), NO_LIMITS, at(10)).unwrap();
    assert!(matches!(start, JobStart::Created(_)), "another provider's key is another key");
    assert!(matches!(create("c", &key("k", 2), 86_400).unwrap(), JobStart::Created(_)));

    // A refused call leaves its key unused.
    let none = JobLimits { queued_max: 0, unfinished_max: 0 };
    let refused = store.create_jobs(&[job("d")], Some(&key("n", 1)), none, at(10)).unwrap();
    assert_eq!(refused, JobStart::TooMany);
    assert!(matches!(create("d", &key("n", 2), 10).unwrap(), JobStart::Created(_)));
}

pub(crate) fn cancellation_reaches_the_worker(backend: &impl Backend) {
    let store = backend.open();
    webhook(&*store, P, "https://a", &[]);
    let jobs = queue(&*store, &[job("a"), job("b")], 0);
    let taken = claim(&*store, "w", 10).unwrap();
    let cancel = |provider, job: &Job, seconds| {
        let told = [event(&format!("{}-{seconds}", job.subject), "export.canceled")];
        store.cancel_job(provider, JobId::Number(job.id), &told, at(seconds)).unwrap()
    };
    assert_eq!(cancel(Q, &taken, 11), CancelOutcome::Unknown);
    for (job, seconds) in [(&jobs[0], 12), (&jobs[1], 13)] {
        let CancelOutcome::Canceled(canceled) = cancel(P, job, seconds) else {
            panic!("not canceled")
        };
        assert_eq!((canceled.id, canceled.state), (job.id, JobState::Canceled));
        assert_eq!(canceled.finished_at, Some(at(seconds)));
        assert_eq!(cancel(P, job, 20), CancelOutcome::Canceled(canceled), "twice is once");
    }
    let held = attempt(&taken, "w");
    assert_eq!(
        store.report_progress(&held, rows(1), at(99), at(14)).unwrap(),
        ProgressReply::Cancel
    );
    assert!(!finish(&*store, &held, &success(vec![], 5000), &[], 15));
    assert_eq!(claim(&*store, "w", 900), None);
    let done = finished(&*store, "c", 1000);
    assert_eq!(cancel(P, &done, 1002), CancelOutcome::TooLate(done.clone()));
    assert_eq!(deliver_all(&*store, 2000), ["a-12", "b-13"], "said once each");
}

pub(crate) fn downloads_are_counted_and_may_consume(backend: &impl Backend) {
    let store = backend.open();
    webhook(&*store, P, "https://a", &[]);
    let done = finished(&*store, "a", 0);
    let told = |id: &str| vec![event(id, "export.downloaded")];
    let transfers = |job: i64, count, id: &str| FileTransfers { job, count, notices: told(id) };
    let other = finished(&*store, "o", 0);
    let both = [transfers(done.id, 2, "e1"), transfers(99, 1, "e0"), transfers(other.id, 7, "e2")];
    store.count_transfers(&both, at(50)).unwrap();
    let counted = stored(&*store, &done);
    assert_eq!((counted.downloads, counted.updated_at), (2, at(50)));
    assert_eq!((counted.state, &counted.files), (JobState::Succeeded, &done.files));
    assert_eq!(stored(&*store, &other).downloads, 7);

    let consume = |file: &str, id| store.consume_file(done.id, file, &told(id), at(50)).unwrap();
    assert!(!consume("nothing", "e3"));
    assert!(consume("a", "e4"));
    assert!(!consume("a", "e5"), "it is consumed");
    let half = stored(&*store, &done);
    assert_eq!((half.state, half.downloads), (JobState::Succeeded, 3));
    assert_eq!(half.files.iter().map(|f| f.is_consumed).collect::<Vec<_>>(), [true, false]);
    let paths = ["a/a", "a/b", "x"].map(str::to_owned);
    assert_eq!(store.known_files(&paths).unwrap(), ["a/b"]);
    assert!(consume("b", "e6"));
    let consumed = stored(&*store, &done);
    assert_eq!((consumed.state, consumed.downloads), (JobState::Consumed, 4));
    assert_eq!((consumed.files.len(), consumed.manifest.is_some()), (0, true));
    assert!(!consume("b", "e7"));
    assert_eq!(store.known_files(&paths).unwrap(), Vec::<String>::new());
    // A transfer that ends after its file was deleted is counted too.
    store.count_transfers(&[transfers(done.id, 1, "e8")], at(60)).unwrap();
    let counted = stored(&*store, &done);
    assert_eq!((counted.state, counted.downloads), (JobState::Consumed, 5));
    assert_eq!(deliver_all(&*store, 60), ["e1", "e2", "e4", "e6", "e8"]);
    assert!(!store.consume_file(99, "a", &[], at(50)).unwrap());
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
}

pub(crate) fn files_expire_and_get_lost(backend: &impl Backend) {
    let store = backend.open();
    webhook(&*store, P, "https://a", &[]);
    let (a, b) = (finished(&*store, "a", 0), finished(&*store, "b", 0));
    assert!(!store.expire_job(Q, JobId::Number(a.id), at(10)).unwrap());
    assert!(store.expire_job(P, JobId::Uuid("uuid-a"), at(10)).unwrap());
    assert!(!store.expire_job(P, JobId::Number(a.id), at(11)).unwrap());
    let expired = stored(&*store, &a);
    assert_eq!((expired.state, expired.expires_at), (JobState::Expired, Some(at(10))));
    assert_eq!((expired.files.len(), expired.manifest), (0, a.manifest.clone()));
    assert_eq!(expired.finished_at, a.finished_at);

    assert!(store.fail_job_without_files(b.id, &[event("lost", "t.lost")], at(12)).unwrap());
    assert!(!store.fail_job_without_files(a.id, &[event("gone", "t.lost")], at(12)).unwrap());
    assert!(!store.fail_job_without_files(99, &[], at(12)).unwrap());
    let lost = stored(&*store, &b);
    assert_eq!((lost.state, lost.error_code.as_deref()), (JobState::Failed, Some("file_missing")));
    assert_eq!((lost.files.len(), lost.manifest, lost.expires_at), (0, None, None));
    assert_eq!(stored(&*store, &a).state, JobState::Expired);
    assert_eq!(deliver_all(&*store, 12), ["lost"]);
    let paths = ["a/a", "a/b", "b/a"].map(str::to_owned);
    assert_eq!(store.known_files(&paths).unwrap(), Vec::<String>::new());
}

pub(crate) fn old_jobs_are_swept(backend: &impl Backend) {
    let store = backend.open();
    let (a, b) = (finished(&*store, "a", 0), finished(&*store, "b", 100));
    let queued = queue(&*store, &[job("c")], 0).remove(0);
    assert_eq!(store.clean_up_jobs(at(4999), at(0)).unwrap(), (0, 0));
    assert_eq!(stored(&*store, &a).state, JobState::Succeeded);
    assert_eq!(store.clean_up_jobs(at(5000), at(0)).unwrap(), (2, 0));
    assert_eq!(stored(&*store, &a).state, JobState::Expired);
    assert_eq!(stored(&*store, &b).expires_at, Some(at(5000)));
    assert_eq!(store.clean_up_jobs(at(5000), at(100)).unwrap(), (0, 1));
    assert_eq!(store.job(P, JobId::Number(a.id)).unwrap(), None);
    assert_eq!(stored(&*store, &queued), queued, "unfinished ones stay");
    assert_eq!(stored(&*store, &b).state, JobState::Expired);
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
}

pub(crate) fn sweeping_is_bounded_and_comes_to_an_end(backend: &impl Backend) {
    let store = backend.open();
    let jobs: Vec<_> = (0..700).map(|n| job(&format!("j{n}"))).collect();
    for job in queue(&*store, &jobs, 0) {
        store.cancel_job(P, JobId::Number(job.id), &[], at(1)).unwrap();
    }
    let mut counts = Vec::new();
    while counts.last() != Some(&0) {
        counts.push(store.clean_up_jobs(at(10), at(10)).unwrap().1);
    }
    assert!(counts.len() > 2 && counts.iter().sum::<u64>() == 700, "{counts:?}");
}

pub(crate) fn jobs_are_listed_newest_first(backend: &impl Backend) {
    let store = backend.open();
    for (n, name) in ["a", "b", "c", "d"].into_iter().enumerate() {
        queue(&*store, &[job(name)], n as i64);
    }
    queue(&*store, &[job_of(Q, "q"), exclusive("x", "x")], 9);
    let first = claim(&*store, "w", 10).unwrap();
    let taken: Vec<_> = (0..2).map(|_| claim(&*store, "w", 10).unwrap().subject).collect();
    assert_eq!(taken, ["q", "b"]);
    finish(&*store, &attempt(&first, "w"), &success(vec![file("a", "a")], 50), &[], 11);
    let all = JobFilter { limit: 10, ..JobFilter::default() };
    let names = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
    assert_eq!(listed(&*store, all.clone()), (5, names(&["x", "d", "c", "b", "a"])));
    let reports = JobFilter { kind: Some(JobKind::Report), ..all.clone() };
    assert_eq!(listed(&*store, reports), (4, names(&["d", "c", "b", "a"])));
    let page = JobFilter { offset: 1, limit: 2, ..all.clone() };
    assert_eq!(listed(&*store, page), (5, names(&["d", "c"])));
    let states = [JobState::Queued, JobState::Succeeded];
    let some = JobFilter { states: Some(&states), kind: Some(JobKind::Report), ..all.clone() };
    assert_eq!(listed(&*store, some), (3, names(&["d", "c", "a"])));
    let subjects = names(&["b", "d", "q"]);
    let some = JobFilter { subjects: Some(&subjects), ..all.clone() };
    assert_eq!(listed(&*store, some), (2, names(&["d", "b"])));
    let none = JobFilter { subjects: Some(&[]), ..all.clone() };
    assert_eq!(listed(&*store, none), (0, vec![]));
    let (_, jobs) = store.jobs(P, &all).unwrap();
    assert_eq!(jobs[4].files, [file("a", "a")]);
}

pub(crate) fn a_subject_keeps_its_number(backend: &impl Backend) {
    let store = backend.open();
    let (ann, bob) = (store.identity_number("ann").unwrap(), store.identity_number("bob").unwrap());
    assert_ne!(ann, bob);
    assert_eq!(store.identity_number("ann").unwrap(), ann);
    assert_eq!(backend.open().identity_number("bob").unwrap(), bob);
}

pub(crate) fn work_goes_on_beside_an_import(backend: &impl Backend) {
    let store = crate::harness::with_base(backend);
    let mut import = crate::harness::begin(&*store, P, 1, None);
    crate::harness::apply(&mut *import, "+customers 77");
    let done = finished(&*store, "a", 10);
    assert_eq!(done.state, JobState::Succeeded);
    webhook(&*store, P, "https://a", &[]);
    assert_eq!(backend.open().jobs(P, &JobFilter::default()).unwrap().0, 1);
    import.commit().unwrap().into_result().unwrap();
}

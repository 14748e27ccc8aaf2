//! Helpers for jobs and notices, so that cases read as scenarios.

use model::id::{ProviderId, Revision};
use store::Store;
use store::port::IdempotencyKey;
use store::port::jobs::{
    AttemptEnd, AttemptOutcome, Job, JobAttempt, JobCaller, JobClaim, JobFile, JobFilter, JobId,
    JobKey, JobKind, JobLimits, JobProgress, JobStart, JobSuccess, NewJob,
};
use store::port::notices::{
    Delivery, DeliveryChannel, DeliveryClaim, DeliveryResult, NewNotice, NewWebhook, Webhook,
    WebhookStart,
};

use crate::harness::{P, at};

pub(crate) const NO_LIMITS: JobLimits = JobLimits { queued_max: 1000, unfinished_max: 1000 };
pub(crate) const ATTEMPTS_MAX: u32 = 3;

/// Returns a report job of [`P`], not exclusive. `name` gives its UUID and its subject.
pub(crate) fn job(name: &str) -> NewJob {
    NewJob {
        uuid: format!("uuid-{name}"),
        provider: P,
        kind: JobKind::Report,
        subject: name.to_owned(),
        request: format!("{{\"name\":\"{name}\"}}"),
        requester: JobCaller { id: Some(7), email: Some("ann@example.com".to_owned()) },
        group: None,
        request_id: "req-1".to_owned(),
        revision_min: Revision(3),
        is_exclusive: false,
        notices: Vec::new(),
    }
}

pub(crate) fn job_of(provider: ProviderId, name: &str) -> NewJob {
    NewJob { provider, ..job(name) }
}

pub(crate) fn exclusive(name: &str, subject: &str) -> NewJob {
    NewJob { subject: subject.to_owned(), kind: JobKind::Export, is_exclusive: true, ..job(name) }
}

/// Queues jobs, and expects them to be accepted.
pub(crate) fn queue(store: &dyn Store, jobs: &[NewJob], seconds: i64) -> Vec<Job> {
    match store.create_jobs(jobs, None, NO_LIMITS, at(seconds)).unwrap() {
        JobStart::Created(jobs) => jobs,
        start => panic!("not queued: {start:?}"),
    }
}

pub(crate) fn key(name: &str, request: u8) -> JobKey {
    let key = IdempotencyKey { key: name.to_owned(), request_hash: [request; 32] };
    JobKey { key, answer: Some(format!("answer {request}")) }
}

pub(crate) fn claim_by(worker: &str, seconds: i64) -> JobClaim<'_> {
    JobClaim {
        kind: JobKind::Report,
        worker,
        running_per_provider_max: 100,
        attempts_max: ATTEMPTS_MAX,
        lease_until: at(seconds + 60),
    }
}

/// Claims the next report job for `worker`, with a lease of a minute.
pub(crate) fn claim(store: &dyn Store, worker: &str, seconds: i64) -> Option<Job> {
    take(store, &claim_by(worker, seconds), seconds)
}

/// Claims the next job, which must not be in a group.
pub(crate) fn take(store: &dyn Store, claim: &JobClaim<'_>, seconds: i64) -> Option<Job> {
    let mut taken = store.claim_jobs(claim, at(seconds)).unwrap();
    assert!(taken.len() <= 1, "{taken:?}");
    taken.pop()
}

/// Ends one attempt. Returns true if it still held its job.
pub(crate) fn finish(
    store: &dyn Store,
    attempt: &JobAttempt<'_>,
    outcome: &AttemptOutcome,
    notices: &[NewNotice],
    seconds: i64,
) -> bool {
    let ended = AttemptEnd { attempt: *attempt, outcome, notices };
    match store.finish_jobs(&[ended], at(seconds)).unwrap()[..] {
        [is_held] => is_held,
        ref held => panic!("{held:?}"),
    }
}

pub(crate) fn attempt<'a>(job: &Job, worker: &'a str) -> JobAttempt<'a> {
    JobAttempt { job: job.id, worker, number: job.attempts }
}

pub(crate) fn rows(rows: u64) -> JobProgress {
    JobProgress { rows, rows_total: Some(10), revision: Some(Revision(4)) }
}

pub(crate) fn file(part: &str, path: &str) -> JobFile {
    JobFile {
        part: part.to_owned(),
        path: path.to_owned(),
        name: format!("{part}.csv"),
        content_type: "text/csv".to_owned(),
        bytes: u64::from(u32::MAX) + 5,
        sha256: "ab".repeat(32),
        is_consumed: false,
    }
}

pub(crate) fn success(files: Vec<JobFile>, expires_seconds: i64) -> AttemptOutcome {
    AttemptOutcome::Succeeded(JobSuccess {
        files,
        manifest: "{\"rows\":10}".to_owned(),
        rows: 10,
        revision: Revision(5),
        expires_at: at(expires_seconds),
    })
}

pub(crate) fn failure() -> AttemptOutcome {
    AttemptOutcome::Failed { code: "internal_error".to_owned(), message: "it broke".to_owned() }
}

pub(crate) fn retry(seconds: i64) -> AttemptOutcome {
    let (code, message) = ("disk_full".to_owned(), "no room".to_owned());
    AttemptOutcome::Retry { code, message, at: at(seconds) }
}

/// Queues one job, and finishes it with files `a` and `b` that expire at 5000.
pub(crate) fn finished(store: &dyn Store, name: &str, seconds: i64) -> Job {
    queue(store, &[job(name)], seconds);
    let taken = claim(store, "w", seconds).unwrap();
    let files = vec![file("a", &format!("{name}/a")), file("b", &format!("{name}/b"))];
    let attempt = attempt(&taken, "w");
    assert!(finish(store, &attempt, &success(files, 5000), &[], seconds + 1));
    stored(store, &taken)
}

pub(crate) fn stored(store: &dyn Store, job: &Job) -> Job {
    store.job(job.provider, JobId::Number(job.id)).unwrap().unwrap()
}

/// Returns the names of a provider's jobs, newest first.
pub(crate) fn listed(store: &dyn Store, filter: JobFilter<'_>) -> (u64, Vec<String>) {
    let (count, jobs) = store.jobs(P, &filter).unwrap();
    (count, jobs.into_iter().map(|job| job.subject).collect())
}

pub(crate) fn event(id: &str, event_type: &str) -> NewNotice {
    NewNotice::Event {
        id: id.to_owned(),
        event_type: event_type.to_owned(),
        payload: format!("{{\"id\":\"{id}\"}}"),
    }
}

pub(crate) fn mail(id: &str, to: &str) -> NewNotice {
    NewNotice::Mail {
        event_id: id.to_owned(),
        event_type: "export.completed".to_owned(),
        to: to.to_owned(),
        payload: "{}".to_owned(),
    }
}

pub(crate) fn delivery_claim(
    lane: DeliveryChannel,
    worker: &str,
    seconds: i64,
) -> DeliveryClaim<'_> {
    let lease_until = at(seconds + 60);
    DeliveryClaim { channel: lane, worker, under_way_per_provider_max: 100, lease_until }
}

/// Claims the next delivery, with a lease of a minute.
pub(crate) fn take_delivery(
    store: &dyn Store,
    lane: DeliveryChannel,
    worker: &str,
    seconds: i64,
) -> Option<Delivery> {
    store.claim_delivery(&delivery_claim(lane, worker, seconds), at(seconds)).unwrap()
}

/// Returns the result of an attempt. With `next`, it failed and is tried again then.
pub(crate) fn result(state: &str, next: Option<i64>) -> DeliveryResult {
    DeliveryResult {
        state: state.to_owned(),
        status_code: Some(503),
        error: Some("try later".to_owned()),
        duration_ms: 12,
        next_attempt_at: next.map(at),
        rests_until: None,
    }
}

/// Delivers everything that is due to webhooks, one by one. Returns the ids of the events, in
/// order.
pub(crate) fn deliver_all(store: &dyn Store, seconds: i64) -> Vec<String> {
    let deliver = || {
        let taken = take_delivery(store, DeliveryChannel::Webhook, "s", seconds)?;
        assert!(store.finish_delivery("s", taken.id, &result("OK", None), at(seconds)).unwrap());
        Some(taken.event_id)
    };
    std::iter::from_fn(deliver).collect()
}

pub(crate) fn new_webhook(provider: ProviderId, url: &str, events: &[&str]) -> NewWebhook {
    NewWebhook {
        provider,
        url: url.to_owned(),
        description: Some("for tests".to_owned()),
        events: events.iter().map(|event| (*event).to_owned()).collect(),
        has_all_events: events.is_empty(),
        secret: format!("secret of {url}"),
        count_max: 3,
    }
}

/// Adds a webhook, and expects it to be accepted. Without events it subscribes to all.
pub(crate) fn webhook(
    store: &dyn Store,
    provider: ProviderId,
    url: &str,
    events: &[&str],
) -> Webhook {
    match store.create_webhook(&new_webhook(provider, url, events), at(1)).unwrap() {
        WebhookStart::Created(webhook) => webhook,
        start => panic!("not added: {start:?}"),
    }
}

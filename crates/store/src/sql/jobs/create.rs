//! Queues jobs: all of a call or none.

use std::collections::BTreeMap;

use model::id::ProviderId;
use model::time::Instant;

use super::keys::{self, JobKeyUse};
use super::row;
use crate::error::StoreError;
use crate::port::jobs::{Job, JobId, JobKey, JobLimits, JobStart, NewJob};
use crate::sql::notices;
use crate::sql::session::{SqlDialect, SqlSession};
use crate::sql::value::values;

/// Requests of one provider run one at a time, so that what one has checked still holds when it
/// writes.
const TAKE_TURN: &str = "SELECT pg_advisory_xact_lock(hashtextextended('rollbook.jobs', ?1))";
const INSERT: &str = "INSERT INTO jobs (uuid, provider_id, kind, subject, request, requester_id, \
    requester_email, group_name, request_id, revision_min, is_exclusive, state, not_before, \
    created_at, updated_at) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 'queued', ?12, ?12, ?12) RETURNING id";
const IN_PROGRESS: &str = "SELECT 1 FROM jobs WHERE provider_id = ?1 AND kind = ?2 \
    AND subject = ?3 AND is_exclusive AND state IN ('queued', 'running')";
const COUNT: &str = "SELECT count(*) FILTER (WHERE state = 'queued'), count(*) FROM jobs \
    WHERE kind = ?1 AND provider_id = ?2 AND state IN ('queued', 'running')";

pub(super) fn create(
    session: &dyn SqlSession,
    jobs: &[NewJob],
    key: Option<&JobKey>,
    limits: JobLimits,
    now: Instant,
) -> Result<JobStart, StoreError> {
    let Some(provider) = jobs.first().map(|job| job.provider) else {
        return Ok(JobStart::Created(Vec::new()));
    };
    lock_provider_jobs(session, provider)?;
    if let Some(key) = key {
        match keys::find(session, provider, &key.key, now)? {
            JobKeyUse::New => {}
            JobKeyUse::Answered { jobs, answer } => {
                return Ok(JobStart::Answered { jobs, answer });
            }
            JobKeyUse::Conflict => return Ok(JobStart::KeyConflict),
        }
    }
    if let Some(subject) = first_in_progress(session, jobs)? {
        return Ok(JobStart::InProgress { subject });
    }
    if !has_room(session, jobs, limits)? {
        return Ok(JobStart::TooMany);
    }
    let created: Vec<_> =
        jobs.iter().map(|job| insert(session, job, now)).collect::<Result<_, _>>()?;
    if let Some(key) = key {
        keys::store_key(session, provider, key, &created, now)?;
    }
    Ok(JobStart::Created(created))
}

fn lock_provider_jobs(session: &dyn SqlSession, provider: ProviderId) -> Result<(), StoreError> {
    match session.dialect() {
        // There is one writer at a time.
        SqlDialect::Sqlite => Ok(()),
        SqlDialect::Postgres => {
            session.run("wait for another request", TAKE_TURN, values![provider.0]).map(drop)
        }
    }
}

/// Returns the subject of the first exclusive job that another exclusive job stands in the way of.
fn first_in_progress(
    session: &dyn SqlSession,
    jobs: &[NewJob],
) -> Result<Option<String>, StoreError> {
    for (position, job) in jobs.iter().enumerate().filter(|(_, job)| job.is_exclusive) {
        let is_same = |other: &NewJob| {
            other.is_exclusive && (other.kind, &other.subject) == (job.kind, &job.subject)
        };
        let kind = job.kind.as_str();
        let params = values![job.provider.0, kind, job.subject];
        let stored = session.find("look for unfinished jobs", IN_PROGRESS, params)?;
        if stored.is_some() || jobs[..position].iter().any(is_same) {
            return Ok(Some(job.subject.clone()));
        }
    }
    Ok(None)
}

fn has_room(
    session: &dyn SqlSession,
    jobs: &[NewJob],
    limits: JobLimits,
) -> Result<bool, StoreError> {
    let mut added = BTreeMap::<_, u64>::new();
    for job in jobs {
        *added.entry((job.kind.as_str(), job.provider)).or_default() += 1;
    }
    for ((kind, provider), added) in added {
        let row = session.one("count jobs", COUNT, values![kind, provider.0])?;
        let (queued, unfinished): (u64, u64) = (row.get(0)?, row.get(1)?);
        if queued + added > limits.queued_max || unfinished + added > limits.unfinished_max {
            return Ok(false);
        }
    }
    Ok(true)
}

fn insert(session: &dyn SqlSession, new: &NewJob, now: Instant) -> Result<Job, StoreError> {
    let created = session.one(
        "queue a job",
        INSERT,
        values![
            new.uuid,
            new.provider.0,
            new.kind.as_str(),
            new.subject,
            new.request,
            new.requester.id,
            new.requester.email,
            new.group,
            new.request_id,
            new.revision_min.0,
            new.is_exclusive,
            now
        ],
    )?;
    notices::store_notices(session, new.provider, &new.notices, now)?;
    let job = row::find(session, JobId::Number(created.get(0)?))?;
    job.ok_or_else(|| StoreError::damaged("a job that was just queued is not there"))
}

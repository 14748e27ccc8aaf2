//! Queues jobs: all of a call or none.

use std::collections::BTreeMap;

use model::time::Instant;
use rusqlite::Connection;

use super::keys::{self, SqliteJobKeyUse};
use super::row;
use crate::error::StoreError;
use crate::port::jobs::{Job, JobId, JobKey, JobKind, JobLimits, JobStart, NewJob};
use crate::sqlite::errors::damaged;
use crate::sqlite::{notices, query};

const INSERT: &str = "INSERT INTO jobs (uuid, provider_id, kind, subject, request, requester_id, \
    requester_email, group_name, request_id, revision_min, is_exclusive, state, not_before, \
    created_at, updated_at) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 'queued', ?12, ?12, ?12)";
const IN_PROGRESS: &str = "SELECT 1 FROM jobs WHERE provider_id = ?1 AND kind = ?2 \
    AND subject = ?3 AND is_exclusive = 1 AND state IN ('queued', 'running')";
const COUNT: &str = "SELECT count(*) FILTER (WHERE state = 'queued'), count(*) FROM jobs \
    WHERE kind = ?1 AND provider_id = ?2 AND state IN ('queued', 'running')";

pub(super) fn create(
    connection: &Connection,
    jobs: &[NewJob],
    key: Option<&JobKey>,
    limits: JobLimits,
    now: Instant,
) -> Result<JobStart, StoreError> {
    let Some(provider) = jobs.first().map(|job| job.provider) else {
        return Ok(JobStart::Created(Vec::new()));
    };
    if let Some(key) = key {
        match keys::find(connection, provider, &key.key, now)? {
            SqliteJobKeyUse::New => {}
            SqliteJobKeyUse::Answered { jobs, answer } => {
                return Ok(JobStart::Answered { jobs, answer });
            }
            SqliteJobKeyUse::Conflict => return Ok(JobStart::KeyConflict),
        }
    }
    if let Some(subject) = first_in_progress(connection, jobs)? {
        return Ok(JobStart::InProgress { subject });
    }
    if !has_room(connection, jobs, limits)? {
        return Ok(JobStart::TooMany);
    }
    let created: Vec<_> =
        jobs.iter().map(|job| insert(connection, job, now)).collect::<Result<_, _>>()?;
    if let Some(key) = key {
        keys::store_key(connection, provider, key, &created, now)?;
    }
    Ok(JobStart::Created(created))
}

/// Returns the subject of the first exclusive job that another exclusive job stands in the way of.
fn first_in_progress(
    connection: &Connection,
    jobs: &[NewJob],
) -> Result<Option<String>, StoreError> {
    let context = "look for unfinished jobs";
    for (position, job) in jobs.iter().enumerate().filter(|(_, job)| job.is_exclusive) {
        let is_same = |other: &NewJob| {
            other.is_exclusive && (other.kind, &other.subject) == (job.kind, &job.subject)
        };
        let params = (job.provider.0, job.kind.as_str(), &job.subject);
        let is_stored =
            query::find(connection, context, IN_PROGRESS, params, |_| Ok(()))?.is_some();
        if is_stored || jobs[..position].iter().any(is_same) {
            return Ok(Some(job.subject.clone()));
        }
    }
    Ok(None)
}

fn has_room(
    connection: &Connection,
    jobs: &[NewJob],
    limits: JobLimits,
) -> Result<bool, StoreError> {
    let mut added = BTreeMap::<_, u64>::new();
    for job in jobs {
        *added.entry((job.kind.as_str(), job.provider)).or_default() += 1;
    }
    for ((kind, provider), added) in added {
        let (queued, unfinished): (u64, u64) =
            query::one(connection, "count jobs", COUNT, (kind, provider.0), |row| row.try_into())?;
        if queued + added > limits.queued_max || unfinished + added > limits.unfinished_max {
            return Ok(false);
        }
    }
    Ok(true)
}

fn insert(connection: &Connection, new: &NewJob, now: Instant) -> Result<Job, StoreError> {
    let params = (
        &new.uuid,
        new.provider.0,
        JobKind::as_str(new.kind),
        &new.subject,
        &new.request,
        new.requester.id,
        &new.requester.email,
        &new.group,
        &new.request_id,
        new.revision_min.0,
        new.is_exclusive,
        now.micros(),
    );
    query::run(connection, "queue a job", INSERT, params)?;
    let id = connection.last_insert_rowid();
    notices::store_notices(connection, new.provider, &new.notices, now)?;
    let job = row::find(connection, JobId::Number(id))?;
    job.ok_or_else(|| damaged("a job that was just queued is not there"))
}

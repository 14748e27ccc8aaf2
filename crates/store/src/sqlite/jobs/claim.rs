//! Claims the next job, together with the jobs of its group.

use model::time::Instant;
use rusqlite::Connection;

use super::row;
use crate::error::StoreError;
use crate::port::jobs::{Job, JobClaim, JobId};
use crate::sqlite::{fair_queue, query};

const IS_ANY_DUE: &str = "SELECT 1 FROM jobs WHERE kind = ?1 AND state IN ('queued', 'running') \
    AND CASE state WHEN 'queued' THEN not_before ELSE lease_until END <= ?2 LIMIT 1";
/// A lapsed lease counts as not running; otherwise a provider whose workers all died would reach
/// its limit for ever.
const NEXT: &str = "SELECT j.id FROM jobs j LEFT JOIN (SELECT provider_id, count(*) AS jobs \
        FROM jobs WHERE kind = ?1 AND state IN ('queued', 'running') AND state = 'running' \
            AND lease_until > ?2 GROUP BY provider_id) running \
        ON running.provider_id = j.provider_id \
    LEFT JOIN turns t ON t.queue = ?1 AND t.provider_id = j.provider_id \
    WHERE j.kind = ?1 AND j.state IN ('queued', 'running') \
        AND CASE j.state WHEN 'queued' THEN j.not_before ELSE j.lease_until END <= ?2 \
        AND coalesce(running.jobs, 0) < ?3 \
    ORDER BY coalesce(running.jobs, 0), coalesce(t.turn, 0), j.id LIMIT 1";
const GROUP_OF_JOB: &str = "SELECT id FROM jobs WHERE id = ?1 OR (kind = ?2 \
    AND state IN ('queued', 'running') \
    AND group_name = (SELECT group_name FROM jobs WHERE id = ?1)) ORDER BY id";
const CLAIM: &str = "UPDATE jobs SET state = 'running', worker = ?2, lease_until = ?3, \
    attempts = attempts + 1, attempts_max = ?4, rows_done = 0, rows_total = NULL, \
    revision = NULL, started_at = coalesce(started_at, ?5), updated_at = ?5 WHERE id = ?1";

/// Returns true if a job may be due; reads without the write lock.
pub(super) fn is_any_due(
    connection: &Connection,
    claim: &JobClaim<'_>,
    now: Instant,
) -> Result<bool, StoreError> {
    let params = (claim.kind.as_str(), now.micros());
    Ok(query::find(connection, "look for a job", IS_ANY_DUE, params, |_| Ok(()))?.is_some())
}

pub(super) fn claim(
    connection: &Connection,
    claim: &JobClaim<'_>,
    now: Instant,
) -> Result<Vec<Job>, StoreError> {
    let (context, kind) = ("take a job", claim.kind.as_str());
    let params = (kind, now.micros(), claim.running_per_provider_max);
    let next: Option<i64> = query::find(connection, context, NEXT, params, |row| row.get(0))?;
    let Some(next) = next else { return Ok(Vec::new()) };
    let ids: Vec<i64> =
        query::all(connection, context, GROUP_OF_JOB, (next, kind), |row| row.get(0))?;
    let (lease_until, now) = (claim.lease_until.micros(), now.micros());
    let mut taken = Vec::with_capacity(ids.len());
    for id in ids {
        let params = (id, claim.worker, lease_until, claim.attempts_max, now);
        query::run(connection, context, CLAIM, params)?;
        taken.extend(row::find(connection, JobId::Number(id))?);
    }
    if let Some(job) = taken.first() {
        fair_queue::record_turn(connection, kind, job.provider)?;
    }
    Ok(taken)
}

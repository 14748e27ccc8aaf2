//! Claims the next job, together with the jobs of its group.

use model::time::Instant;

use super::row;
use crate::error::StoreError;
use crate::port::jobs::{Job, JobClaim, JobId};
use crate::sql::fair_queue;
use crate::sql::session::SqlSession;
use crate::sql::value::values;

const IS_ANY_DUE: &str = "SELECT 1 FROM jobs WHERE kind = ?1 AND state IN ('queued', 'running') \
    AND CASE state WHEN 'queued' THEN not_before ELSE lease_until END <= ?2 LIMIT 1";
/// The list of states stands beside the one state so that SQLite can use the index of unfinished
/// jobs. A lapsed lease counts as not running; otherwise a provider whose workers all died would reach
/// its limit for ever. A job whose row is locked, for example by a cancellation, is skipped.
const NEXT: &str = "SELECT j.id FROM jobs j LEFT JOIN (SELECT provider_id, count(*) AS jobs \
        FROM jobs WHERE kind = ?1 AND state IN ('queued', 'running') AND state = 'running' \
        AND lease_until > ?2 \
        GROUP BY provider_id) running ON running.provider_id = j.provider_id \
    LEFT JOIN turns t ON t.queue = ?1 AND t.provider_id = j.provider_id \
    WHERE j.kind = ?1 AND j.state IN ('queued', 'running') \
        AND CASE j.state WHEN 'queued' THEN j.not_before ELSE j.lease_until END <= ?2 \
        AND coalesce(running.jobs, 0) < ?3 \
    ORDER BY coalesce(running.jobs, 0), coalesce(t.turn, 0), j.id LIMIT 1 \
    {lock job j}";
const GROUP_OF_JOB: &str = "SELECT id FROM jobs WHERE id = ?1 OR (kind = ?2 \
    AND state IN ('queued', 'running') \
    AND group_name = (SELECT group_name FROM jobs WHERE id = ?1)) ORDER BY id {lock}";
const CLAIM: &str = "UPDATE jobs SET state = 'running', worker = ?2, lease_until = ?3, \
    attempts = attempts + 1, attempts_max = ?4, rows_done = 0, rows_total = NULL, \
    revision = NULL, started_at = coalesce(started_at, ?5), updated_at = ?5 WHERE id = ?1";

/// Returns true if a job may be due; reads without a lock.
pub(super) fn is_any_due(
    session: &dyn SqlSession,
    claim: &JobClaim<'_>,
    now: Instant,
) -> Result<bool, StoreError> {
    let kind = claim.kind.as_str();
    Ok(session.find("look for a job", IS_ANY_DUE, values![kind, now])?.is_some())
}

pub(super) fn claim(
    session: &dyn SqlSession,
    claim: &JobClaim<'_>,
    now: Instant,
) -> Result<Vec<Job>, StoreError> {
    let (context, kind) = ("take a job", claim.kind.as_str());
    fair_queue::lock_queue(session, kind)?;
    let running_max = claim.running_per_provider_max;
    let Some(next) = session.find(context, NEXT, values![kind, now, running_max])? else {
        return Ok(Vec::new());
    };
    let (next, attempts_max): (i64, _) = (next.get(0)?, claim.attempts_max);
    let lease_until = claim.lease_until;
    let mut taken = Vec::new();
    for row in session.all(context, GROUP_OF_JOB, values![next, kind])? {
        let id: i64 = row.get(0)?;
        session.run(context, CLAIM, values![id, claim.worker, lease_until, attempts_max, now])?;
        taken.extend(row::find(session, JobId::Number(id))?);
    }
    if let Some(job) = taken.first() {
        fair_queue::record_turn(session, kind, job.provider)?;
    }
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use crate::sql::session::{SqlDialect, text_for};

    /// Returns how SQLite runs a statement over the jobs file.
    fn plan_of(sql: &str) -> Vec<String> {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        connection.execute_batch(&crate::sqlite::jobs_file_migrations().concat()).unwrap();
        let sql = format!("EXPLAIN QUERY PLAN {}", text_for(SqlDialect::Sqlite, sql));
        let mut statement = connection.prepare(&sql).unwrap();
        let values = vec![rusqlite::types::Null; statement.parameter_count()];
        let values = rusqlite::params_from_iter(values);
        let steps = statement.query_map(values, |row| row.get(3)).unwrap();
        steps.collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn sqlite_looks_for_jobs_in_the_index_of_unfinished_ones() {
        for sql in [super::IS_ANY_DUE, super::NEXT, super::super::list::POSITION] {
            let plan = plan_of(sql);
            let scans = plan.iter().any(|step| {
                ["SCAN jobs", "SCAN j", "SCAN b"].iter().any(|scan| step.starts_with(scan))
            });
            assert!(!scans && plan.iter().any(|s| s.contains("jobs_unfinished")), "{plan:#?}");
        }
    }
}

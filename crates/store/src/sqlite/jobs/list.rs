//! Lists and counts jobs.

use model::id::ProviderId;
use rusqlite::Connection;

use super::row::{self, select_jobs};
use crate::error::StoreError;
use crate::port::jobs::{Job, JobFilter, JobKind, JobState};
use crate::sqlite::errors::failed;
use crate::sqlite::query;
use crate::sqlite::serde_text::json;

const COUNT: &str = "SELECT count(*) FROM jobs WHERE provider_id = ?1 \
    AND (?2 IS NULL OR kind = ?2) \
    AND (?3 IS NULL OR state IN (SELECT value FROM json_each(?3))) \
    AND (?4 IS NULL OR subject IN (SELECT value FROM json_each(?4)))";
const PAGE: &str = select_jobs!(
    "WHERE provider_id = ?1 AND (?2 IS NULL OR kind = ?2) \
    AND (?3 IS NULL OR state IN (SELECT value FROM json_each(?3))) \
    AND (?4 IS NULL OR subject IN (SELECT value FROM json_each(?4))) \
    ORDER BY id DESC LIMIT ?5 OFFSET ?6"
);
const POSITION: &str = "SELECT (SELECT count(*) FROM jobs b WHERE b.kind = j.kind \
    AND b.provider_id = j.provider_id AND b.state IN ('queued', 'running') AND b.state = 'queued' AND b.id < j.id) \
    FROM jobs j WHERE j.id = ?1 AND j.state = 'queued'";
const COUNTS: &str = "SELECT count(*) FILTER (WHERE state = 'queued'), \
    count(*) FILTER (WHERE state = 'running') FROM jobs \
    WHERE kind = ?1 AND state IN ('queued', 'running')";
const KNOWN_FILES: &str = "SELECT DISTINCT path FROM job_files WHERE is_consumed = 0 \
    AND path IN (SELECT value FROM json_each(?1))";

pub(super) fn list(
    connection: &Connection,
    provider: ProviderId,
    filter: &JobFilter<'_>,
) -> Result<(u64, Vec<Job>), StoreError> {
    let context = "list jobs";
    let states = filter.states.map(|states| {
        let names: Vec<_> = states.iter().copied().map(JobState::as_str).collect();
        json(&names)
    });
    let states = states.transpose().map_err(failed(context))?;
    let subjects = filter.subjects.map(|subjects| json(&subjects)).transpose();
    let subjects = subjects.map_err(failed(context))?;
    let kind = filter.kind.map(JobKind::as_str);
    let params = (provider.0, kind, &states, &subjects);
    let count = query::one(connection, context, COUNT, params, |row| row.get(0))?;
    let params = (provider.0, kind, &states, &subjects, filter.limit, filter.offset);
    let page = query::all(connection, context, PAGE, params, row::read)?;
    let page = page.into_iter().map(|job| row::with_files(connection, job));
    Ok((count, page.collect::<Result<_, _>>()?))
}

pub(super) fn queue_position(connection: &Connection, id: i64) -> Result<Option<u64>, StoreError> {
    query::find(connection, "count jobs before one", POSITION, [id], |row| row.get(0))
}

pub(super) fn counts(connection: &Connection, kind: JobKind) -> Result<(u64, u64), StoreError> {
    query::one(connection, "count jobs", COUNTS, [kind.as_str()], |row| row.try_into())
}

pub(super) fn known_files(
    connection: &Connection,
    paths: &[String],
) -> Result<Vec<String>, StoreError> {
    let context = "look for files";
    let paths = json(&paths).map_err(failed(context))?;
    query::all(connection, context, KNOWN_FILES, [paths], |row| row.get(0))
}

//! Lists and counts jobs.

use model::id::ProviderId;

use super::row::{self, select_jobs};
use crate::error::StoreError;
use crate::port::jobs::{Job, JobFilter, JobKind, JobState};
use crate::sql::session::SqlSession;
use crate::sql::value::values;

const COUNT: &str = "SELECT count(*) FROM jobs WHERE provider_id = ?1 \
    AND ({text ?2} IS NULL OR kind = ?2) \
    AND ({texts ?3} IS NULL OR state {in ?3}) \
    AND ({texts ?4} IS NULL OR subject {in ?4})";
const PAGE: &str = select_jobs!(
    "WHERE provider_id = ?1 AND ({text ?2} IS NULL OR kind = ?2) \
    AND ({texts ?3} IS NULL OR state {in ?3}) \
    AND ({texts ?4} IS NULL OR subject {in ?4}) \
    ORDER BY id DESC LIMIT ?5 OFFSET ?6"
);
/// The list of states stands beside the one state so that SQLite can use the index of unfinished
/// jobs.
pub(super) const POSITION: &str = "SELECT (SELECT count(*) FROM jobs b WHERE b.kind = j.kind \
    AND b.provider_id = j.provider_id AND b.state IN ('queued', 'running') \
        AND b.state = 'queued' AND b.id < j.id) \
    FROM jobs j WHERE j.id = ?1 AND j.state = 'queued'";
const COUNTS: &str = "SELECT count(*) FILTER (WHERE state = 'queued'), \
    count(*) FILTER (WHERE state = 'running') FROM jobs \
    WHERE kind = ?1 AND state IN ('queued', 'running')";
const KNOWN_FILES: &str =
    "SELECT DISTINCT path FROM job_files WHERE NOT is_consumed AND path {in ?1}";

pub(super) fn list(
    session: &dyn SqlSession,
    provider: ProviderId,
    filter: &JobFilter<'_>,
) -> Result<(u64, Vec<Job>), StoreError> {
    let context = "list jobs";
    let kind = filter.kind.map(JobKind::as_str);
    let states: Option<Vec<&str>> =
        filter.states.map(|states| states.iter().copied().map(JobState::as_str).collect());
    let subjects = filter.subjects;
    let count = session.one(context, COUNT, values![provider.0, kind, states, subjects])?;
    let (limit, offset) = (filter.limit, filter.offset);
    let params = values![provider.0, kind, states, subjects, limit, offset];
    let page = session.all(context, PAGE, params)?;
    let page = page.iter().map(|job| row::with_files(session, row::read(job)?));
    Ok((count.get(0)?, page.collect::<Result<_, _>>()?))
}

pub(super) fn queue_position(session: &dyn SqlSession, id: i64) -> Result<Option<u64>, StoreError> {
    let position = session.find("count jobs before one", POSITION, values![id])?;
    position.map(|row| row.get(0)).transpose()
}

pub(super) fn counts(session: &dyn SqlSession, kind: JobKind) -> Result<(u64, u64), StoreError> {
    let row = session.one("count jobs", COUNTS, values![kind.as_str()])?;
    Ok((row.get(0)?, row.get(1)?))
}

pub(super) fn known_files(
    session: &dyn SqlSession,
    paths: &[String],
) -> Result<Vec<String>, StoreError> {
    let known = session.all("look for files", KNOWN_FILES, values![paths])?;
    known.iter().map(|row| row.get(0)).collect()
}

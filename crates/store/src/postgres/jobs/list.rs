//! Lists and counts jobs.

use model::id::ProviderId;

use super::row::{self, select_jobs};
use crate::error::StoreError;
use crate::port::jobs::{Job, JobFilter, JobKind, JobState};
use crate::postgres::connections::PostgresSession;
use crate::postgres::row::{get, get_unsigned, to_signed};

const COUNT: &str = "SELECT count(*) FROM jobs WHERE provider_id = $1 \
    AND ($2::text IS NULL OR kind = $2) \
    AND ($3::text[] IS NULL OR state = ANY($3)) \
    AND ($4::text[] IS NULL OR subject = ANY($4))";
const PAGE: &str = select_jobs!(
    "WHERE provider_id = $1 AND ($2::text IS NULL OR kind = $2) \
    AND ($3::text[] IS NULL OR state = ANY($3)) \
    AND ($4::text[] IS NULL OR subject = ANY($4)) \
    ORDER BY id DESC LIMIT $5 OFFSET $6"
);
const POSITION: &str = "SELECT (SELECT count(*) FROM jobs b WHERE b.kind = j.kind \
    AND b.provider_id = j.provider_id AND b.state = 'queued' AND b.id < j.id) \
    FROM jobs j WHERE j.id = $1 AND j.state = 'queued'";
const COUNTS: &str = "SELECT count(*) FILTER (WHERE state = 'queued'), \
    count(*) FILTER (WHERE state = 'running') FROM jobs \
    WHERE kind = $1 AND state IN ('queued', 'running')";
const KNOWN_FILES: &str =
    "SELECT DISTINCT path FROM job_files WHERE NOT is_consumed AND path = ANY($1)";

pub(super) fn list(
    session: &PostgresSession<'_>,
    provider: ProviderId,
    filter: &JobFilter<'_>,
) -> Result<(u64, Vec<Job>), StoreError> {
    let context = "list jobs";
    let kind = filter.kind.map(JobKind::as_str);
    let states: Option<Vec<&str>> =
        filter.states.map(|states| states.iter().copied().map(JobState::as_str).collect());
    let subjects = filter.subjects;
    let count = session.one(context, COUNT, &[&provider.0, &kind, &states, &subjects])?;
    let (limit, offset) = (to_signed(filter.limit), to_signed(filter.offset));
    let params: &[&(dyn tokio_postgres::types::ToSql + Sync)] =
        &[&provider.0, &kind, &states, &subjects, &limit, &offset];
    let page = session.all(context, PAGE, params)?;
    let page = page.iter().map(|job| row::with_files(session, row::read(job)?));
    Ok((get_unsigned(&count, 0)?, page.collect::<Result<_, _>>()?))
}

pub(super) fn queue_position(
    session: &PostgresSession<'_>,
    id: i64,
) -> Result<Option<u64>, StoreError> {
    let position = session.find("count jobs before one", POSITION, &[&id])?;
    position.map(|row| get_unsigned(&row, 0)).transpose()
}

pub(super) fn counts(
    session: &PostgresSession<'_>,
    kind: JobKind,
) -> Result<(u64, u64), StoreError> {
    let row = session.one("count jobs", COUNTS, &[&kind.as_str()])?;
    Ok((get_unsigned(&row, 0)?, get_unsigned(&row, 1)?))
}

pub(super) fn known_files(
    session: &PostgresSession<'_>,
    paths: &[String],
) -> Result<Vec<String>, StoreError> {
    let known = session.all("look for files", KNOWN_FILES, &[&paths])?;
    known.iter().map(|row| get(row, 0)).collect()
}

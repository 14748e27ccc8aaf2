//! Reads stored jobs.

use model::id::{ProviderId, Revision};
use tokio_postgres::Row;

use crate::error::StoreError;
use crate::port::jobs::{Job, JobCaller, JobFile, JobId, JobKind, JobProgress, JobState};
use crate::postgres::connections::PostgresSession;
use crate::postgres::row::{
    get, get_instant, get_narrow, get_optional_instant, get_parsed, get_unsigned,
};

/// A query whose rows are jobs, as [`read`] expects them.
macro_rules! select_jobs {
    ($rest:literal) => {
        concat!(
            "SELECT id, uuid, provider_id, kind, subject, request, requester_id, \
             requester_email, group_name, request_id, revision_min, state, rows_done, rows_total, \
             revision, attempts, error_code, error_message, created_at, started_at, finished_at, \
             updated_at, expires_at, manifest, downloads FROM jobs ",
            $rest
        )
    };
}
pub(super) use select_jobs;

const BY_ID: &str = select_jobs!("WHERE id = $1");
const BY_UUID: &str = select_jobs!("WHERE uuid = $1");
const BY_ID_HELD: &str = select_jobs!("WHERE id = $1 FOR UPDATE");
const BY_UUID_HELD: &str = select_jobs!("WHERE uuid = $1 FOR UPDATE");
const FILES: &str = "SELECT part, path, name, content_type, bytes, sha256, is_consumed \
    FROM job_files WHERE job_id = $1 ORDER BY position";

/// Returns one job with its files.
pub(super) fn find(
    session: &PostgresSession<'_>,
    id: JobId<'_>,
) -> Result<Option<Job>, StoreError> {
    find_by(session, id, (BY_ID, BY_UUID))
}

/// Returns one job of a provider with its files, and locks it until the transaction ends.
pub(super) fn find_locked(
    session: &PostgresSession<'_>,
    provider: ProviderId,
    id: JobId<'_>,
) -> Result<Option<Job>, StoreError> {
    let found = find_by(session, id, (BY_ID_HELD, BY_UUID_HELD))?;
    Ok(found.filter(|job| job.provider == provider))
}

fn find_by(
    session: &PostgresSession<'_>,
    id: JobId<'_>,
    (by_id, by_uuid): (&str, &str),
) -> Result<Option<Job>, StoreError> {
    let context = "read a job";
    let found = match id {
        JobId::Number(id) => session.find(context, by_id, &[&id])?,
        // No text in PostgreSQL can hold a zero byte, and a query with one fails.
        JobId::Uuid(uuid) if uuid.contains('\0') => None,
        JobId::Uuid(uuid) => session.find(context, by_uuid, &[&uuid])?,
    };
    let Some(row) = found else { return Ok(None) };
    with_files(session, read(&row)?).map(Some)
}

/// Adds the files to a job that was just read.
pub(super) fn with_files(session: &PostgresSession<'_>, mut job: Job) -> Result<Job, StoreError> {
    if job.state == JobState::Succeeded {
        let rows = session.all("read a job's files", FILES, &[&job.id])?;
        job.files = rows.iter().map(read_file).collect::<Result<_, _>>()?;
    }
    Ok(job)
}

/// Reads a job without its files.
pub(super) fn read(row: &Row) -> Result<Job, StoreError> {
    let rows_total = match get::<Option<i64>>(row, 13)? {
        Some(_) => Some(get_unsigned(row, 13)?),
        None => None,
    };
    Ok(Job {
        id: get(row, 0)?,
        uuid: get(row, 1)?,
        provider: ProviderId(get(row, 2)?),
        kind: get_parsed(row, 3, JobKind::parse)?,
        subject: get(row, 4)?,
        request: get(row, 5)?,
        requester: JobCaller { id: get(row, 6)?, email: get(row, 7)? },
        group: get(row, 8)?,
        request_id: get(row, 9)?,
        revision_min: Revision(get(row, 10)?),
        state: get_parsed(row, 11, JobState::parse)?,
        progress: JobProgress {
            rows: get_unsigned(row, 12)?,
            rows_total,
            revision: get::<Option<i64>>(row, 14)?.map(Revision),
        },
        attempts: get_narrow(row, 15)?,
        error_code: get(row, 16)?,
        error_message: get(row, 17)?,
        created_at: get_instant(row, 18)?,
        started_at: get_optional_instant(row, 19)?,
        finished_at: get_optional_instant(row, 20)?,
        updated_at: get_instant(row, 21)?,
        expires_at: get_optional_instant(row, 22)?,
        files: Vec::new(),
        manifest: get(row, 23)?,
        downloads: get_unsigned(row, 24)?,
    })
}

fn read_file(row: &Row) -> Result<JobFile, StoreError> {
    Ok(JobFile {
        part: get(row, 0)?,
        path: get(row, 1)?,
        name: get(row, 2)?,
        content_type: get(row, 3)?,
        bytes: get_unsigned(row, 4)?,
        sha256: get(row, 5)?,
        is_consumed: get(row, 6)?,
    })
}

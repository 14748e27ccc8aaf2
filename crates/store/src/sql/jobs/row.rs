//! Reads stored jobs.

use model::id::{ProviderId, Revision};

use crate::error::StoreError;
use crate::port::jobs::{Job, JobCaller, JobFile, JobId, JobKind, JobProgress, JobState};
use crate::sql::session::SqlSession;
use crate::sql::value::{SqlRow, values};

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

const BY_ID: &str = select_jobs!("WHERE id = ?1");
const BY_UUID: &str = select_jobs!("WHERE uuid = ?1");
const BY_ID_HELD: &str = select_jobs!("WHERE id = ?1 {lock}");
const BY_UUID_HELD: &str = select_jobs!("WHERE uuid = ?1 {lock}");
const FILES: &str = "SELECT part, path, name, content_type, bytes, sha256, is_consumed \
    FROM job_files WHERE job_id = ?1 ORDER BY position";

/// Returns one job with its files.
pub(super) fn find(session: &dyn SqlSession, id: JobId<'_>) -> Result<Option<Job>, StoreError> {
    find_by(session, id, (BY_ID, BY_UUID))
}

/// Returns one job of a provider with its files, and locks it until the transaction ends.
pub(super) fn find_locked(
    session: &dyn SqlSession,
    provider: ProviderId,
    id: JobId<'_>,
) -> Result<Option<Job>, StoreError> {
    let found = find_by(session, id, (BY_ID_HELD, BY_UUID_HELD))?;
    Ok(found.filter(|job| job.provider == provider))
}

fn find_by(
    session: &dyn SqlSession,
    id: JobId<'_>,
    (by_id, by_uuid): (&str, &str),
) -> Result<Option<Job>, StoreError> {
    let context = "read a job";
    let found = match id {
        JobId::Number(id) => session.find(context, by_id, values![id])?,
        // No text in PostgreSQL can hold a zero byte, and a query with one fails.
        JobId::Uuid(uuid) if uuid.contains('\0') => None,
        JobId::Uuid(uuid) => session.find(context, by_uuid, values![uuid])?,
    };
    let Some(row) = found else { return Ok(None) };
    with_files(session, read(&row)?).map(Some)
}

/// Adds the files to a job that was just read.
pub(super) fn with_files(session: &dyn SqlSession, mut job: Job) -> Result<Job, StoreError> {
    if job.state == JobState::Succeeded {
        let rows = session.all("read a job's files", FILES, values![job.id])?;
        job.files = rows.iter().map(read_file).collect::<Result<_, _>>()?;
    }
    Ok(job)
}

/// Reads a job without its files.
pub(super) fn read(row: &SqlRow) -> Result<Job, StoreError> {
    let rows_total = match row.get::<Option<i64>>(13)? {
        Some(_) => Some(row.get(13)?),
        None => None,
    };
    Ok(Job {
        id: row.get(0)?,
        uuid: row.get(1)?,
        provider: ProviderId(row.get(2)?),
        kind: row.parsed(3, JobKind::parse)?,
        subject: row.get(4)?,
        request: row.get(5)?,
        requester: JobCaller { id: row.get(6)?, email: row.get(7)? },
        group: row.get(8)?,
        request_id: row.get(9)?,
        revision_min: Revision(row.get(10)?),
        state: row.parsed(11, JobState::parse)?,
        progress: JobProgress {
            rows: row.get(12)?,
            rows_total,
            revision: row.get::<Option<i64>>(14)?.map(Revision),
        },
        attempts: row.get(15)?,
        error_code: row.get(16)?,
        error_message: row.get(17)?,
        created_at: row.get(18)?,
        started_at: row.get(19)?,
        finished_at: row.get(20)?,
        updated_at: row.get(21)?,
        expires_at: row.get(22)?,
        files: Vec::new(),
        manifest: row.get(23)?,
        downloads: row.get(24)?,
    })
}

fn read_file(row: &SqlRow) -> Result<JobFile, StoreError> {
    Ok(JobFile {
        part: row.get(0)?,
        path: row.get(1)?,
        name: row.get(2)?,
        content_type: row.get(3)?,
        bytes: row.get(4)?,
        sha256: row.get(5)?,
        is_consumed: row.get(6)?,
    })
}

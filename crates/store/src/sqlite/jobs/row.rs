//! Reads stored jobs.

use model::id::{ProviderId, Revision};
use model::time::Instant;
use rusqlite::types::Type;
use rusqlite::{Connection, Row};

use crate::error::StoreError;
use crate::port::jobs::{Job, JobCaller, JobFile, JobId, JobKind, JobProgress, JobState};
use crate::sqlite::query;

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
const FILES: &str = "SELECT part, path, name, content_type, bytes, sha256, is_consumed \
    FROM job_files WHERE job_id = ?1 ORDER BY position";

/// Returns one job with its files.
pub(super) fn find(connection: &Connection, id: JobId<'_>) -> Result<Option<Job>, StoreError> {
    let context = "read a job";
    let job = match id {
        JobId::Number(id) => query::find(connection, context, BY_ID, [id], read)?,
        JobId::Uuid(uuid) => query::find(connection, context, BY_UUID, [uuid], read)?,
    };
    job.map(|job| with_files(connection, job)).transpose()
}

/// Returns one job of a provider with its files.
pub(super) fn find_of(
    connection: &Connection,
    provider: ProviderId,
    id: JobId<'_>,
) -> Result<Option<Job>, StoreError> {
    Ok(find(connection, id)?.filter(|job| job.provider == provider))
}

/// Adds the files to a job that was just read.
pub(super) fn with_files(connection: &Connection, mut job: Job) -> Result<Job, StoreError> {
    if job.state == JobState::Succeeded {
        job.files = query::all(connection, "read a job's files", FILES, [job.id], read_file)?;
    }
    Ok(job)
}

/// Reads a job without its files.
pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Job> {
    let instant = |position| Ok::<_, rusqlite::Error>(Instant::from_micros(row.get(position)?));
    let maybe = |position| {
        let micros: Option<i64> = row.get(position)?;
        Ok::<_, rusqlite::Error>(micros.map(Instant::from_micros))
    };
    Ok(Job {
        id: row.get(0)?,
        uuid: row.get(1)?,
        provider: ProviderId(row.get(2)?),
        kind: named(row, 3, JobKind::parse)?,
        subject: row.get(4)?,
        request: row.get(5)?,
        requester: JobCaller { id: row.get(6)?, email: row.get(7)? },
        group: row.get(8)?,
        request_id: row.get(9)?,
        revision_min: Revision(row.get(10)?),
        state: named(row, 11, JobState::parse)?,
        progress: JobProgress {
            rows: row.get(12)?,
            rows_total: row.get(13)?,
            revision: row.get::<_, Option<i64>>(14)?.map(Revision),
        },
        attempts: row.get(15)?,
        error_code: row.get(16)?,
        error_message: row.get(17)?,
        created_at: instant(18)?,
        started_at: maybe(19)?,
        finished_at: maybe(20)?,
        updated_at: instant(21)?,
        expires_at: maybe(22)?,
        files: Vec::new(),
        manifest: row.get(23)?,
        downloads: row.get(24)?,
    })
}

fn read_file(row: &Row<'_>) -> rusqlite::Result<JobFile> {
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

fn named<T>(
    row: &Row<'_>,
    position: usize,
    parse: impl Fn(&str) -> Option<T>,
) -> rusqlite::Result<T> {
    let name: String = row.get(position)?;
    parse(&name).ok_or_else(|| {
        let reason = format!("unknown name {name}");
        rusqlite::Error::FromSqlConversionFailure(position, Type::Text, reason.into())
    })
}

//! The sections that only this program reads. The others belong to the server.

use std::path::PathBuf;
use std::time::Duration;

use mirror::{MirrorOptions, MirrorRole, PlanEngineOptions};
use serde::{Deserialize, Serialize};
use store::postgres::PostgresOptions;
use store::sqlite::SqliteOptions;

use super::size;
use super::store_url::StoreUrl;
use crate::failure::Failure;

/// `[engine]`: limits of query execution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EngineSettings {
    /// Threads that run plans. Default: 0 = one per processor.
    pub threads: usize,
    /// Memory that all running plans may hold together before they spill to disk, as a size
    /// (`512MiB`) or a share of the machine's (`50%`). Default: `40%`.
    pub memory: String,
    /// Plans that run at the same time. Default: 0 = four per thread.
    pub plans_max: usize,
    /// Plans that may wait to run. Default: 1000.
    pub plans_waiting_max: usize,
    /// Seconds that a plan may wait to run. Default: 30.
    pub plan_wait_s: u64,
}

/// `[mirror]`: when segments are refreshed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MirrorSettings {
    /// Changed rows from which on segments are refreshed in the background. Default: 20000.
    pub refresh_after_rows: u64,
    /// Changed rows held in memory at most. Default: 0 = 200000 in a server, 1000000 elsewhere.
    pub delta_rows_max: u64,
    /// Rows of a segment at most. Default: 1048576.
    pub segment_rows: u64,
}

/// Number of connections to PostgreSQL that are reserved for short queries and imports, not for
/// snapshots.
const OTHER_CONNECTIONS: usize = 8;

/// `[store]`: the database and its limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreSettings {
    /// A PostgreSQL database, `postgres://user:password@host:port/database`, which any number of
    /// nodes may share. Default: none, the records are in files of the data folder.
    pub url: Option<StoreUrl>,
    /// File with the certificates (PEM) of the authorities that are trusted for PostgreSQL's
    /// server. Default: none, the system's authorities are trusted.
    pub root_certificates: Option<PathBuf>,
    /// Connections of this process to PostgreSQL, at least 10. Default: 20.
    pub connections_max: usize,
    /// Seconds that a write may wait for other writes. Default: 30.
    pub write_wait_s: u64,
    /// Page cache of SQLite's writer. Default: `128MiB`.
    pub writer_cache: String,
    /// Page cache of each reader of SQLite. Default: `16MiB`.
    pub reader_cache: String,
    /// Snapshots of SQLite open at once. Default: 32.
    pub readers_max: usize,
}

/// `[log]`: filter and format of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogSettings {
    /// Filter of lines, as in `info,store=debug`; also from `ROLLBOOK_LOG`. Default: `info`.
    pub filter: String,
    /// `text` or `json`. Default: text.
    pub format: LogFormat,
}

/// The format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// One readable line per event.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

impl Default for EngineSettings {
    fn default() -> Self {
        let memory = "40%".to_owned();
        Self { threads: 0, memory, plans_max: 0, plans_waiting_max: 1000, plan_wait_s: 30 }
    }
}

impl Default for MirrorSettings {
    fn default() -> Self {
        let usual = MirrorOptions::new(MirrorRole::Writer);
        Self {
            refresh_after_rows: usual.refresh_after_rows,
            delta_rows_max: 0,
            segment_rows: usual.segment_rows,
        }
    }
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self {
            url: None,
            root_certificates: None,
            connections_max: 20,
            write_wait_s: 30,
            writer_cache: "128MiB".to_owned(),
            reader_cache: "16MiB".to_owned(),
            readers_max: 32,
        }
    }
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { filter: "info".to_owned(), format: LogFormat::Text }
    }
}

impl EngineSettings {
    /// Returns the number of threads; 0 means one per processor.
    pub fn threads_used(&self) -> usize {
        match self.threads {
            0 => std::thread::available_parallelism().map_or(2, std::num::NonZero::get),
            threads => threads,
        }
    }

    /// Returns the memory limit in bytes.
    pub fn memory_bytes(&self) -> Result<usize, Failure> {
        let whole = size::machine_memory();
        let bytes = size::parse_size(&self.memory, whole)
            .map_err(|problem| Failure::new(format!("engine.memory: {problem}")))?;
        Ok(usize::try_from(bytes).unwrap_or(usize::MAX))
    }

    /// Returns `usual` with these limits.
    pub fn apply(&self, usual: PlanEngineOptions) -> PlanEngineOptions {
        let plans_max = if self.plans_max == 0 { usual.plans_max } else { self.plans_max };
        PlanEngineOptions {
            plans_max,
            plans_per_provider_max: (plans_max / 2).max(2),
            plans_waiting_max: self.plans_waiting_max,
            plan_wait: Duration::from_secs(self.plan_wait_s),
            ..usual
        }
    }
}

impl MirrorSettings {
    /// Returns the options of a process with this role.
    pub fn options(&self, role: MirrorRole) -> MirrorOptions {
        let usual = MirrorOptions::new(role);
        let delta_rows_max =
            if self.delta_rows_max == 0 { usual.delta_rows_max } else { self.delta_rows_max };
        MirrorOptions {
            refresh_after_rows: self.refresh_after_rows,
            delta_rows_max,
            segment_rows: self.segment_rows.max(1),
            ..usual
        }
    }
}

impl StoreSettings {
    /// Checks the options of both databases, regardless of which is used.
    pub fn check(&self) -> Result<(), Failure> {
        self.sqlite_options()?;
        self.postgres_options()?;
        self.url.as_ref().map_or(Ok(()), StoreUrl::check)
    }

    /// Returns the options of a store in PostgreSQL.
    pub fn postgres_options(&self) -> Result<PostgresOptions, Failure> {
        let usual = PostgresOptions::default();
        let snapshots_max = self.connections_max.checked_sub(OTHER_CONNECTIONS);
        let Some(snapshots_max) = snapshots_max.filter(|snapshots| *snapshots >= 2) else {
            return Err(Failure::new("store.connections_max must be at least 10"));
        };
        Ok(PostgresOptions {
            wait: Duration::from_secs(self.write_wait_s),
            snapshots_max,
            root_certificates: self.root_certificates.clone(),
            ..usual
        })
    }

    /// Returns the options of a store in SQLite.
    pub fn sqlite_options(&self) -> Result<SqliteOptions, Failure> {
        let kib = |key: &str, text: &str| {
            let bytes = size::parse_size(text, size::machine_memory())
                .map_err(|problem| Failure::new(format!("store.{key}: {problem}")))?;
            Ok::<u32, Failure>(u32::try_from(bytes / 1024).unwrap_or(u32::MAX / 2).max(64))
        };
        Ok(SqliteOptions {
            write_wait: Duration::from_secs(self.write_wait_s),
            writer_cache_kib: kib("writer_cache", &self.writer_cache)?,
            reader_cache_kib: kib("reader_cache", &self.reader_cache)?,
            readers_max: self.readers_max.max(1),
        })
    }
}

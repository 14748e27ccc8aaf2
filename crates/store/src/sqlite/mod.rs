//! The store in two SQLite files: one for records, one for background jobs and notices. Both use a
//! write-ahead log, and every commit is flushed. Each file has one writer at a time, also between
//! processes; reads go on beside it.
//!
//! | module | holds |
//! | --- | --- |
//! | `file_kind`, `database` | the two kinds of file; the connections to one file |
//! | `open`, `pool` | opening a connection; the pool of reading connections |
//! | `ddl`, `migrate` | the schema from the catalogue; the migrations that lead to it |
//! | `statements` | SQL per table |
//! | `snapshot` | reading at one revision |
//! | `import_session` | reading and writing the rows of an import |
//! | `sql_session` | running the statements of `sql`, which are the same over both databases |
//! | `backup` | copying a store in use |
//! | `integrity` | checking a file |
//! | `move_source` | reading the tables of a store that is moved elsewhere |
//! | `errors` | SQLite's errors, mapped to those of the port |

mod backup;
mod database;
mod ddl;
mod errors;
mod file_kind;
mod import_session;
mod integrity;
mod migrate;
mod move_source;
mod open;
mod pool;
mod snapshot;
mod sql_session;
mod statements;

use std::path::{Path, PathBuf};

use model::id::{ProviderId, Revision};
use model::provider::Provider;
use model::time::{Date, Instant};

pub use ddl::schema;
#[cfg(test)]
pub(crate) use file_kind::jobs_file_migrations;
pub(crate) use move_source::MoveSource;
pub use open::SqliteOptions;

use crate::error::StoreError;
use crate::import;
use crate::port::{IdempotencyKey, ImportStart, KeyUse, RecordStore, Snapshot};
use crate::sql::{SqlDatabase, check, idempotency, providers, revision, secret, tokens};
use crate::token::{Token, TokenGrant, TokenHash};
use database::DatabaseFile;
use errors::failed;
use file_kind::{JOBS, RECORDS, jobs_file_path};
use open::ConnectionPurpose;

/// A store in two SQLite files. Several processes may open the same files.
pub struct SqliteStore {
    records: DatabaseFile,
    snapshots: pool::ReaderPool,
    jobs: DatabaseFile,
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteStore").field("can_write", &self.records.can_write()).finish()
    }
}

impl SqliteStore {
    /// Opens the store whose records are in the file at `path`. Creates and migrates that file and
    /// the jobs file as needed.
    ///
    /// Errors: [`StoreError::SchemaTooNew`] when a newer version wrote it.
    pub fn open(path: &Path, options: SqliteOptions) -> Result<Self, StoreError> {
        let records = DatabaseFile::open(path, &RECORDS, &options)?;
        records.prepare_imports()?;
        let work = DatabaseFile::open(&jobs_file_path(path), &JOBS, &options)?;
        let snapshots =
            pool::ReaderPool::new(path.to_owned(), &RECORDS, ConnectionPurpose::Read, options);
        Ok(Self { records, snapshots, jobs: work })
    }

    /// Opens an existing store, and migrates it as needed. Other processes may have it open.
    ///
    /// Errors: [`StoreError::NotFound`] when there is no file at `path`.
    pub fn open_existing(path: &Path, options: SqliteOptions) -> Result<Self, StoreError> {
        check_file_exists(path)?;
        Self::open(path, options)
    }

    /// Opens a store for reading only; writes fail with [`StoreError::Unavailable`].
    ///
    /// Errors: [`StoreError::NotFound`] when a file is missing; [`StoreError::Unavailable`] when
    /// the schema is older than this program's.
    pub fn open_read_only(path: &Path, options: SqliteOptions) -> Result<Self, StoreError> {
        let work = jobs_file_path(path);
        for path in [path, &work] {
            check_file_exists(path)?;
        }
        let purpose = ConnectionPurpose::ReadOnlyFile;
        let records = DatabaseFile::open_read_only(path, &RECORDS, &options)?;
        let work = DatabaseFile::open_read_only(&work, &JOBS, &options)?;
        let snapshots = pool::ReaderPool::new(path.to_owned(), &RECORDS, purpose, options);
        Ok(Self { records, snapshots, jobs: work })
    }

    /// Returns the path of the jobs file that belongs to the records file at `path`.
    pub fn jobs_file_path(path: &Path) -> PathBuf {
        jobs_file_path(path)
    }
}

fn check_file_exists(path: &Path) -> Result<(), StoreError> {
    if path.is_file() {
        Ok(())
    } else {
        Err(StoreError::NotFound { what: format!("a store at {}", path.display()) })
    }
}

impl RecordStore for SqliteStore {
    fn revision(&self) -> Result<Revision, StoreError> {
        revision::current(&*self.records.lookup()?)
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        Ok(Box::new(snapshot::SqliteSnapshot::begin(self.snapshots.get()?)?))
    }

    fn find_keyed_import(
        &self,
        provider: ProviderId,
        key: &IdempotencyKey,
        now: Instant,
    ) -> Result<KeyUse, StoreError> {
        idempotency::find(&*self.records.lookup()?, provider, key, now)
    }

    fn begin_import(
        &self,
        provider: ProviderId,
        now: Instant,
        key: Option<IdempotencyKey>,
    ) -> Result<ImportStart<'_>, StoreError> {
        import::begin(self.begin_records_write()?, provider, now, key)
    }

    fn create_provider(&self, provider: &Provider) -> Result<Revision, StoreError> {
        self.records.write(|connection| providers::create(connection, provider))
    }

    fn update_provider(&self, provider: &Provider) -> Result<Revision, StoreError> {
        self.records.write(|connection| providers::update(connection, provider))
    }

    fn create_token(
        &self,
        hash: &TokenHash,
        prefix: &str,
        grant: &TokenGrant,
        now: Instant,
    ) -> Result<Token, StoreError> {
        self.records.write(|connection| tokens::create(connection, hash, prefix, grant, now))
    }

    fn token(&self, hash: &TokenHash) -> Result<Option<Token>, StoreError> {
        tokens::by_hash(&*self.records.lookup()?, hash)
    }

    fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        tokens::all(&*self.records.lookup()?)
    }

    fn revoke_token(&self, id: i64, now: Instant) -> Result<Token, StoreError> {
        self.records.write(|connection| tokens::revoke(connection, id, now))
    }

    fn mark_token_used(&self, id: i64, day: Date) -> Result<(), StoreError> {
        if !tokens::is_use_new(&*self.records.lookup()?, id, day)? {
            return Ok(());
        }
        // Not worth waiting for: a later use marks the day as well.
        self.records.write_if_free(|connection| tokens::mark_used(connection, id, day))
    }

    fn secret(&self) -> Result<[u8; 32], StoreError> {
        if let Some(secret) = secret::find(&*self.records.lookup()?, secret::SIGNING)? {
            return Ok(secret);
        }
        let fresh: [u8; 32] = rand::random();
        self.records.write(|connection| secret::store_if_absent(connection, secret::SIGNING, fresh))
    }

    fn check(&self) -> Result<Vec<String>, StoreError> {
        let reader = self.snapshots.get()?;
        reader.execute_batch("BEGIN").map_err(failed("begin to read"))?;
        // On a damaged file, the answers to queries mean nothing.
        let mut found = integrity::check_integrity(&reader)?;
        if found.is_empty() {
            found.extend(check::check_records(&*reader)?);
        }
        found.extend(self.jobs.view(|connection| {
            let damage = integrity::check_integrity(connection)?;
            if damage.is_empty() { check::check_jobs(connection) } else { Ok(damage) }
        })?);
        Ok(found)
    }

    /// Copies the jobs file too, to the path that [`SqliteStore::jobs_file_path`] gives for `path`.
    fn backup(&self, path: &Path) -> Result<(), StoreError> {
        // Jobs first: they name revisions, which the copy of the records must have reached.
        let work = jobs_file_path(path);
        backup::check_path_is_free(path)?;
        backup::copy(&*self.jobs.lookup()?, &work)?;
        let copied = backup::copy(&*self.snapshots.get()?, path);
        if copied.is_err() {
            let _ = std::fs::remove_file(&work);
        }
        copied
    }
}

#[cfg(test)]
mod tests {
    use model::catalogue::table;
    use model::cell::Cell;
    use model::import::{Change, InputRow};

    use super::*;

    fn sites(ids: std::ops::Range<i64>) -> Vec<Change> {
        let columns = table("sites").unwrap().columns.len();
        let row = |id| {
            let mut cells = vec![Cell::Absent; columns];
            cells[1] = Cell::text("x".repeat(500));
            Change::Upsert(InputRow { id, line: 1, cells })
        };
        ids.map(row).collect()
    }

    #[test]
    fn a_full_disk_fails_the_import_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let store = SqliteStore::open(&path, SqliteOptions::default()).unwrap();
        let provider = ProviderId(1);
        store.create_provider(&Provider::new(provider, "P")).unwrap();
        let set_pages_max = |pages: i64| {
            let writer = store.records.writer().unwrap();
            writer.pragma_update(None, "max_page_count", pages).unwrap();
        };
        let begin = || match store.begin_import(provider, Instant::from_micros(1), None).unwrap() {
            ImportStart::Started(import) => import,
            _ => panic!("without a key it starts"),
        };
        let table = table("sites").unwrap();
        let pages: i64 = {
            let writer = store.records.writer().unwrap();
            writer.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap()
        };
        set_pages_max(pages + 3);
        let mut import = begin();
        assert_eq!(import.apply(table, sites(1..1000)).unwrap_err().code(), "disk_full");
        assert_eq!(import.apply(table, sites(1..2)).unwrap_err().code(), "store_unavailable");
        assert_eq!(import.commit().unwrap_err().code(), "store_unavailable");
        assert_eq!(store.snapshot().unwrap().count(table).unwrap(), 0);
        assert_eq!(store.revision().unwrap(), Revision(1));

        set_pages_max(pages + 1000);
        let mut import = begin();
        import.apply(table, sites(1..1000)).unwrap();
        assert_eq!(import.commit().unwrap().into_result().unwrap().revision, Revision(2));
        assert_eq!(store.snapshot().unwrap().count(table).unwrap(), 999);
    }

    #[test]
    fn a_panic_in_an_import_leaves_the_store_usable() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let store = SqliteStore::open(&path, SqliteOptions::default()).unwrap();
        let panicked = std::thread::scope(|scope| {
            let work =
                || store.records.write(|_| -> Result<(), StoreError> { panic!("on purpose") });
            scope.spawn(work).join()
        });
        assert!(panicked.is_err());
        store.create_provider(&Provider::new(ProviderId(1), "P")).unwrap();
    }
}

//! The store in one SQLite file: write-ahead log, every commit flushed, one writer at a time
//! (also between processes), readers beside it.
//!
//! | module | holds |
//! | --- | --- |
//! | `open`, `pool` | connections: how they are set up, how many there are |
//! | `ddl`, `migrate` | the schema from the catalogue, and the way there |
//! | `statements`, `words` | SQL per table, settings as words |
//! | `snapshot` | reading at one revision |
//! | `import` | the write path of rows |
//! | `providers`, `tokens`, `idempotency`, `secret`, `revision` | the store's own tables |
//! | `backup`, `check` | copying and checking a store in use |
//! | `errors` | what SQLite says, in the port's words |

mod backup;
mod check;
mod ddl;
mod errors;
mod idempotency;
mod import;
mod migrate;
mod open;
mod pool;
mod providers;
mod revision;
mod secret;
mod snapshot;
mod statements;
mod tokens;
mod words;

use std::path::Path;
use std::time::Duration;

use model::id::{ProviderId, Revision};
use model::provider::Provider;
use model::time::{Date, Instant};
use parking_lot::{Mutex, MutexGuard};
use rusqlite::Connection;

pub use ddl::schema;
pub use open::SqliteOptions;

use crate::error::StoreError;
use crate::port::{IdempotencyKey, ImportStart, Snapshot, Store};
use crate::token::{Token, TokenGrant, TokenHash};
use errors::failed;
use open::Purpose;

/// Short questions answered at once; another waits its turn.
const LOOKUPS_MAX: usize = 8;
const LOOKUP_CACHE_KIB: u32 = 2048;

/// A store in one SQLite file. Several processes may open the same file.
pub struct SqliteStore {
    readers: pool::Readers,
    /// For short questions, which must not wait for snapshots that are held.
    lookups: pool::Readers,
    /// None when the file is open for reading only.
    writer: Option<Mutex<Connection>>,
    write_wait: Duration,
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteStore").field("can_write", &self.writer.is_some()).finish()
    }
}

impl SqliteStore {
    /// Opens the store in the file at `path`, creating and migrating it as needed.
    ///
    /// [`StoreError::SchemaTooNew`] when a newer version wrote it.
    pub fn open(path: &Path, options: SqliteOptions) -> Result<Self, StoreError> {
        if !path.exists() {
            open::create_file(path)?;
        }
        let writer = open::connect(path, Purpose::Write, &options)?;
        migrate::migrate(&writer)?;
        import::prepare(&writer)?;
        Ok(Self::with(path, Purpose::Read, options, Some(writer)))
    }

    /// Opens a store that exists, beside whoever else has it open; migrates it as needed.
    ///
    /// [`StoreError::NotFound`] when there is no file at `path`.
    pub fn open_existing(path: &Path, options: SqliteOptions) -> Result<Self, StoreError> {
        must_be_there(path)?;
        Self::open(path, options)
    }

    /// Opens a store for reading; writes answer [`StoreError::Unavailable`].
    ///
    /// [`StoreError::NotFound`] when there is no file, [`StoreError::Unavailable`] when its
    /// schema is older than this program's.
    pub fn open_read_only(path: &Path, options: SqliteOptions) -> Result<Self, StoreError> {
        must_be_there(path)?;
        let store = Self::with(path, Purpose::ReadOnlyFile, options, None);
        migrate::check_is_newest(&*store.lookups.get()?)?;
        Ok(store)
    }

    fn with(
        path: &Path,
        purpose: Purpose,
        options: SqliteOptions,
        writer: Option<Connection>,
    ) -> Self {
        let write_wait = options.write_wait;
        let for_lookups = SqliteOptions {
            readers_max: LOOKUPS_MAX,
            reader_cache_kib: LOOKUP_CACHE_KIB,
            ..options
        };
        Self {
            readers: pool::Readers::new(path.to_owned(), purpose, options),
            lookups: pool::Readers::new(path.to_owned(), purpose, for_lookups),
            writer: writer.map(Mutex::new),
            write_wait,
        }
    }

    fn writer(&self, wait: Duration) -> Result<MutexGuard<'_, Connection>, StoreError> {
        let writer = self.writer.as_ref().ok_or_else(errors::read_only)?;
        let writer = writer.try_lock_for(wait).ok_or(StoreError::Busy)?;
        if !writer.is_autocommit() {
            // Whoever wrote before has panicked.
            writer.execute_batch("ROLLBACK").map_err(failed("roll back"))?;
        }
        Ok(writer)
    }

    /// Runs one small write in a transaction of its own.
    fn write<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let writer = self.writer(self.write_wait)?;
        writer.execute_batch("BEGIN IMMEDIATE").map_err(failed("begin to write"))?;
        let done = work(&writer).and_then(|done| {
            writer.execute_batch("COMMIT").map_err(failed("commit"))?;
            Ok(done)
        });
        if done.is_err() && !writer.is_autocommit() {
            writer.execute_batch("ROLLBACK").map_err(failed("roll back"))?;
        }
        done
    }
}

fn must_be_there(path: &Path) -> Result<(), StoreError> {
    match path.is_file() {
        true => Ok(()),
        false => Err(StoreError::NotFound { what: format!("a store at {}", path.display()) }),
    }
}

impl Store for SqliteStore {
    fn revision(&self) -> Result<Revision, StoreError> {
        revision::current(&*self.lookups.get()?)
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        Ok(Box::new(snapshot::SqliteSnapshot::begin(self.readers.get()?)?))
    }

    fn begin_import(
        &self,
        provider: ProviderId,
        now: Instant,
        key: Option<IdempotencyKey>,
    ) -> Result<ImportStart<'_>, StoreError> {
        import::begin(self.writer(self.write_wait)?, provider, now, key)
    }

    fn create_provider(&self, provider: &Provider) -> Result<Revision, StoreError> {
        self.write(|connection| providers::create(connection, provider))
    }

    fn update_provider(&self, provider: &Provider) -> Result<Revision, StoreError> {
        self.write(|connection| providers::update(connection, provider))
    }

    fn create_token(
        &self,
        hash: &TokenHash,
        prefix: &str,
        grant: &TokenGrant,
        now: Instant,
    ) -> Result<Token, StoreError> {
        self.write(|connection| tokens::create(connection, hash, prefix, grant, now))
    }

    fn token(&self, hash: &TokenHash) -> Result<Option<Token>, StoreError> {
        tokens::by_hash(&*self.lookups.get()?, hash)
    }

    fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        tokens::all(&*self.lookups.get()?)
    }

    fn revoke_token(&self, id: i64, now: Instant) -> Result<Token, StoreError> {
        self.write(|connection| tokens::revoke(connection, id, now))
    }

    fn mark_token_used(&self, id: i64, day: Date) -> Result<(), StoreError> {
        if !tokens::is_use_new(&*self.lookups.get()?, id, day)? {
            return Ok(());
        }
        // Not worth waiting for: a later use notes the day as well.
        let Ok(writer) = self.writer(Duration::ZERO) else { return Ok(()) };
        writer.busy_timeout(Duration::ZERO).map_err(failed("note a token's use"))?;
        let marked = tokens::mark_used(&writer, id, day);
        writer.busy_timeout(self.write_wait).map_err(failed("note a token's use"))?;
        match marked {
            Err(StoreError::Busy) => Ok(()),
            marked => marked,
        }
    }

    fn secret(&self) -> Result<[u8; 32], StoreError> {
        if let Some(secret) = secret::find(&*self.lookups.get()?)? {
            return Ok(secret);
        }
        let fresh: [u8; 32] = rand::random();
        self.write(|connection| secret::keep(connection, fresh))
    }

    fn check(&self) -> Result<Vec<String>, StoreError> {
        let reader = self.readers.get()?;
        reader.execute_batch("BEGIN").map_err(failed("begin to read"))?;
        check::check(&reader)
    }

    fn backup(&self, path: &Path) -> Result<(), StoreError> {
        backup::copy(&*self.readers.get()?, path)
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
            let writer = store.writer(Duration::ZERO).unwrap();
            writer.pragma_update(None, "max_page_count", pages).unwrap();
        };
        let begin = || match store.begin_import(provider, Instant::from_micros(1), None).unwrap() {
            ImportStart::Started(import) => import,
            _ => panic!("without a key it starts"),
        };
        let table = table("sites").unwrap();
        let pages: i64 = {
            let writer = store.writer(Duration::ZERO).unwrap();
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
        assert_eq!(import.commit().unwrap().unwrap().revision, Revision(2));
        assert_eq!(store.snapshot().unwrap().count(table).unwrap(), 999);
    }

    #[test]
    fn a_panic_in_an_import_leaves_the_store_usable() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let store = SqliteStore::open(&path, SqliteOptions::default()).unwrap();
        let panicked = std::thread::scope(|scope| {
            let work = || store.write(|_| -> Result<(), StoreError> { panic!("on purpose") });
            scope.spawn(work).join()
        });
        assert!(panicked.is_err());
        store.create_provider(&Provider::new(ProviderId(1), "P")).unwrap();
    }
}

//! The store in one PostgreSQL database, shared by any number of nodes. One import runs at a time,
//! and reads go on beside it. Any free worker may claim a job.
//!
//! | module | holds |
//! | --- | --- |
//! | `connect`, `connections` | options and TLS; connection pools and running statements |
//! | `ddl`, `migrate` | the schema from the catalogue; the migrations that lead to it |
//! | `statements`, `row`, `copy` | SQL per table, values of rows, rows in bulk |
//! | `snapshot` | reading at one revision |
//! | `import_session` | reading and writing the rows of an import |
//! | `sql_session` | running the statements of `sql`, which are the same over both databases |
//! | `move_target` | writing the tables of a store that is moved here |
//! | `errors` | PostgreSQL's errors, mapped to those of the port |

mod connect;
mod connections;
mod copy;
mod ddl;
mod errors;
mod import_session;
mod migrate;
mod move_target;
mod row;
mod snapshot;
mod sql_session;
mod statements;

use model::id::{ProviderId, Revision};
use model::provider::Provider;
use model::time::{Date, Instant};

pub use connect::PostgresOptions;
pub use ddl::schema;
pub(crate) use move_target::MoveTarget;

use crate::error::StoreError;
use crate::import;
use crate::port::{IdempotencyKey, ImportStart, KeyUse, RecordStore, Snapshot};
use crate::sql::{SqlDatabase, check, idempotency, providers, revision, secret, tokens};
use crate::token::{Token, TokenGrant, TokenHash};
use connections::PostgresConnections;

/// A store in a PostgreSQL database.
pub struct PostgresStore {
    engine: PostgresConnections,
}

impl std::fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresStore").finish_non_exhaustive()
    }
}

impl PostgresStore {
    /// Opens the store in the database that `url` names (`postgres://user:password@host/name`), and
    /// creates and migrates its tables as needed. Several nodes may do so at the same time.
    ///
    /// Errors: [`StoreError::SchemaTooNew`] when a newer version wrote it;
    /// [`StoreError::Unavailable`] when the server cannot be reached or rejects the role, or when a
    /// store is being moved here and the move is not finished.
    pub fn open(url: &str, options: &PostgresOptions) -> Result<Self, StoreError> {
        let engine = PostgresConnections::start(url, options)?;
        migrate::migrate(&engine)?;
        move_target::check_no_move_runs(&engine)?;
        Ok(Self { engine })
    }
}

impl RecordStore for PostgresStore {
    fn revision(&self) -> Result<Revision, StoreError> {
        revision::current(&self.engine.lookup()?)
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        Ok(Box::new(snapshot::PostgresSnapshot::begin(self.engine.begin_snapshot()?)?))
    }

    fn find_keyed_import(
        &self,
        provider: ProviderId,
        key: &IdempotencyKey,
        now: Instant,
    ) -> Result<KeyUse, StoreError> {
        idempotency::find(&self.engine.lookup()?, provider, key, now)
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
        self.engine.write(|session| providers::create(session, provider))
    }

    fn update_provider(&self, provider: &Provider) -> Result<Revision, StoreError> {
        self.engine.write(|session| providers::update(session, provider))
    }

    fn create_token(
        &self,
        hash: &TokenHash,
        prefix: &str,
        grant: &TokenGrant,
        now: Instant,
    ) -> Result<Token, StoreError> {
        self.engine.write(|session| tokens::create(session, hash, prefix, grant, now))
    }

    fn token(&self, hash: &TokenHash) -> Result<Option<Token>, StoreError> {
        tokens::by_hash(&self.engine.lookup()?, hash)
    }

    fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        tokens::all(&self.engine.lookup()?)
    }

    fn revoke_token(&self, id: i64, now: Instant) -> Result<Token, StoreError> {
        self.engine.write(|session| tokens::revoke(session, id, now))
    }

    fn mark_token_used(&self, id: i64, day: Date) -> Result<(), StoreError> {
        let session = self.engine.lookup()?;
        if !tokens::is_use_new(&session, id, day)? {
            return Ok(());
        }
        match tokens::mark_used(&session, id, day) {
            // Not worth waiting for: a later use marks the day as well.
            Err(StoreError::Busy) => Ok(()),
            marked => marked,
        }
    }

    fn secret(&self) -> Result<[u8; 32], StoreError> {
        let session = self.engine.lookup()?;
        match secret::find(&session, secret::SIGNING)? {
            Some(secret) => Ok(secret),
            None => secret::store_if_absent(&session, secret::SIGNING, rand::random()),
        }
    }

    fn check(&self) -> Result<Vec<String>, StoreError> {
        let session = self.engine.begin_snapshot()?;
        let mut found = check::check_records(&*session)?;
        found.extend(check::check_jobs(&*session)?);
        Ok(found)
    }

    /// Always returns [`StoreError::Unavailable`]. PostgreSQL has its own tools for backups
    /// (`pg_dump`, base backups).
    fn backup(&self, _: &std::path::Path) -> Result<(), StoreError> {
        let reason = "a store in PostgreSQL is copied with pg_dump or a base backup".to_owned();
        Err(StoreError::Unavailable { reason })
    }
}

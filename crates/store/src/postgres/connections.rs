//! Connection pools to the server, and the runtime that serves them. The port is synchronous: the
//! caller's thread blocks while the runtime does the input and output.

use std::ops::Deref;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime as Timer};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio_postgres::types::ToSql;
use tokio_postgres::{NoTls, Row};

use super::connect::{self, PostgresOptions, TlsMode};
use super::errors::{failed, no_connection};
use crate::error::StoreError;

/// Imports and other long writes run one at a time, so more connections would gain nothing.
const WRITERS_MAX: usize = 2;
const RUNTIME_THREADS: usize = 2;

/// The values of a statement's parameters.
pub(super) type SqlParams<'p> = &'p [&'p (dyn ToSql + Sync)];

pub(super) struct PostgresConnections {
    /// None only while the engine is being dropped.
    runtime: Option<Runtime>,
    handle: Handle,
    lookups: Pool,
    snapshots: Pool,
    writers: Pool,
}

impl PostgresConnections {
    pub(super) fn start(url: &str, options: &PostgresOptions) -> Result<Self, StoreError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(RUNTIME_THREADS)
            .thread_name("postgres")
            .enable_all()
            .build()
            .map_err(|error| StoreError::Unavailable { reason: format!("start: {error}") })?;
        let pool = |size| pool(url, options, size);
        Ok(Self {
            handle: runtime.handle().clone(),
            runtime: Some(runtime),
            lookups: pool(options.lookups_max)?,
            snapshots: pool(options.snapshots_max)?,
            writers: pool(WRITERS_MAX)?,
        })
    }

    /// Runs a future to its end and blocks the caller's thread meanwhile.
    pub(super) fn block_on<F: Future>(&self, work: F) -> F::Output {
        let _entered = self.handle.enter();
        futures::executor::block_on(work)
    }

    /// Returns a connection for a single short query.
    pub(super) fn lookup(&self) -> Result<PostgresSession<'_>, StoreError> {
        self.session(&self.lookups)
    }

    /// Begins a short transaction.
    pub(super) fn begin(&self) -> Result<PostgresTransaction<'_>, StoreError> {
        PostgresTransaction::begin(self.session(&self.lookups)?, "BEGIN")
    }

    /// Begins a transaction that may take long, on a connection that short ones do not need.
    pub(super) fn begin_long_write(&self) -> Result<PostgresTransaction<'_>, StoreError> {
        PostgresTransaction::begin(self.session(&self.writers)?, "BEGIN")
    }

    /// Begins a read-only transaction that sees one state of the database, for a snapshot.
    pub(super) fn begin_snapshot(&self) -> Result<PostgresTransaction<'_>, StoreError> {
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        PostgresTransaction::begin(self.session(&self.snapshots)?, begin)
    }

    /// Begins a read-only transaction that sees one state, for a short query of several statements.
    pub(super) fn begin_view(&self) -> Result<PostgresTransaction<'_>, StoreError> {
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        PostgresTransaction::begin(self.session(&self.lookups)?, begin)
    }

    /// Runs one small write in a transaction of its own.
    pub(super) fn write<T>(
        &self,
        work: impl FnOnce(&PostgresSession<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let transaction = self.begin()?;
        let done = work(&transaction)?;
        transaction.commit("commit")?;
        Ok(done)
    }

    fn session(&self, pool: &Pool) -> Result<PostgresSession<'_>, StoreError> {
        let client = self.block_on(pool.get()).map_err(no_connection)?;
        Ok(PostgresSession { engine: self, client })
    }
}

impl Drop for PostgresConnections {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Dropping it here would panic on a thread of another runtime.
            runtime.shutdown_background();
        }
    }
}

fn pool(url: &str, options: &PostgresOptions, size: usize) -> Result<Pool, StoreError> {
    let config = connect::parse_url(url, options)?;
    let manage = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = match connect::choose_tls_mode(&config, options)? {
        TlsMode::Plain => Manager::from_config(config, NoTls, manage),
        TlsMode::Verified(tls) => Manager::from_config(config, tls, manage),
    };
    let pool = Pool::builder(manager)
        .max_size(size)
        .runtime(Timer::Tokio1)
        .wait_timeout(Some(options.wait.max(Duration::from_millis(1))))
        .build();
    pool.map_err(|error| StoreError::Unavailable { reason: format!("connect: {error}") })
}

/// A connection borrowed from a pool.
pub(super) struct PostgresSession<'e> {
    pub(super) engine: &'e PostgresConnections,
    pub(super) client: Object,
}

impl PostgresSession<'_> {
    /// Runs statements without parameters.
    pub(super) fn run_script(&self, context: &'static str, sql: &str) -> Result<(), StoreError> {
        self.engine.block_on(self.client.batch_execute(sql)).map_err(failed(context))
    }

    /// Runs a statement and returns the number of rows that it changed.
    pub(super) fn run(
        &self,
        context: &'static str,
        sql: &str,
        params: SqlParams<'_>,
    ) -> Result<u64, StoreError> {
        let work = async {
            let statement = self.client.prepare_cached(sql).await?;
            self.client.execute(&statement, params).await
        };
        self.engine.block_on(work).map_err(failed(context))
    }

    /// Returns all rows of a query.
    pub(super) fn all(
        &self,
        context: &'static str,
        sql: &str,
        params: SqlParams<'_>,
    ) -> Result<Vec<Row>, StoreError> {
        let work = async {
            let statement = self.client.prepare_cached(sql).await?;
            self.client.query(&statement, params).await
        };
        self.engine.block_on(work).map_err(failed(context))
    }

    /// Returns the first row of a query, if it has one.
    pub(super) fn find(
        &self,
        context: &'static str,
        sql: &str,
        params: SqlParams<'_>,
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.all(context, sql, params)?.into_iter().next())
    }

    /// Returns the row of a query that always has exactly one.
    pub(super) fn one(
        &self,
        context: &'static str,
        sql: &str,
        params: SqlParams<'_>,
    ) -> Result<Row, StoreError> {
        let work = async {
            let statement = self.client.prepare_cached(sql).await?;
            self.client.query_one(&statement, params).await
        };
        self.engine.block_on(work).map_err(failed(context))
    }
}

/// A transaction on its own connection. Dropped without a commit, it is rolled back.
pub(super) struct PostgresTransaction<'e> {
    session: Option<PostgresSession<'e>>,
}

impl<'e> PostgresTransaction<'e> {
    fn begin(session: PostgresSession<'e>, sql: &str) -> Result<Self, StoreError> {
        session.run_script("begin", sql)?;
        Ok(Self { session: Some(session) })
    }

    pub(super) fn commit(mut self, context: &'static str) -> Result<(), StoreError> {
        let Some(session) = self.session.take() else { return Ok(()) };
        let committed = session.run_script(context, "COMMIT");
        if committed.is_err() {
            discard(session);
        }
        committed
    }
}

impl<'e> Deref for PostgresTransaction<'e> {
    type Target = PostgresSession<'e>;

    fn deref(&self) -> &PostgresSession<'e> {
        self.session.as_ref().expect("a transaction holds its connection until it ends")
    }
}

impl Drop for PostgresTransaction<'_> {
    fn drop(&mut self) {
        if let Some(session) = self.session.take()
            && session.run_script("roll back", "ROLLBACK").is_err()
        {
            discard(session);
        }
    }
}

/// Closes a connection whose state is unknown, so that it does not return to the pool.
fn discard(session: PostgresSession<'_>) {
    drop(Object::take(session.client));
}

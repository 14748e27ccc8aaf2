//! Connections to the server, and the runtime that serves them. The port is synchronous: whoever
//! calls waits on their own thread while the runtime moves the bytes.

use std::ops::Deref;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime as Timer};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio_postgres::types::ToSql;
use tokio_postgres::{NoTls, Row};

use super::connect::{self, PostgresOptions, Tls};
use super::errors::{failed, no_connection};
use crate::error::StoreError;

/// Imports and other long writes take turns anyway.
const WRITERS_MAX: usize = 2;
const RUNTIME_THREADS: usize = 2;

/// Values of a statement's parameters.
pub(super) type Params<'p> = &'p [&'p (dyn ToSql + Sync)];

pub(super) struct Engine {
    /// Taken when dropped.
    runtime: Option<Runtime>,
    handle: Handle,
    lookups: Pool,
    snapshots: Pool,
    writers: Pool,
}

impl Engine {
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

    /// Waits for `work` on the caller's thread.
    pub(super) fn wait<F: Future>(&self, work: F) -> F::Output {
        let _entered = self.handle.enter();
        futures::executor::block_on(work)
    }

    /// A connection for short questions.
    pub(super) fn lookup(&self) -> Result<Session<'_>, StoreError> {
        self.session(&self.lookups)
    }

    /// A short transaction.
    pub(super) fn begin(&self) -> Result<Transaction<'_>, StoreError> {
        Transaction::begin(self.session(&self.lookups)?, "BEGIN")
    }

    /// A transaction that may take long, and keeps nobody from short ones.
    pub(super) fn begin_long(&self) -> Result<Transaction<'_>, StoreError> {
        Transaction::begin(self.session(&self.writers)?, "BEGIN")
    }

    /// A view of everything as it is now.
    pub(super) fn begin_snapshot(&self) -> Result<Transaction<'_>, StoreError> {
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        Transaction::begin(self.session(&self.snapshots)?, begin)
    }

    /// A view for a question of several statements.
    pub(super) fn view(&self) -> Result<Transaction<'_>, StoreError> {
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        Transaction::begin(self.session(&self.lookups)?, begin)
    }

    /// Runs one small write in a transaction of its own.
    pub(super) fn write<T>(
        &self,
        work: impl FnOnce(&Session<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let transaction = self.begin()?;
        let done = work(&transaction)?;
        transaction.commit("commit")?;
        Ok(done)
    }

    fn session(&self, pool: &Pool) -> Result<Session<'_>, StoreError> {
        let client = self.wait(pool.get()).map_err(no_connection)?;
        Ok(Session { engine: self, client })
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Dropping it here would panic on a thread of another runtime.
            runtime.shutdown_background();
        }
    }
}

fn pool(url: &str, options: &PostgresOptions, size: usize) -> Result<Pool, StoreError> {
    let config = connect::config(url, options)?;
    let manage = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = match connect::tls(&config, options)? {
        Tls::Plain => Manager::from_config(config, NoTls, manage),
        Tls::Verified(tls) => Manager::from_config(config, tls, manage),
    };
    let pool = Pool::builder(manager)
        .max_size(size)
        .runtime(Timer::Tokio1)
        .wait_timeout(Some(options.wait.max(Duration::from_millis(1))))
        .build();
    pool.map_err(|error| StoreError::Unavailable { reason: format!("connect: {error}") })
}

/// One connection, lent.
pub(super) struct Session<'e> {
    pub(super) engine: &'e Engine,
    pub(super) client: Object,
}

impl Session<'_> {
    /// Runs statements without parameters.
    pub(super) fn batch(&self, context: &'static str, sql: &str) -> Result<(), StoreError> {
        self.engine.wait(self.client.batch_execute(sql)).map_err(failed(context))
    }

    /// Runs a statement; answers how many rows it changed.
    pub(super) fn run(
        &self,
        context: &'static str,
        sql: &str,
        params: Params<'_>,
    ) -> Result<u64, StoreError> {
        let work = async {
            let statement = self.client.prepare_cached(sql).await?;
            self.client.execute(&statement, params).await
        };
        self.engine.wait(work).map_err(failed(context))
    }

    /// Every row of a question.
    pub(super) fn all(
        &self,
        context: &'static str,
        sql: &str,
        params: Params<'_>,
    ) -> Result<Vec<Row>, StoreError> {
        let work = async {
            let statement = self.client.prepare_cached(sql).await?;
            self.client.query(&statement, params).await
        };
        self.engine.wait(work).map_err(failed(context))
    }

    /// The first row of a question that has at most one.
    pub(super) fn find(
        &self,
        context: &'static str,
        sql: &str,
        params: Params<'_>,
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.all(context, sql, params)?.into_iter().next())
    }

    /// The row of a question that always has one.
    pub(super) fn one(
        &self,
        context: &'static str,
        sql: &str,
        params: Params<'_>,
    ) -> Result<Row, StoreError> {
        let work = async {
            let statement = self.client.prepare_cached(sql).await?;
            self.client.query_one(&statement, params).await
        };
        self.engine.wait(work).map_err(failed(context))
    }
}

/// A transaction on a connection of its own; rolled back when dropped without a commit.
pub(super) struct Transaction<'e> {
    session: Option<Session<'e>>,
}

impl<'e> Transaction<'e> {
    fn begin(session: Session<'e>, sql: &str) -> Result<Self, StoreError> {
        session.batch("begin", sql)?;
        Ok(Self { session: Some(session) })
    }

    pub(super) fn commit(mut self, context: &'static str) -> Result<(), StoreError> {
        let Some(session) = self.session.take() else { return Ok(()) };
        let committed = session.batch(context, "COMMIT");
        if committed.is_err() {
            discard(session);
        }
        committed
    }
}

impl<'e> Deref for Transaction<'e> {
    type Target = Session<'e>;

    fn deref(&self) -> &Session<'e> {
        self.session.as_ref().expect("a transaction holds its connection until it ends")
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if let Some(session) = self.session.take()
            && session.batch("roll back", "ROLLBACK").is_err()
        {
            discard(session);
        }
    }
}

/// Closes a connection whose state is not known, so that nobody gets it.
fn discard(session: Session<'_>) {
    drop(Object::take(session.client));
}

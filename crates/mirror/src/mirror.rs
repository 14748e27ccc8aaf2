//! The mirror as its users see it: open it, read through it, keep it near the store.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use datafusion::catalog::TableProvider;
use model::catalogue::{self, Table};
use model::id::ProviderId;
use model::provider::Provider;
use parking_lot::Mutex;
use store::RecordStore;

use crate::engine::Engine;
use crate::error::MirrorError;
use crate::keeper::Keeper;
use crate::refresh::Scope;
use crate::scan::ProviderTable;
use crate::session::{Session, TableSource};
use crate::state::State;
use crate::status::{MirrorStatus, RefreshReport, TableStatus, VerifyReport};
use crate::verify;

/// What a process may do with the mirror's folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Keeps the mirror: one process at a time, for as long as it has it open.
    Writer,
    /// Reads beside a writer. Where there is none, it refreshes once when that is needed.
    Reader,
}

/// How a mirror is kept.
#[derive(Debug, Clone)]
pub struct MirrorOptions {
    /// What this process may do.
    pub role: Role,
    /// Changes in the delta from which on segments are refreshed in the background; or one in a
    /// hundred of the mirror's rows, if that is more.
    pub refresh_after_rows: u64,
    /// Changes that the delta may hold in memory. A session that would need more waits for a
    /// refresh.
    pub delta_rows_max: u64,
    /// Rows of a segment, at most.
    pub segment_rows: u64,
    /// Rows of a segment's row group, at most.
    pub group_rows: u64,
    /// How long a reader waits for the writer's refresh.
    pub keeper_wait: Duration,
}

impl MirrorOptions {
    /// The usual bounds for this role.
    pub fn new(role: Role) -> Self {
        Self {
            role,
            refresh_after_rows: 20_000,
            delta_rows_max: match role {
                Role::Writer => 200_000,
                // Its own refresh may not come, so it goes further without.
                Role::Reader => 1_000_000,
            },
            segment_rows: 1 << 20,
            group_rows: 1 << 17,
            keeper_wait: Duration::from_secs(60),
        }
    }
}

/// The mirror of one store.
///
/// All methods block on the store and on files: call them off the event loop.
pub struct Mirror {
    keeper: Arc<Keeper>,
    refresher: Mutex<Option<JoinHandle<()>>>,
    _damage_watch: Option<DamageWatch>,
}

impl Mirror {
    /// Opens the mirror in `folder`, which is made when missing.
    ///
    /// Reads the manifest and the footers. A mirror that is missing, damaged, of another store,
    /// of another shape or newer than the store is not used; what it should hold is written when
    /// the first session needs it, or by [`Mirror::refresh`].
    /// [`MirrorError::Locked`] when another process keeps it.
    pub fn open(
        folder: &Path,
        store: Arc<dyn RecordStore>,
        engine: Arc<Engine>,
        options: MirrorOptions,
    ) -> Result<Self, MirrorError> {
        let role = options.role;
        let keeper = Arc::new(Keeper::open(folder, store, engine, options)?);
        let damage_watch = match role {
            Role::Writer => Some(DamageWatch::begin(Arc::clone(&keeper))?),
            Role::Reader => None,
        };
        Ok(Self { keeper, refresher: Mutex::default(), _damage_watch: damage_watch })
    }

    /// Opens a session of a provider at the store's present revision: it sees every write
    /// acknowledged before.
    ///
    /// [`MirrorError::ProviderUnknown`] when there is no such provider.
    pub fn session(&self, provider: ProviderId) -> Result<Session, MirrorError> {
        let (state, settings) = self.keeper.state_for(provider)?;
        if self.keeper.wants_refresh(&state) {
            self.refresh_soon();
        }
        Ok(self.session_in(state, settings))
    }

    fn session_in(&self, state: Arc<State>, settings: Arc<Provider>) -> Session {
        let revision = state.revision;
        let tables = StateTables { state, provider: settings.id };
        Session::new(Arc::clone(&self.keeper.engine), settings, revision, Arc::new(tables))
    }

    /// Begins a refresh on a thread of its own, unless one runs or failed a moment ago.
    fn refresh_soon(&self) {
        let mut refresher = self.refresher.lock();
        if refresher.as_ref().is_some_and(|running| !running.is_finished()) {
            return;
        }
        let keeper = Arc::clone(&self.keeper);
        let begin = std::thread::Builder::new().name("rollbook-refresh".to_owned());
        match begin.spawn(move || keeper.refresh_in_background()) {
            Ok(thread) => *refresher = Some(thread),
            Err(error) => tracing::error!(%error, "the mirror's refresh could not begin"),
        }
    }

    /// Reads all segments as they were when the mirror was opened, and says of each whose bytes
    /// are not those that were written what is wrong with it.
    pub fn damaged_files(&self) -> Vec<String> {
        verify::damaged_files(&self.keeper)
    }

    /// Brings the segments up to the store's revision, rewriting only what changed.
    pub fn refresh(&self) -> Result<RefreshReport, MirrorError> {
        self.keeper.refresh(Scope::Changed)
    }

    /// Writes all segments anew from the store.
    pub fn rebuild(&self) -> Result<RefreshReport, MirrorError> {
        self.keeper.refresh(Scope::All)
    }

    /// Compares everything with its checksum and with the store: every row of every provider, as
    /// sessions see them. Takes about as long as a rebuild.
    pub fn verify(&self) -> Result<VerifyReport, MirrorError> {
        verify::verify(&self.keeper, |state, provider| self.session_in(state, provider))
    }

    /// How the mirror stands.
    pub fn status(&self) -> Result<MirrorStatus, MirrorError> {
        let state = self.keeper.state();
        let tables = catalogue::tables().iter().map(|table| table_status(&state, table));
        Ok(MirrorStatus {
            revision: state.revision,
            covered: state.base.revision,
            store_revision: self.keeper.store.revision()?,
            generation: state.base.generation,
            is_refreshing: self.keeper.is_refreshing(),
            rows_written: self.keeper.rows_written.load(Ordering::Relaxed),
            delta_changes: state.delta_changes,
            tables: tables.collect(),
        })
    }

    /// Waits until no refresh runs in the background.
    pub fn wait_for_refresh(&self) {
        let running = self.refresher.lock().take();
        if let Some(thread) = running {
            // It logs its own failure.
            let _ = thread.join();
        }
    }
}

impl Drop for Mirror {
    fn drop(&mut self) {
        self.keeper.stop();
        self.wait_for_refresh();
    }
}

fn table_status(state: &State, table: &'static Table) -> TableStatus {
    let segments = &state.base.tables[table.position];
    let delta = state.deltas[table.position].values();
    TableStatus {
        table: table.name,
        segments: segments.len(),
        rows: segments.iter().map(|segment| segment.entry.rows).sum(),
        bytes: segments.iter().map(|segment| segment.entry.bytes).sum(),
        delta_rows: delta.clone().map(|delta| delta.rows.num_rows() as u64).sum(),
        delta_ids: delta.map(|delta| delta.changed.len() as u64).sum(),
    }
}

/// A thread that mends what any process reports as damaged, so that those who only read do not
/// wait for the next session here. Ends when dropped.
struct DamageWatch {
    end: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl DamageWatch {
    /// How often reports are looked for.
    const INTERVAL: Duration = Duration::from_secs(1);

    fn begin(keeper: Arc<Keeper>) -> Result<Self, MirrorError> {
        let (end, ended) = sync_channel(0);
        let watch = move || {
            while ended.recv_timeout(Self::INTERVAL) == Err(RecvTimeoutError::Timeout) {
                if let Err(error) = keeper.mend_reported() {
                    tracing::warn!(%error, "a damaged file of the mirror could not be mended");
                }
            }
        };
        let thread = std::thread::Builder::new().name("rollbook-mend".to_owned()).spawn(watch);
        let thread = thread.map_err(|error| MirrorError::file("the watching thread", error))?;
        Ok(Self { end: Some(end), thread: Some(thread) })
    }
}

impl Drop for DamageWatch {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            // It logs its own failures.
            let _ = thread.join();
        }
    }
}

/// The tables of one provider in one state.
struct StateTables {
    state: Arc<State>,
    provider: ProviderId,
}

impl TableSource for StateTables {
    fn table(&self, table: &'static Table) -> Result<Arc<dyn TableProvider>, MirrorError> {
        Ok(Arc::new(ProviderTable::new(table, self.provider, Arc::clone(&self.state))))
    }

    fn table_by_id(&self, table: &'static Table) -> Result<Arc<dyn TableProvider>, MirrorError> {
        let table = ProviderTable::new(table, self.provider, Arc::clone(&self.state));
        Ok(Arc::new(table.by_id()))
    }
}

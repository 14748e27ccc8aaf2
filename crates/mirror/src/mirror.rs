//! The public interface of the mirror: open it, start sessions, keep it close to the store.

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

use crate::engine::PlanEngine;
use crate::error::MirrorError;
use crate::options::{MirrorOptions, MirrorRole};
use crate::refresh::RefreshScope;
use crate::scan::ProviderTable;
use crate::session::{MirrorSession, ScanRequest, TableSource};
use crate::state::MirrorState;
use crate::status::{MirrorStatus, RefreshReport, TableStatus, VerifyReport};
use crate::updater::MirrorUpdater;
use crate::verify;

/// The mirror of one store.
///
/// All methods block on the store and on files: do not call them on an async runtime's threads.
pub struct Mirror {
    keeper: Arc<MirrorUpdater>,
    refresher: Mutex<Option<JoinHandle<()>>>,
    _damage_watch: Option<DamageWatch>,
}

impl Mirror {
    /// Opens the mirror in `folder`, which is created if it is missing.
    ///
    /// Reads the manifest and the footers of the segments. The files are ignored if the manifest is
    /// missing or damaged, belongs to another store, describes other table schemas, or is newer
    /// than the store. The mirror is then rebuilt when the first session needs it, or by
    /// [`Mirror::refresh`].
    ///
    /// Errors: [`MirrorError::Locked`] when another process is the writer.
    pub fn open(
        folder: &Path,
        store: Arc<dyn RecordStore>,
        engine: Arc<PlanEngine>,
        options: MirrorOptions,
    ) -> Result<Self, MirrorError> {
        let role = options.role;
        let keeper = Arc::new(MirrorUpdater::open(folder, store, engine, options)?);
        let damage_watch = match role {
            MirrorRole::Writer => Some(DamageWatch::begin(Arc::clone(&keeper))?),
            MirrorRole::Reader => None,
        };
        Ok(Self { keeper, refresher: Mutex::default(), _damage_watch: damage_watch })
    }

    /// Opens a session of a provider at the store's current revision. The session sees every write
    /// that was acknowledged before this call.
    ///
    /// Errors: [`MirrorError::ProviderUnknown`] when the provider does not exist.
    pub fn session(&self, provider: ProviderId) -> Result<MirrorSession, MirrorError> {
        let (state, settings) = self.keeper.state_for(provider)?;
        if self.keeper.wants_refresh(&state) {
            self.start_background_refresh();
        }
        Ok(self.session_in(state, settings))
    }

    fn session_in(&self, state: Arc<MirrorState>, settings: Arc<Provider>) -> MirrorSession {
        let revision = state.revision;
        let tables = StateTables { state, provider: settings.id };
        MirrorSession::new(Arc::clone(&self.keeper.engine), settings, revision, Arc::new(tables))
    }

    /// Starts a refresh on its own thread, unless one is running.
    fn start_background_refresh(&self) {
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

    /// Checks the checksums of all segments in use, and returns a description of each damaged one.
    pub fn damaged_files(&self) -> Vec<String> {
        verify::damaged_files(&self.keeper)
    }

    /// Brings the segments up to the store's revision, and rewrites only segments that changed.
    pub fn refresh(&self) -> Result<RefreshReport, MirrorError> {
        self.keeper.refresh(RefreshScope::Changed)
    }

    /// Rewrites all segments from the store.
    pub fn rebuild(&self) -> Result<RefreshReport, MirrorError> {
        self.keeper.refresh(RefreshScope::All)
    }

    /// Compares all segments with their checksums, and every row that sessions see with the store,
    /// for all providers. Takes about as long as a rebuild.
    pub fn verify(&self) -> Result<VerifyReport, MirrorError> {
        verify::verify(&self.keeper, |state, provider| self.session_in(state, provider))
    }

    /// Reads the changes since the segments, unless they are more than sessions keep in memory. A
    /// session does this by itself; without one, [`Mirror::status`] counts no changes.
    pub fn read_changes(&self) -> Result<(), MirrorError> {
        self.keeper.read_changes()
    }

    /// Returns the current status of the mirror.
    pub fn status(&self) -> Result<MirrorStatus, MirrorError> {
        let state = self.keeper.state();
        let tables = catalogue::tables().iter().map(|table| build_table_status(&state, table));
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

    /// Waits until no background refresh is running.
    pub fn wait_for_refresh(&self) {
        let running = self.refresher.lock().take();
        if let Some(thread) = running {
            // The thread logs its own failure.
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

fn build_table_status(state: &MirrorState, table: &'static Table) -> TableStatus {
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

/// A thread that repairs segments that any process reported as damaged. Readers therefore need not
/// wait for the next session in this process. The thread ends when this is dropped.
struct DamageWatch {
    end: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl DamageWatch {
    /// The interval at which the thread looks for damage reports.
    const INTERVAL: Duration = Duration::from_secs(1);

    fn begin(keeper: Arc<MirrorUpdater>) -> Result<Self, MirrorError> {
        let (end, ended) = sync_channel(0);
        let watch = move || {
            while ended.recv_timeout(Self::INTERVAL) == Err(RecvTimeoutError::Timeout) {
                if let Err(error) = keeper.repair_reported() {
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
            // The thread logs its own failures.
            let _ = thread.join();
        }
    }
}

/// The tables of one provider in one state.
struct StateTables {
    state: Arc<MirrorState>,
    provider: ProviderId,
}

impl TableSource for StateTables {
    fn table(
        &self,
        table: &'static Table,
        request: ScanRequest,
    ) -> Result<Arc<dyn TableProvider>, MirrorError> {
        let state = Arc::clone(&self.state);
        Ok(Arc::new(ProviderTable::new(table, self.provider, state, request)))
    }
}

//! Keeps the mirror close to the store: advances its state, refreshes segments, repairs damage.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use model::id::ProviderId;
use model::provider::Provider;
use parking_lot::{Mutex, RwLock};
use store::{RecordStore, Snapshot, crash};

use crate::engine::PlanEngine;
use crate::error::MirrorError;
use crate::folder::{FolderLock, MirrorFolder};
use crate::load;
use crate::manifest::{Manifest, ManifestOnDisk};
use crate::options::{MirrorOptions, MirrorRole};
use crate::refresh::{RefreshPass, RefreshScope, update_damage_flag};
use crate::retired::RetiredSegments;
use crate::segment::{DamageFlag, Segment};
use crate::state::{MirrorState, SegmentSet};
use crate::status::RefreshReport;
use crate::writer::{SegmentLimits, UncommittedSegments};

/// The maximum number of attempts of a session to get a state that is recent enough, while the
/// store runs ahead of refreshes.
const ATTEMPTS: usize = 8;
/// The minimum time between a failed background refresh and the next one.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(30);
/// The interval at which a waiting process looks for a new manifest.
const MANIFEST_POLL_INTERVAL: Duration = Duration::from_millis(50);

/// The mirror's state and a snapshot of the store at the same revision.
pub(crate) type StateAndSnapshot<'s> = (Arc<MirrorState>, Box<dyn Snapshot + 's>);

/// The result of one attempt to bring the state up to the store's revision.
enum StateAttempt<'s> {
    /// The state and the snapshot are of one revision.
    Ready(Arc<MirrorState>, Box<dyn Snapshot + 's>),
    /// The delta would grow too large: newer segments than this generation are needed.
    SegmentsTooOld {
        /// The generation of the segments.
        generation: u64,
    },
}

/// Owner of the mirror's state; nothing else changes it.
///
/// Locks are taken in the order `refreshing`, `advancing`, `state`.
pub(crate) struct MirrorUpdater {
    pub(crate) folder: MirrorFolder,
    pub(crate) store: Arc<dyn RecordStore>,
    pub(crate) engine: Arc<PlanEngine>,
    pub(crate) health: Arc<DamageFlag>,
    /// Set when the process is stopping, so that a running refresh gives up.
    stop: AtomicBool,
    /// The number of rows written by the running refresh, or by the last one.
    pub(crate) rows_written: AtomicU64,
    options: MirrorOptions,
    store_identity: String,
    state: RwLock<Arc<MirrorState>>,
    advancing: Mutex<()>,
    /// Held by a running refresh, so that there is at most one.
    refreshing: Mutex<()>,
    /// The time at which a background refresh last failed, if none has succeeded since.
    failed_at: Mutex<Option<Instant>>,
    retired: RetiredSegments,
    /// The lock on the folder: exclusive for a writer, shared for a reader, whose files are then
    /// not deleted.
    lock: Mutex<FolderLock>,
}

impl MirrorUpdater {
    pub(crate) fn open(
        folder: &Path,
        store: Arc<dyn RecordStore>,
        engine: Arc<PlanEngine>,
        options: MirrorOptions,
    ) -> Result<Self, MirrorError> {
        let folder = MirrorFolder::open(folder)?;
        let lock = match options.role {
            MirrorRole::Reader => {
                load::clean_as_reader(&folder)?;
                folder.lock_reader()?
            }
            MirrorRole::Writer => folder.try_lock_writer()?.ok_or_else(|| {
                let folder = folder.path().display().to_string();
                MirrorError::Locked { folder }
            })?,
        };
        let store_identity = load::store_identity(store.as_ref())?;
        let health = Arc::default();
        let base = load::load_base(&folder, store.as_ref(), &store_identity, &health)?;
        if options.role == MirrorRole::Writer {
            load::clean_as_writer(&folder, &base)?;
        }
        Ok(Self {
            folder,
            store,
            engine,
            health,
            stop: AtomicBool::new(false),
            rows_written: AtomicU64::new(0),
            options,
            store_identity,
            state: RwLock::new(Arc::new(MirrorState::new(Arc::new(base)))),
            advancing: Mutex::default(),
            refreshing: Mutex::default(),
            failed_at: Mutex::default(),
            retired: RetiredSegments::default(),
            lock: Mutex::new(lock),
        })
    }

    pub(crate) fn state(&self) -> Arc<MirrorState> {
        Arc::clone(&self.state.read())
    }

    /// Makes a running refresh give up, so that the process can end. A reader's own refresh is not
    /// stopped: otherwise every later reader would have to start it again.
    pub(crate) fn stop(&self) {
        self.stop.store(self.options.role == MirrorRole::Writer, Ordering::Relaxed);
    }

    pub(crate) fn is_refreshing(&self) -> bool {
        self.refreshing.is_locked()
    }

    /// Returns a state that contains everything committed before the call, and the provider's
    /// settings in that state.
    pub(crate) fn state_for(
        &self,
        provider: ProviderId,
    ) -> Result<(Arc<MirrorState>, Arc<Provider>), MirrorError> {
        let committed = self.store.revision()?;
        let state = self.state();
        // If the state is past this revision, another thread has advanced it or the store went
        // back.
        if state.revision == committed
            && !self.is_damaged()
            && let Some(settings) = state.known_provider(provider)
        {
            return Ok((state, settings));
        }
        for _ in 0..ATTEMPTS {
            let generation = match self.try_state_and_snapshot()? {
                StateAttempt::Ready(state, snapshot) => {
                    let settings = state.provider(snapshot.as_ref(), provider)?;
                    return Ok((state, settings));
                }
                StateAttempt::SegmentsTooOld { generation } => generation,
            };
            self.wait_for_newer_segments(generation)?;
            // While imports are faster than refreshes, a state as of the last refresh is recent
            // enough.
            let state = self.state();
            if state.base.generation > generation
                && state.revision >= committed
                && let Some(settings) = state.known_provider(provider)
            {
                return Ok((state, settings));
            }
        }
        Err(MirrorError::Behind)
    }

    /// Returns a snapshot of the store's current revision, and the mirror's state at that revision.
    pub(crate) fn state_and_snapshot(&self) -> Result<StateAndSnapshot<'_>, MirrorError> {
        for _ in 0..ATTEMPTS {
            match self.try_state_and_snapshot()? {
                StateAttempt::Ready(state, snapshot) => return Ok((state, snapshot)),
                StateAttempt::SegmentsTooOld { generation } => {
                    self.wait_for_newer_segments(generation)?;
                }
            }
        }
        Err(MirrorError::Behind)
    }

    /// Brings the state to the store's revision, unless the changes are too many to keep.
    pub(crate) fn read_changes(&self) -> Result<(), MirrorError> {
        self.try_state_and_snapshot().map(|_| ())
    }

    /// Attempts once what [`Self::state_and_snapshot`] does.
    fn try_state_and_snapshot(&self) -> Result<StateAttempt<'_>, MirrorError> {
        self.repair()?;
        let _advancing = self.advancing.lock();
        let snapshot = self.store.snapshot()?;
        let state = self.newest_base(snapshot.as_ref())?;
        match self.advance(&state, snapshot.as_ref())? {
            Some(state) => {
                self.retired.delete_unused(&self.folder);
                Ok(StateAttempt::Ready(state, snapshot))
            }
            None => Ok(StateAttempt::SegmentsTooOld { generation: state.base.generation }),
        }
    }

    /// Returns the state to advance from. Replaces the current state if the store went back, or if
    /// another process wrote a newer mirror.
    fn newest_base(&self, snapshot: &dyn Snapshot) -> Result<Arc<MirrorState>, MirrorError> {
        let state = self.state();
        if snapshot.revision() < state.revision {
            tracing::warn!(
                mirror_revision = state.revision.0,
                store_revision = snapshot.revision().0,
                "the store is older than its mirror, which begins anew"
            );
            return Ok(
                self.replace(MirrorState::new(Arc::new(SegmentSet::empty(state.base.generation))))
            );
        }
        if self.options.role == MirrorRole::Reader
            && let ManifestOnDisk::Usable(manifest) = Manifest::read(&self.folder)?
            && manifest.generation > state.base.generation
        {
            let identity = &self.store_identity;
            let base =
                load::base_from_manifest(manifest, &self.folder, snapshot, identity, &self.health);
            if let Ok(base) = base {
                return Ok(self.replace(MirrorState::new(Arc::new(base))));
            }
        }
        Ok(state)
    }

    /// Advances the state to the snapshot's revision. Returns `None` if the delta would grow too
    /// large.
    fn advance(
        &self,
        state: &Arc<MirrorState>,
        snapshot: &dyn Snapshot,
    ) -> Result<Option<Arc<MirrorState>>, MirrorError> {
        if state.revision == snapshot.revision() {
            return Ok(Some(Arc::clone(state)));
        }
        let next = state.advance(snapshot, self.options.delta_rows_max)?;
        Ok(next.map(|next| self.replace(next)))
    }

    fn replace(&self, state: MirrorState) -> Arc<MirrorState> {
        let state = Arc::new(state);
        *self.state.write() = Arc::clone(&state);
        state
    }

    /// Waits for segments newer than `generation`, and refreshes them here if possible. Called when
    /// the delta would grow too large.
    fn wait_for_newer_segments(&self, generation: u64) -> Result<(), MirrorError> {
        let began = Instant::now();
        loop {
            let refreshed =
                self.refresh_if(RefreshScope::Changed, |base| base.generation == generation);
            match refreshed {
                Err(MirrorError::Locked { .. }) => (),
                refreshed => return refreshed.map(|_| ()),
            }
            if let ManifestOnDisk::Usable(manifest) = Manifest::read(&self.folder)?
                && manifest.generation > generation
            {
                return Ok(());
            }
            if began.elapsed() > self.options.refresh_wait || self.stop.load(Ordering::Relaxed) {
                return Err(MirrorError::Behind);
            }
            std::thread::sleep(MANIFEST_POLL_INTERVAL);
        }
    }

    /// Returns true if a background refresh should start.
    pub(crate) fn wants_refresh(&self, state: &MirrorState) -> bool {
        let failed_at = *self.failed_at.lock();
        self.is_delta_large(state) && failed_at.is_none_or(|at| at.elapsed() >= PAUSE_AFTER_FAILURE)
    }

    /// Returns true if the delta is large enough for a refresh.
    fn is_delta_large(&self, state: &MirrorState) -> bool {
        let bound = self.options.refresh_after_rows.max(state.base.rows() / 100);
        state.delta_changes >= bound.min(self.options.delta_rows_max).max(1)
    }

    /// Runs a refresh in the background; a failure is only logged.
    pub(crate) fn refresh_in_background(&self) {
        match self.refresh_if(RefreshScope::Changed, |_| self.is_delta_large(&self.state())) {
            // If another process is the writer, it will refresh.
            Ok(_) | Err(MirrorError::Locked { .. } | MirrorError::Stopped) => (),
            Err(error) => {
                tracing::error!(%error, code = error.code(), "the mirror's refresh failed");
                *self.failed_at.lock() = Some(Instant::now());
            }
        }
    }

    pub(crate) fn refresh(&self, scope: RefreshScope) -> Result<RefreshReport, MirrorError> {
        let done = self.refresh_if(scope, |_| true)?;
        done.ok_or(MirrorError::Stopped)
    }

    /// Refreshes, unless a refresh that ran in the meantime made it unnecessary.
    fn refresh_if(
        &self,
        scope: RefreshScope,
        is_needed: impl Fn(&SegmentSet) -> bool,
    ) -> Result<Option<RefreshReport>, MirrorError> {
        let _refreshing = self.refreshing.lock();
        self.restore_folder()?;
        let _writer = match self.options.role {
            MirrorRole::Writer => None,
            MirrorRole::Reader => Some(self.lock_writer_for_refresh()?),
        };
        if !is_needed(&self.state().base) {
            return Ok(None);
        }
        let report = self.write_segments(scope)?;
        *self.failed_at.lock() = None;
        Ok(Some(report))
    }

    /// Recreates the folder if it was removed, and takes this process's lock on it again.
    fn restore_folder(&self) -> Result<(), MirrorError> {
        if self.folder.path().is_dir() {
            return Ok(());
        }
        let folder = MirrorFolder::open(self.folder.path())?;
        *self.lock.lock() = match self.options.role {
            MirrorRole::Reader => folder.lock_reader()?,
            MirrorRole::Writer => folder.try_lock_writer()?.ok_or_else(|| {
                let folder = folder.path().display().to_string();
                MirrorError::Locked { folder }
            })?,
        };
        Ok(())
    }

    /// Takes the writer's lock for one refresh of a reader. Fails if another process is the writer.
    fn lock_writer_for_refresh(&self) -> Result<FolderLock, MirrorError> {
        let lock = self.folder.try_lock_writer()?.ok_or_else(|| {
            let folder = self.folder.path().display().to_string();
            MirrorError::Locked { folder }
        })?;
        // Another process may have refreshed before this one got the lock.
        self.load_newer_base()?;
        Ok(lock)
    }

    fn write_segments(&self, scope: RefreshScope) -> Result<RefreshReport, MirrorError> {
        let began = Instant::now();
        let snapshot = self.store.snapshot()?;
        let old = Arc::clone(&self.state().base);
        // A mirror that is newer than the store belongs to another history, so nothing of it can be
        // kept.
        let scope = if old.revision > snapshot.revision() { RefreshScope::All } else { scope };
        let generation = load::next_generation(&self.folder, old.generation)?;
        let mut draft =
            UncommittedSegments::new(&self.folder, generation, &self.stop, &self.rows_written);
        let pass = RefreshPass {
            snapshot: snapshot.as_ref(),
            old: &old,
            draft: &mut draft,
            folder: &self.folder,
            health: &self.health,
            limits: SegmentLimits {
                segment_rows: self.options.segment_rows.max(1),
                group_rows: self.options.group_rows.max(1),
            },
            scope,
        };
        let base = Arc::new(pass.run(generation)?);
        let providers = snapshot.providers()?;
        drop(snapshot);
        // The segments' names must be durable before a manifest mentions them.
        self.folder.sync()?;
        crash::point("segments_named");
        base.manifest(self.store_identity.clone()).write(&self.folder)?;
        draft.keep();
        self.install_base(&base, providers)?;
        update_damage_flag(&self.health, &base);
        let report = build_refresh_report(&old, &base, began);
        crash::point("segments_installed");
        self.retired.add_replaced(&old, &base);
        drop(old);
        self.retired.delete_unused(&self.folder);
        tracing::info!(
            revision = report.revision.0,
            generation,
            segments_written = report.segments_written,
            segments_kept = report.segments_kept,
            rows = report.rows_written,
            bytes = report.bytes_written,
            millis = report.millis,
            is_whole = scope == RefreshScope::All,
            "the mirror was refreshed"
        );
        Ok(report)
    }

    /// Makes new segments the current base, and keeps as delta only the changes after them.
    fn install_base(
        &self,
        base: &Arc<SegmentSet>,
        providers: Vec<Provider>,
    ) -> Result<(), MirrorError> {
        let _advancing = self.advancing.lock();
        let fresh = MirrorState::new(Arc::clone(base));
        let snapshot = self.store.snapshot()?;
        let advanced = fresh.advance(snapshot.as_ref(), self.options.delta_rows_max)?;
        // If the delta would be too large, this state still serves the sessions that waited for it,
        // with the settings of its own revision. The next session finds it outdated and refreshes
        // again.
        self.replace(advanced.unwrap_or_else(|| fresh.with_providers(providers)));
        Ok(())
    }

    fn is_damaged(&self) -> bool {
        self.health.is_damaged.load(Ordering::Acquire)
    }

    /// Rewrites damaged segments, or waits until the writing process has done so. The damage
    /// reports of the segments notify that process.
    fn repair(&self) -> Result<(), MirrorError> {
        if self.is_damaged() { self.repair_all() } else { Ok(()) }
    }

    /// Verifies all segments and then rewrites the damaged ones. If one segment is damaged, others
    /// may be too, and it is better to find them now than in later reads.
    fn repair_all(&self) -> Result<(), MirrorError> {
        for segment in self.state().base.segments() {
            // One that fails marks itself.
            let _ = segment.verify_checksums();
        }
        let began = Instant::now();
        while self.is_damaged() {
            match self
                .refresh_if(RefreshScope::Changed, |base| base.segments().any(|s| s.is_damaged()))
            {
                Err(MirrorError::Locked { folder })
                    if began.elapsed() > self.options.refresh_wait =>
                {
                    let reason = format!("the process that keeps {folder} did not mend it in time");
                    return Err(MirrorError::Damaged { reason });
                }
                Err(MirrorError::Locked { .. }) => {
                    std::thread::sleep(MANIFEST_POLL_INTERVAL);
                    self.load_newer_base()?;
                }
                outcome => _ = outcome?,
            }
            update_damage_flag(&self.health, &self.state().base);
        }
        Ok(())
    }

    /// Repairs the segments that this or another process reported as damaged, and removes the
    /// reports.
    pub(crate) fn repair_reported(&self) -> Result<(), MirrorError> {
        if !self.folder.path().is_dir() {
            return self.repair_all();
        }
        let reports = self.folder.damage_reports()?;
        if reports.is_empty() {
            return Ok(());
        }
        let is_reported = |segment: &&Arc<Segment>| reports.contains(&segment.entry.file);
        for segment in self.state().base.segments().filter(is_reported) {
            // One that fails marks itself.
            let _ = segment.verify_checksums();
        }
        self.repair()?;
        reports.iter().try_for_each(|segment| self.folder.remove_damage_report(segment))
    }

    /// Switches to a newer mirror if another process wrote one.
    fn load_newer_base(&self) -> Result<(), MirrorError> {
        let _advancing = self.advancing.lock();
        self.newest_base(self.store.snapshot()?.as_ref())?;
        Ok(())
    }
}

fn build_refresh_report(old: &SegmentSet, new: &SegmentSet, began: Instant) -> RefreshReport {
    let kept = old.files();
    let written = new.segments().filter(|segment| !kept.contains(segment.entry.file.as_str()));
    let written: Vec<_> = written.collect();
    RefreshReport {
        revision: new.revision,
        segments_written: written.len(),
        segments_kept: new.segments().count() - written.len(),
        rows_written: written.iter().map(|segment| segment.entry.rows).sum(),
        bytes_written: written.iter().map(|segment| segment.entry.bytes).sum(),
        millis: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
    }
}

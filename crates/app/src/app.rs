//! The state that all requests and background loops share.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mirror::{Mirror, MirrorSession};
use model::clock::Clock;
use model::id::ProviderId;
use parking_lot::RwLock;
use store::Store;
use store::port::jobs::{Job, JobState};
use tokio::sync::Notify;
use uuid::{NoContext, Timestamp, Uuid};

use crate::auth::jwt::JwtKeys;
use crate::blocking::blocking;
use crate::error::ApiError;
use crate::fair_slots::{FairSlots, SlotHolder};
use crate::jobs::FilesFolder;
use crate::jobs::link_counts::LinkTransfers;
use crate::jobs::loop_counts::LoopCounts;
use crate::metrics::{BuildInfo, Metrics};
use crate::rate_limit::{ProcessTicks, RateLimiter, Ticks};
use crate::settings::{JwtKeySettings, ServerSettings, SettingsError};

/// The parts that [`App::new`] puts together.
pub struct AppParts {
    /// The store, where all records are written.
    pub store: Arc<dyn Store>,
    /// The mirror, from which reports, exports and the books are read.
    pub mirror: Arc<Mirror>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The settings.
    pub settings: ServerSettings,
    /// The data folder.
    pub data_dir: PathBuf,
    /// The folder for request bodies while they are read. It must exist.
    pub temp_dir: PathBuf,
    /// The version, commit and profile of the running build.
    pub build: BuildInfo,
    /// The folder of the files that jobs make.
    pub files: FilesFolder,
}

/// The server's state, shared by all requests.
#[derive(Clone)]
pub struct App(Arc<AppState>);

struct AppState {
    parts: AppParts,
    jwt_keys: RwLock<Arc<JwtKeys>>,
    limiter: RateLimiter,
    metrics: Metrics,
    requests: Arc<FairSlots<SlotHolder>>,
    bodies: Arc<FairSlots<SlotHolder>>,
    imports: Arc<FairSlots<SlotHolder>>,
    import_bodies: Arc<FairSlots<SlotHolder>>,
    loops: LoopCounts,
    is_stopping: AtomicBool,
    is_recording_token_use: AtomicBool,
    has_warned_of_proxy: AtomicBool,
    job_wakeup: Notify,
    notice_wakeup: Notify,
    link_transfers: LinkTransfers,
}

impl App {
    /// Checks the settings, reads the JWT keys, and creates the shared state.
    pub fn new(parts: AppParts) -> Result<Self, SettingsError> {
        Self::with_ticks(parts, Box::new(ProcessTicks::default()))
    }

    /// Does the same as [`App::new`], with a given time source for the rate limit.
    pub fn with_ticks(parts: AppParts, ticks: Box<dyn Ticks>) -> Result<Self, SettingsError> {
        parts.settings.check()?;
        let keys = JwtKeys::load(&parts.settings.auth.jwt_keys)?;
        Ok(Self(Arc::new(AppState {
            jwt_keys: RwLock::new(Arc::new(keys)),
            limiter: RateLimiter::new(parts.settings.rate_limit.per_minute, ticks),
            metrics: Metrics::new(&parts.build),
            requests: FairSlots::new(parts.settings.server.requests_max),
            bodies: FairSlots::new(parts.settings.server.requests_max),
            imports: FairSlots::new(parts.settings.import.concurrent_max),
            import_bodies: FairSlots::new(parts.settings.import.bodies_max),
            loops: LoopCounts::default(),
            is_stopping: AtomicBool::new(false),
            is_recording_token_use: AtomicBool::new(false),
            has_warned_of_proxy: AtomicBool::new(false),
            job_wakeup: Notify::new(),
            notice_wakeup: Notify::new(),
            link_transfers: LinkTransfers::default(),
            parts,
        })))
    }

    /// Replaces the keys that JWTs are verified with. On an error the old keys stay in force.
    pub fn set_jwt_keys(&self, keys: &[JwtKeySettings]) -> Result<(), SettingsError> {
        let keys = JwtKeys::load(keys)?;
        *self.0.jwt_keys.write() = Arc::new(keys);
        Ok(())
    }

    /// Makes `/readyz` report that the server is not ready. Running requests go on.
    pub fn begin_stopping(&self) {
        self.0.is_stopping.store(true, Ordering::Release);
    }

    /// Returns true once [`App::begin_stopping`] was called.
    pub fn is_stopping(&self) -> bool {
        self.0.is_stopping.load(Ordering::Acquire)
    }

    /// Returns the store, where all records are written.
    pub fn store(&self) -> &dyn Store {
        self.0.parts.store.as_ref()
    }

    /// Returns the mirror, from which reports, exports and the books are read.
    pub fn mirror(&self) -> &Mirror {
        &self.0.parts.mirror
    }

    /// Returns the clock.
    pub fn clock(&self) -> &dyn Clock {
        self.0.parts.clock.as_ref()
    }

    /// Returns the settings.
    pub fn settings(&self) -> &ServerSettings {
        &self.0.parts.settings
    }

    /// Returns the data folder.
    pub fn data_dir(&self) -> &std::path::Path {
        &self.0.parts.data_dir
    }

    /// Returns the folder for request bodies while they are read.
    pub fn temp_dir(&self) -> &std::path::Path {
        &self.0.parts.temp_dir
    }

    /// Returns the folder of the files that jobs make.
    pub fn files(&self) -> &FilesFolder {
        &self.0.parts.files
    }

    /// Opens a session of a provider at the newest revision.
    pub async fn open_session(&self, provider: ProviderId) -> Result<MirrorSession, ApiError> {
        let app = self.clone();
        blocking(move || app.mirror().session(provider).map_err(ApiError::from_mirror_error)).await
    }

    /// Returns the number of jobs that run before this one, or `None` unless it waits. Blocking.
    pub(crate) fn queue_position(&self, job: &Job) -> Result<Option<u64>, ApiError> {
        match job.state {
            JobState::Queued => {
                self.store().queue_position(job).map_err(ApiError::from_store_error)
            }
            _ => Ok(None),
        }
    }

    /// Returns a new UUID of version 7. Such UUIDs sort by time.
    pub fn new_uuid(&self) -> Uuid {
        let micros = self.clock().now().micros().max(0).unsigned_abs();
        let nanos = u32::try_from(micros % 1_000_000).unwrap_or_default() * 1000;
        Uuid::new_v7(Timestamp::from_unix(NoContext, micros / 1_000_000, nanos))
    }

    /// Returns the base of every URL that is sent. Empty means that URLs are sent as paths.
    pub fn base_url(&self) -> &str {
        self.settings().server.public_url.as_deref().unwrap_or_default()
    }

    /// Returns the signal that wakes the job loops when this process has queued a job.
    pub(crate) fn job_wakeup(&self) -> &Notify {
        &self.0.job_wakeup
    }

    /// Returns the signal that wakes the notice loops when this process has queued a notice.
    pub fn notice_wakeup(&self) -> &Notify {
        &self.0.notice_wakeup
    }

    /// Returns the downloads by signed links that are not stored yet.
    pub(crate) fn link_transfers(&self) -> &LinkTransfers {
        &self.0.link_transfers
    }

    /// Returns the server's metrics.
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    pub(crate) fn jwt_keys(&self) -> Arc<JwtKeys> {
        Arc::clone(&self.0.jwt_keys.read())
    }

    /// Returns the limiter of requests.
    pub fn limiter(&self) -> &RateLimiter {
        &self.0.limiter
    }

    /// Returns the slots of requests that are being answered.
    pub fn request_slots(&self) -> &Arc<FairSlots<SlotHolder>> {
        &self.0.requests
    }

    /// Returns the slots of small bodies that are being received.
    pub fn body_slots(&self) -> &Arc<FairSlots<SlotHolder>> {
        &self.0.bodies
    }

    /// Returns the slots of imports that are running.
    pub fn import_slots(&self) -> &Arc<FairSlots<SlotHolder>> {
        &self.0.imports
    }

    /// Returns the slots of import bodies that are on disk.
    pub fn import_body_slots(&self) -> &Arc<FairSlots<SlotHolder>> {
        &self.0.import_bodies
    }

    /// Returns the counts of the background loops.
    pub fn loops(&self) -> &LoopCounts {
        &self.0.loops
    }

    /// Returns true the first time it is called, so that an untrusted proxy is logged only once.
    pub fn is_first_untrusted_proxy(&self) -> bool {
        !self.0.has_warned_of_proxy.swap(true, Ordering::Relaxed)
    }

    /// Returns the flag that is set while a request records that a token was used. Others skip the
    /// record meanwhile.
    pub(crate) fn is_recording_token_use(&self) -> &AtomicBool {
        &self.0.is_recording_token_use
    }
}

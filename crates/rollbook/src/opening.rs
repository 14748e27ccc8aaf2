//! Opening of the store, the mirror and the files folder for commands.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use app::jobs::{FilesFolder, FolderError, UnmarkedFolder};
use mirror::{Mirror, MirrorRole, PlanEngine, PlanEngineOptions};
use model::id::ProviderId;
use model::provider::Provider;
use store::postgres::PostgresStore;
use store::sqlite::SqliteStore;
use store::{Store, StoreError};

use crate::config::{ProgramSettings, StoreUrl};
use crate::failure::Failure;
use crate::folder::{DataFolder, TempFolder};

/// Opens the store, and creates it if it is missing.
pub fn create_store(
    folder: &DataFolder,
    settings: &ProgramSettings,
) -> Result<Arc<dyn Store>, Failure> {
    if let Some(url) = &settings.store.url {
        return open_database(url, settings);
    }
    Ok(Arc::new(SqliteStore::open(&folder.store(), settings.store.sqlite_options()?)?))
}

/// Opens an existing store.
pub fn open_store(
    folder: &DataFolder,
    settings: &ProgramSettings,
) -> Result<Arc<dyn Store>, Failure> {
    if let Some(url) = &settings.store.url {
        return open_database(url, settings);
    }
    require_store(folder)?;
    Ok(Arc::new(SqliteStore::open_existing(&folder.store(), settings.store.sqlite_options()?)?))
}

/// Fails if the folder has no store.
pub fn require_store(folder: &DataFolder) -> Result<(), Failure> {
    if folder.store().exists() {
        return Ok(());
    }
    let message = format!("there are no records in {}", folder.path().display());
    Err(Failure::new(message).hint("create one with `rollbook provider create --data DIR …`"))
}

/// Opens a PostgreSQL store. Its tables are created on first use, so there is no check for
/// existence.
fn open_database(url: &StoreUrl, settings: &ProgramSettings) -> Result<Arc<dyn Store>, Failure> {
    let opened = PostgresStore::open(url.secret(), &settings.store.postgres_options()?);
    Ok(Arc::new(opened.map_err(|error| database_failed(url, error))?))
}

/// Returns the failure for a database that cannot be used.
pub fn database_failed(url: &StoreUrl, error: StoreError) -> Failure {
    let hint = match &error {
        StoreError::Unavailable { .. } => {
            "check store.url, that PostgreSQL runs there, and that it lets this role in"
        }
        StoreError::SchemaTooNew { .. } => "install the newer rollbook that wrote it",
        StoreError::Exists { .. } => "move into an empty database",
        StoreError::Busy => "another node is writing: try again when it is done",
        _ => "the log of PostgreSQL says more",
    };
    Failure::new(format!("the database {url} cannot be used")).because(error).hint(hint)
}

/// Returns the path of the folder for the files of jobs.
pub fn files_folder_path(folder: &DataFolder, settings: &ProgramSettings) -> PathBuf {
    settings.files.dir.clone().unwrap_or_else(|| folder.files())
}

/// Opens the folder for the files of jobs.
pub fn open_files_folder(
    folder: &DataFolder,
    settings: &ProgramSettings,
    store: &Arc<dyn Store>,
) -> Result<FilesFolder, Failure> {
    // Only a database can have several nodes, whose folders must be the same.
    let unmarked = match settings.store.url {
        Some(_) => UnmarkedFolder::Another,
        None => UnmarkedFolder::Replaced,
    };
    let path = files_folder_path(folder, settings);
    let opened = FilesFolder::open(&path, store.as_ref(), unmarked);
    opened.map_err(|error| files_failed(&path, error))
}

/// Returns the failure for a files folder that cannot be used.
pub fn files_failed(path: &Path, error: FolderError) -> Failure {
    let hint = match &error {
        FolderError::Store(_) => "`rollbook doctor` says what is wrong with the store",
        FolderError::Io { .. } => "set files.dir to a folder that rollbook may write to",
        FolderError::OfAnotherStore { .. } => "set files.dir to a folder of this store's own",
        FolderError::NotShared { .. } | FolderError::Gone { .. } => {
            "set files.dir to the folder that all nodes share; if the files of before are gone for \
             good, run `rollbook adopt-files` once"
        }
    };
    let message = format!("the folder of files {} cannot be used", path.display());
    Failure::new(message).because(error).hint(hint)
}

/// Returns the provider with this id. Fails if there is none.
pub fn find_provider(store: &dyn Store, id: ProviderId) -> Result<Provider, Failure> {
    let provider = store.snapshot()?.provider(id)?;
    provider.ok_or_else(|| Failure::provider_unknown(id))
}

/// The mirror, and the folder that it needs for unfinished work.
pub struct OpenedMirror {
    /// The mirror.
    pub mirror: Arc<Mirror>,
    /// Folder for unfinished work of this process; must outlive the mirror.
    pub temp: TempFolder,
}

/// Opens the mirror over a store.
pub fn open_mirror(
    folder: &DataFolder,
    settings: &ProgramSettings,
    store: &Arc<dyn Store>,
    role: MirrorRole,
) -> Result<OpenedMirror, Failure> {
    let temp = folder.temp_dir()?;
    let (threads, memory_bytes) = (settings.engine.threads_used(), settings.engine.memory_bytes()?);
    let options = PlanEngineOptions::new(threads, memory_bytes, temp.path());
    let engine = Arc::new(PlanEngine::start(&settings.engine.apply(options))?);
    let options = settings.mirror.options(role);
    let mirror = Mirror::open(&folder.mirror(), Arc::<dyn Store>::clone(store), engine, options)?;
    Ok(OpenedMirror { mirror: Arc::new(mirror), temp })
}

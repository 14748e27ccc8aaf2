//! Store and mirror, opened as a command needs them.

use std::path::PathBuf;
use std::sync::Arc;

use mirror::{Engine, EngineOptions, Mirror, Role};
use model::id::ProviderId;
use model::provider::Provider;
use server::jobs::FilesFolder;
use store::postgres::PostgresStore;
use store::sqlite::SqliteStore;
use store::{Store, StoreError};
use tempfile::TempDir;

use crate::config::{Settings, StoreUrl};
use crate::failure::{Doing, Failure};
use crate::folder::DataFolder;

/// Opens the store, which is made when it is missing.
pub fn create_store(folder: &DataFolder, settings: &Settings) -> Result<Arc<dyn Store>, Failure> {
    if let Some(url) = &settings.store.url {
        return open_database(url, settings);
    }
    Ok(Arc::new(SqliteStore::open(&folder.store(), settings.store.sqlite_options()?)?))
}

/// Opens a store that exists.
pub fn open_store(folder: &DataFolder, settings: &Settings) -> Result<Arc<dyn Store>, Failure> {
    if let Some(url) = &settings.store.url {
        return open_database(url, settings);
    }
    must_have_records(folder)?;
    Ok(Arc::new(SqliteStore::open_existing(&folder.store(), settings.store.sqlite_options()?)?))
}

/// Fails when no store is in the folder.
pub fn must_have_records(folder: &DataFolder) -> Result<(), Failure> {
    if folder.store().exists() {
        return Ok(());
    }
    let message = format!("there are no records in {}", folder.path().display());
    Err(Failure::new(message).hint("`rollbook provider create --data DIR …` begins"))
}

/// A database has no folder that could be missing: its tables are made by whoever comes first.
fn open_database(url: &StoreUrl, settings: &Settings) -> Result<Arc<dyn Store>, Failure> {
    let opened = PostgresStore::open(url.secret(), &settings.store.postgres_options()?);
    Ok(Arc::new(opened.map_err(|error| database_failed(url, error))?))
}

/// The database cannot be used.
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

/// Where the files are that jobs make.
pub fn files_folder(folder: &DataFolder, settings: &Settings) -> PathBuf {
    settings.files.dir.clone().unwrap_or_else(|| folder.files())
}

/// Opens the folder of the files that jobs make.
pub fn files(folder: &DataFolder, settings: &Settings) -> Result<FilesFolder, Failure> {
    let path = files_folder(folder, settings);
    FilesFolder::open(&path).doing(|| format!("open the folder of files {}", path.display()))
}

/// The provider with this id.
pub fn provider(store: &dyn Store, id: ProviderId) -> Result<Provider, Failure> {
    let provider = store.snapshot()?.provider(id)?;
    provider.ok_or_else(|| Failure::provider_unknown(id))
}

/// Everything that reads need.
pub struct Reads {
    /// The mirror.
    pub mirror: Arc<Mirror>,
    /// Folder for unfinished work of this process.
    pub temp: TempDir,
}

/// Opens the mirror over a store.
pub fn open_reads(
    folder: &DataFolder,
    settings: &Settings,
    store: &Arc<dyn Store>,
    role: Role,
) -> Result<Reads, Failure> {
    let temp = folder.temp_dir()?;
    let (threads, memory_bytes) = (settings.engine.threads_used(), settings.engine.memory_bytes()?);
    let options = EngineOptions::new(threads, memory_bytes, temp.path());
    let engine = Arc::new(Engine::start(&settings.engine.apply(options))?);
    let options = settings.mirror.options(role);
    let mirror = Mirror::open(&folder.mirror(), Arc::<dyn Store>::clone(store), engine, options)?;
    Ok(Reads { mirror: Arc::new(mirror), temp })
}

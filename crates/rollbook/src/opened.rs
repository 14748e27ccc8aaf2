//! Store and mirror, opened as a command needs them.

use std::sync::Arc;

use mirror::{Engine, EngineOptions, Mirror, Role};
use model::id::ProviderId;
use model::provider::Provider;
use store::Store;
use store::sqlite::SqliteStore;
use tempfile::TempDir;

use crate::config::Settings;
use crate::failure::Failure;
use crate::folder::DataFolder;

/// Opens the store, which is made when it is missing.
pub fn create_store(folder: &DataFolder, settings: &Settings) -> Result<Arc<dyn Store>, Failure> {
    Ok(Arc::new(SqliteStore::open(&folder.store(), settings.store_options()?)?))
}

/// Opens a store that exists.
pub fn open_store(folder: &DataFolder, settings: &Settings) -> Result<Arc<dyn Store>, Failure> {
    if !folder.store().exists() {
        let message = format!("there are no records in {}", folder.path().display());
        return Err(Failure::new(message).hint("`rollbook provider create --data DIR …` begins"));
    }
    Ok(Arc::new(SqliteStore::open_existing(&folder.store(), settings.store_options()?)?))
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

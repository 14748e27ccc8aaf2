//! Where plans run: a runtime of their own, one memory pool that spills, one query state.

use std::path::PathBuf;
use std::sync::Arc;

use datafusion::common::{DataFusionError, runtime::SpawnedTask};
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::prelude::SessionConfig;
use futures::StreamExt;
use tokio::runtime::{Builder, Runtime};

use crate::error::MirrorError;
use crate::session::BatchStream;
use datafusion::logical_expr::LogicalPlan;

/// Size of the engine.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// Threads that run plans, also the parallelism of one plan.
    pub threads: usize,
    /// Memory that all running plans may hold together, in bytes, before they spill.
    pub memory_bytes: usize,
    /// Folder for spilled data; cleared by whoever opens the engine.
    pub spill_dir: PathBuf,
}

/// How many batches may wait between a plan and its reader.
const BATCHES_AHEAD: usize = 4;

/// Runs plans away from the threads that serve requests.
pub struct Engine {
    runtime: Option<Runtime>,
    state: SessionState,
}

impl Engine {
    /// Starts the threads and the pool.
    pub fn start(options: &EngineOptions) -> Result<Self, MirrorError> {
        let pool = FairSpillPool::new(options.memory_bytes);
        let consumers_shown = const { std::num::NonZeroUsize::new(3) };
        let pool = match consumers_shown {
            Some(shown) => Arc::new(TrackConsumersPool::new(pool, shown)) as Arc<_>,
            None => Arc::new(pool) as Arc<_>,
        };
        let spill = DiskManagerMode::Directories(vec![options.spill_dir.clone()]);
        let environment = RuntimeEnvBuilder::new()
            .with_memory_pool(pool)
            .with_disk_manager_builder(DiskManagerBuilder::default().with_mode(spill))
            .build_arc()?;
        let config = SessionConfig::new().with_target_partitions(options.threads);
        let state = SessionStateBuilder::new()
            .with_config(config)
            .with_runtime_env(environment)
            .with_default_features()
            .build();
        let runtime = Builder::new_multi_thread()
            .worker_threads(options.threads)
            .thread_name("rollbook-plan")
            .enable_time()
            .build()
            .map_err(DataFusionError::IoError)?;
        Ok(Self { runtime: Some(runtime), state })
    }

    /// The query state: configuration, functions, memory pool.
    pub fn state(&self) -> &SessionState {
        &self.state
    }

    /// Runs a plan; its batches come through a bounded queue. Dropping the stream stops the plan.
    pub fn run(&self, plan: LogicalPlan) -> BatchStream {
        let (sender, receiver) = tokio::sync::mpsc::channel(BATCHES_AHEAD);
        let state = self.state.clone();
        let Some(runtime) = &self.runtime else { return BatchStream::new(receiver, None) };
        let work = async move {
            let run = async {
                let physical = state.create_physical_plan(&plan).await?;
                let context = Arc::new(datafusion::execution::TaskContext::from(&state));
                let mut batches = datafusion::physical_plan::execute_stream(physical, context)?;
                while let Some(batch) = batches.next().await {
                    if sender.send(Ok(batch?)).await.is_err() {
                        return Ok(());
                    }
                }
                Ok::<_, DataFusionError>(())
            };
            if let Err(error) = run.await {
                // The reader may be gone; then nobody wants the error either.
                let _ = sender.send(Err(MirrorError::from(error))).await;
            }
        };
        let guard = runtime.enter();
        let task = SpawnedTask::spawn(work);
        drop(guard);
        BatchStream::new(receiver, Some(task))
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

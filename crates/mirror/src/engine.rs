//! The engine that runs plans: its own threads, a memory pool with spilling, one query
//! configuration.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use datafusion::common::{DataFusionError, runtime::SpawnedTask};
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::{SessionState, SessionStateBuilder, TaskContext};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::execute_stream;
use datafusion::prelude::SessionConfig;
use futures::StreamExt;
use futures::future::BoxFuture;
use model::id::ProviderId;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::Sender;

use crate::error::MirrorError;
use crate::plan_limiter::PlanLimiter;
use crate::stream::{self, BatchStream, PlanMessage};

/// Sizes and limits of the engine.
#[derive(Debug, Clone)]
pub struct PlanEngineOptions {
    /// The number of threads that run plans. Also the parallelism of one plan.
    pub threads: usize,
    /// The memory that all running plans may use together before they spill, in bytes.
    pub memory_bytes: usize,
    /// The folder for spilled data. The caller that starts the engine must clear it.
    pub spill_dir: PathBuf,
    /// The maximum number of plans that run at the same time.
    pub plans_max: usize,
    /// The maximum number of plans of one provider that run at the same time. At least 2, because a
    /// reader that alternates between two streams would otherwise wait for itself.
    pub plans_per_provider_max: usize,
    /// The maximum number of plans that wait to be run.
    pub plans_waiting_max: usize,
    /// The maximum time that one plan waits to be run.
    pub plan_wait: Duration,
}

impl PlanEngineOptions {
    /// Returns options with default limits for this size: four plans per thread, two per thread for
    /// one provider, and 1,000 waiting plans that wait for up to 30 seconds.
    pub fn new(threads: usize, memory_bytes: usize, spill_dir: impl Into<PathBuf>) -> Self {
        let threads = threads.max(1);
        Self {
            threads,
            memory_bytes,
            spill_dir: spill_dir.into(),
            plans_max: threads * 4,
            plans_per_provider_max: threads * 2,
            plans_waiting_max: 1_000,
            plan_wait: Duration::from_secs(30),
        }
    }
}

/// The maximum number of batches that wait between a plan and its reader.
const BATCHES_AHEAD: usize = 4;

/// Runs plans on its own threads, apart from those that serve requests.
pub struct PlanEngine {
    runtime: Option<Runtime>,
    state: Arc<SessionState>,
    context: Arc<TaskContext>,
    turns: Arc<PlanLimiter>,
    threads: usize,
    /// Set before the threads are stopped, so that interrupted plans report
    /// [`MirrorError::Stopped`].
    is_stopping: Arc<AtomicBool>,
}

impl PlanEngine {
    /// Starts the threads and creates the memory pool.
    pub fn start(options: &PlanEngineOptions) -> Result<Self, MirrorError> {
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
        let mut config = SessionConfig::new().with_target_partitions(options.threads);
        // Scans are already divided by rows. DataFusion would divide them by bytes again, and
        // distribute a provider's rows unevenly.
        config.options_mut().optimizer.repartition_file_scans = false;
        // Logical plans know more columns to be non-null than physical plans do. The check would
        // reject aggregates over such columns.
        config.options_mut().execution.skip_physical_aggregate_schema_check = true;
        // Total row counts are taken below the top-k operator, so no filter may drop rows before
        // it.
        config.options_mut().optimizer.enable_topk_dynamic_filter_pushdown = false;
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
        let (waiting, wait) = (options.plans_waiting_max, options.plan_wait);
        let turns =
            PlanLimiter::new(options.plans_max, options.plans_per_provider_max, waiting, wait);
        Ok(Self {
            runtime: Some(runtime),
            context: Arc::new(TaskContext::from(&state)),
            state: Arc::new(state),
            turns: Arc::new(turns),
            threads: options.threads,
            is_stopping: Arc::default(),
        })
    }

    /// Returns the query state: configuration, functions, memory pool.
    pub fn state(&self) -> &SessionState {
        &self.state
    }

    /// Returns the number of threads that run plans.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Starts a task on the plan threads and returns a future of its result. Dropping the future
    /// aborts the task.
    pub fn spawn<T: Send + 'static>(
        &self,
        work: BoxFuture<'static, T>,
    ) -> impl Future<Output = Result<T, MirrorError>> + Send + use<T> {
        let task = self.runtime.as_ref().map(|runtime| {
            let _threads = runtime.enter();
            SpawnedTask::spawn(work)
        });
        async move {
            match task {
                Some(task) => task.await.map_err(stream::task_error),
                None => Err(MirrorError::Stopped),
            }
        }
    }

    /// Runs a plan once its provider is allowed to, and yields its batches through a bounded queue.
    /// The plan occupies its slot until it has ended. Dropping the stream stops the plan.
    pub fn run(&self, provider: ProviderId, plan: LogicalPlan) -> BatchStream {
        let (sender, receiver) = tokio::sync::mpsc::channel(BATCHES_AHEAD);
        let Some(runtime) = &self.runtime else { return BatchStream::new(receiver, None) };
        let (state, context) = (Arc::clone(&self.state), Arc::clone(&self.context));
        let turns = Arc::clone(&self.turns);
        let is_stopping = Arc::clone(&self.is_stopping);
        let work = async move {
            let outcome = match turns.acquire(provider).await {
                Ok(_turn) => send_batches(&state, context, &plan, &sender).await,
                Err(error) => Err(error),
            };
            let last = match outcome {
                Ok(()) => PlanMessage::End,
                // During shutdown a plan's tasks may end first, which the plan reports as some
                // other error.
                Err(_) if is_stopping.load(Ordering::Acquire) => {
                    PlanMessage::Failed(MirrorError::Stopped)
                }
                Err(error) => PlanMessage::Failed(error),
            };
            // If the reader is gone, the send fails, and nobody needs the message.
            let _ = sender.send(last).await;
        };
        let guard = runtime.enter();
        let task = SpawnedTask::spawn(work);
        drop(guard);
        BatchStream::new(receiver, Some(task))
    }
}

async fn send_batches(
    state: &SessionState,
    context: Arc<TaskContext>,
    plan: &LogicalPlan,
    sender: &Sender<PlanMessage>,
) -> Result<(), MirrorError> {
    let physical = state.create_physical_plan(plan).await?;
    let mut batches = execute_stream(physical, context)?;
    while let Some(batch) = batches.next().await {
        if sender.send(PlanMessage::Batch(batch?)).await.is_err() {
            return Ok(());
        }
    }
    Ok(())
}

impl Drop for PlanEngine {
    fn drop(&mut self) {
        self.is_stopping.store(true, Ordering::Release);
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

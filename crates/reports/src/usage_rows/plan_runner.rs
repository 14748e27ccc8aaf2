//! Runs plans within another plan: on its turn, and in the memory pool that all plans share.

use std::sync::Arc;

use datafusion::error::Result;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SessionState, TaskContext};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::execute_stream;
use futures::StreamExt;
use mirror::MirrorSession;

use super::sorted_rows::UsageBatchStream;

/// Rows up to this size are sorted in one piece. Bookings are narrow, so merging many small pieces
/// costs more than sorting them together.
const SORTED_AT_ONCE_BYTES: usize = 32 << 20;

/// Runs plans with options for usage.
#[derive(Clone)]
pub(super) struct PlanRunner {
    state: Arc<SessionState>,
    context: Arc<TaskContext>,
}

impl PlanRunner {
    /// Makes a runner for the rows of all memberships, or of a few. For a few, filters are pushed
    /// down into the decoding of files; for all, that costs more than it saves.
    pub(super) fn for_session(session: &MirrorSession, has_few: bool) -> Self {
        let mut state = session.engine().state().clone();
        let options = state.config_mut().options_mut();
        // Otherwise rows in order would be spread over partitions and merged again, only to be
        // filtered.
        options.optimizer.enable_round_robin_repartition = false;
        options.execution.sort_in_place_threshold_bytes = SORTED_AT_ONCE_BYTES;
        options.execution.parquet.pushdown_filters = has_few;
        Self { context: Arc::new(TaskContext::from(&state)), state: Arc::new(state) }
    }

    /// Runs a plan and returns its batches.
    pub(super) fn run(&self, plan: LogicalPlan) -> UsageBatchStream {
        let (state, context) = (Arc::clone(&self.state), Arc::clone(&self.context));
        let open = async move {
            let physical = state.create_physical_plan(&plan).await?;
            execute_stream(physical, context)
        };
        futures::stream::once(open)
            .flat_map(|opened: Result<_>| match opened {
                Ok(batches) => batches.boxed(),
                Err(error) => futures::stream::once(async { Err(error) }).boxed(),
            })
            .boxed()
    }

    /// Makes an empty memory reservation.
    pub(super) fn memory(&self, name: &str) -> MemoryReservation {
        MemoryConsumer::new(name).register(self.context.memory_pool())
    }
}

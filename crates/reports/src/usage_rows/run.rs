//! How plans run as a part of another plan: in its turn, and in the memory that all plans share.

use std::sync::Arc;

use datafusion::error::Result;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SessionState, TaskContext};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::execute_stream;
use futures::StreamExt;
use mirror::Session;

use super::feed::Batches;

/// Up to here rows are sorted in one piece. Bookings are narrow: to merge many small pieces costs
/// more than to sort them.
const SORTED_AT_ONCE_BYTES: usize = 32 << 20;

/// Runs plans.
#[derive(Clone)]
pub(super) struct Runner {
    state: Arc<SessionState>,
    context: Arc<TaskContext>,
}

impl Runner {
    /// Runs plans for the rows of all memberships, or of few: then what a filter leaves out of a
    /// file is not decoded, which for all would only cost.
    pub(super) fn of(session: &Session, has_few: bool) -> Self {
        let mut state = session.engine().state().clone();
        let options = state.config_mut().options_mut();
        // Rows that come in order would be dealt out and merged again only to be filtered.
        options.optimizer.enable_round_robin_repartition = false;
        options.execution.sort_in_place_threshold_bytes = SORTED_AT_ONCE_BYTES;
        options.execution.parquet.pushdown_filters = has_few;
        Self { context: Arc::new(TaskContext::from(&state)), state: Arc::new(state) }
    }

    /// The batches of a plan.
    pub(super) fn run(&self, plan: LogicalPlan) -> Batches {
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

    /// Memory to hold something in, none of it taken yet.
    pub(super) fn memory(&self, name: &str) -> MemoryReservation {
        MemoryConsumer::new(name).register(self.context.memory_pool())
    }
}

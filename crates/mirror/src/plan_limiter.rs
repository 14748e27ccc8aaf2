//! Limits on concurrent plans: one for all plans and a smaller one per provider. Waiting plans are
//! admitted in the order of their arrival.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use model::id::ProviderId;
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::MirrorError;

/// The number of providers above which the semaphores of idle providers are removed.
const PROVIDERS_REMEMBERED: usize = 1024;

/// Limits the number of plans that run at the same time.
///
/// A plan first waits for its provider's permit and only then for the global one. A provider that
/// starts very many plans therefore fills its own queue, and takes few places in the global queue.
pub(crate) struct PlanLimiter {
    all: Arc<Semaphore>,
    per_provider: usize,
    providers: Mutex<HashMap<ProviderId, Weak<Semaphore>>>,
    waiting: AtomicUsize,
    waiting_max: usize,
    wait: Duration,
}

/// The permission to run one plan, held until dropped.
pub(crate) struct PlanPermit {
    _provider: OwnedSemaphorePermit,
    _all: OwnedSemaphorePermit,
}

impl PlanLimiter {
    pub(crate) fn new(all: usize, per_provider: usize, waiting_max: usize, wait: Duration) -> Self {
        Self {
            all: Arc::new(Semaphore::new(all.max(1))),
            per_provider: per_provider.max(1),
            providers: Mutex::default(),
            waiting: AtomicUsize::new(0),
            waiting_max,
            wait,
        }
    }

    /// Waits for permission to run a plan.
    ///
    /// Errors: [`MirrorError::Busy`] when too many plans are waiting or the wait takes too long.
    pub(crate) async fn acquire(&self, provider: ProviderId) -> Result<PlanPermit, MirrorError> {
        let _waiter = self.join_queue()?;
        let own = self.provider_semaphore(provider);
        let take = async {
            let own = own.acquire_owned().await;
            let all = Arc::clone(&self.all).acquire_owned().await;
            own.and_then(|own| all.map(|all| PlanPermit { _provider: own, _all: all }))
        };
        match tokio::time::timeout(self.wait, take).await {
            Ok(turn) => turn.map_err(|_| MirrorError::Stopped),
            Err(_) => {
                let reason = format!("no turn within {} s", self.wait.as_secs());
                Err(MirrorError::Busy { reason })
            }
        }
    }

    fn join_queue(&self) -> Result<WaitingPlan<'_>, MirrorError> {
        let waiter = WaitingPlan(&self.waiting);
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= self.waiting_max {
            return Err(MirrorError::Busy { reason: format!("{} wait already", self.waiting_max) });
        }
        Ok(waiter)
    }

    fn provider_semaphore(&self, provider: ProviderId) -> Arc<Semaphore> {
        let mut providers = self.providers.lock();
        if let Some(known) = providers.get(&provider).and_then(Weak::upgrade) {
            return known;
        }
        if providers.len() >= PROVIDERS_REMEMBERED {
            providers.retain(|_, turns| turns.strong_count() > 0);
        }
        let turns = Arc::new(Semaphore::new(self.per_provider));
        providers.insert(provider, Arc::downgrade(&turns));
        turns
    }
}

struct WaitingPlan<'q>(&'q AtomicUsize);

impl Drop for WaitingPlan<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

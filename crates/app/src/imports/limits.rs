//! The conditions that end an import early: its time limit and its cancellation.

use std::time::{Duration, Instant};

use super::{ImportFailure, ImportObserver};

/// A running import.
pub(super) struct ImportLimits<'w> {
    pub(super) watcher: &'w dyn ImportObserver,
    began: Instant,
    time_max: Option<Duration>,
}

impl<'w> ImportLimits<'w> {
    pub(super) fn begin(time_max: Option<Duration>, watcher: &'w dyn ImportObserver) -> Self {
        Self { watcher, began: Instant::now(), time_max }
    }

    /// Fails if the import was told to stop or has passed its time limit.
    pub(super) fn check(&self) -> Result<(), ImportFailure> {
        match self.time_max {
            _ if self.watcher.is_canceled() => Err(ImportFailure::Stopped),
            Some(time_max) if self.began.elapsed() > time_max => {
                Err(ImportFailure::OutOfTime { time_max })
            }
            _ => Ok(()),
        }
    }
}

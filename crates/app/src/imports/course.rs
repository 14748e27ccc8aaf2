//! The conditions that end an import early: its time limit and its cancellation.

use std::time::{Duration, Instant};

use super::{ImportFailure, Watcher};

/// A running import.
pub(super) struct Course<'w> {
    pub(super) watcher: &'w dyn Watcher,
    began: Instant,
    time_max: Option<Duration>,
}

impl<'w> Course<'w> {
    pub(super) fn begin(time_max: Option<Duration>, watcher: &'w dyn Watcher) -> Self {
        Self { watcher, began: Instant::now(), time_max }
    }

    /// Fails if the import was told to stop or has passed its time limit.
    pub(super) fn check(&self) -> Result<(), ImportFailure> {
        match self.time_max {
            _ if self.watcher.is_told_to_stop() => Err(ImportFailure::Stopped),
            Some(time_max) if self.began.elapsed() > time_max => {
                Err(ImportFailure::OutOfTime { time_max })
            }
            _ => Ok(()),
        }
    }
}

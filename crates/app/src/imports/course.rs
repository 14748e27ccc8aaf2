//! What ends an import before it is done: the time it may take, and whoever asked for it.

use std::time::{Duration, Instant};

use super::{ImportFailure, Watcher};

/// One import under way.
pub(super) struct Course<'w> {
    pub(super) watcher: &'w dyn Watcher,
    began: Instant,
    time_max: Option<Duration>,
}

impl<'w> Course<'w> {
    pub(super) fn begin(time_max: Option<Duration>, watcher: &'w dyn Watcher) -> Self {
        Self { watcher, began: Instant::now(), time_max }
    }

    /// Fails when the import is to end here.
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

//! Files that are no longer part of the mirror, kept while somebody may still read them.

use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use crate::folder::Folder;
use crate::segment::Segment;
use crate::state::Base;

/// Segments that a newer base left out.
#[derive(Debug, Default)]
pub(crate) struct Retired {
    segments: Mutex<Vec<(String, Weak<Segment>)>>,
}

impl Retired {
    /// Notes the segments of `old` that `new` does not have.
    pub(crate) fn note(&self, old: &Base, new: &Base) {
        let kept = new.files();
        let gone = old.segments().filter(|segment| !kept.contains(segment.entry.file.as_str()));
        let gone = gone.map(|segment| (segment.entry.file.clone(), Arc::downgrade(segment)));
        self.segments.lock().extend(gone);
    }

    /// Deletes files that nobody reads any more, here or in another process.
    pub(crate) fn collect(&self, folder: &Folder) {
        let mut segments = self.segments.lock();
        if segments.iter().all(|(_, segment)| segment.strong_count() > 0) {
            return;
        }
        // A reader that refreshed is in its own way here; whoever opens the mirror next tidies.
        let Ok(Some(_alone)) = folder.try_lock_readers_out() else { return };
        segments.retain(|(name, segment)| {
            segment.strong_count() > 0
                || folder.remove(name).is_err_and(|error| {
                    tracing::warn!(%error, "an old segment could not be deleted");
                    true
                })
        });
    }
}

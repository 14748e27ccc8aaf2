//! Files that are no longer part of the mirror, kept while a session may still read them.

use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use crate::folder::MirrorFolder;
use crate::segment::Segment;
use crate::state::SegmentSet;

/// Segments that a newer base no longer contains.
#[derive(Debug, Default)]
pub(crate) struct RetiredSegments {
    segments: Mutex<Vec<(String, Weak<Segment>)>>,
}

impl RetiredSegments {
    /// Adds the segments of `old` that `new` does not contain.
    pub(crate) fn add_replaced(&self, old: &SegmentSet, new: &SegmentSet) {
        let kept = new.files();
        let gone = old.segments().filter(|segment| !kept.contains(segment.entry.file.as_str()));
        let gone = gone.map(|segment| (segment.entry.file.clone(), Arc::downgrade(segment)));
        self.segments.lock().extend(gone);
    }

    /// Deletes files that nobody reads any more, in this process or in another.
    pub(crate) fn delete_unused(&self, folder: &MirrorFolder) {
        let mut segments = self.segments.lock();
        if segments.iter().all(|(_, segment)| segment.strong_count() > 0) {
            return;
        }
        // A reader that refreshed holds the readers' lock itself; the next process to open the
        // mirror deletes the files.
        let Ok(Some(_alone)) = folder.try_lock_for_deletion() else { return };
        segments.retain(|(name, segment)| {
            segment.strong_count() > 0
                || folder.remove(name).is_err_and(|error| {
                    tracing::warn!(%error, "an old segment could not be deleted");
                    true
                })
        });
    }
}

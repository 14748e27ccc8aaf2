//! Exports that are asked for together are made from one session, so from one revision.
//! Rule: spec/exports.md §4 `objects`.
//!
//! The session is kept in the process that took the request until all of the group are made.
//! Another process opens its own when it takes over.

use std::collections::HashMap;

use mirror::Session;
use model::time::Instant;
use parking_lot::Mutex;

/// A group that is not made after so long will not be: its exports have ended some other way.
const KEPT_S: i64 = 6 * 3600;

/// The groups of this process.
#[derive(Default)]
pub(crate) struct ExportGroups(Mutex<HashMap<String, Group>>);

struct Group {
    session: Session,
    left: usize,
    begun_at: Instant,
}

impl ExportGroups {
    /// Keeps the session of a group of so many exports.
    pub(crate) fn begin(&self, group: &str, session: Session, exports: usize, now: Instant) {
        let mut groups = self.0.lock();
        groups.retain(|_, group| group.begun_at.plus_seconds(KEPT_S) > now);
        groups.insert(group.to_owned(), Group { session, left: exports, begun_at: now });
    }

    /// The group is not made after all.
    pub(crate) fn forget(&self, group: &str) {
        self.0.lock().remove(group);
    }

    /// The session of a group, if it is kept here.
    pub(crate) fn session(&self, group: &str) -> Option<Session> {
        self.0.lock().get(group).map(|group| group.session.clone())
    }

    /// One export of a group is made; with the last one its session is let go.
    pub(crate) fn made(&self, group: &str) {
        let mut groups = self.0.lock();
        if let Some(known) = groups.get_mut(group) {
            known.left = known.left.saturating_sub(1);
            if known.left == 0 {
                groups.remove(group);
            }
        }
    }
}

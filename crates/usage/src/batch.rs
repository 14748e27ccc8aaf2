//! The usage of many memberships from sorted rows, read in one pass. Rule: spec/usage.md §10, §11.

use std::borrow::Borrow;
use std::iter::Peekable;

use model::provider::Provider;
use model::time::Date;

use crate::booking::Booking;
use crate::calculation::{Usage, UsageFacts};
use crate::error::UsageError;
use crate::hold::Hold;
use crate::limits::UsagePlan;
use crate::membership::Membership;

/// Calculates the usage of each membership on `date`, in the order given.
///
/// All inputs are sorted by membership id, ascending: the memberships with their plans (each
/// membership once), and the holds and bookings, each with the id of its membership. Holds and
/// bookings of memberships that are not given are skipped. Memory: the rows of one membership.
///
/// Errors: [`UsageError::Unsorted`], after which the iterator ends.
pub fn usage_of_memberships<P: Borrow<UsagePlan>>(
    provider: &Provider,
    date: Date,
    memberships: impl IntoIterator<Item = (Membership, P)>,
    holds: impl IntoIterator<Item = (i64, Hold)>,
    bookings: impl IntoIterator<Item = (i64, Booking)>,
) -> impl Iterator<Item = Result<(Membership, Usage), UsageError>> {
    let mut holds = SortedGroups::new("holds", holds.into_iter());
    let mut bookings = SortedGroups::new("bookings", bookings.into_iter());
    let mut last_id = None;
    let answers = memberships.into_iter().map(move |(membership, plan)| {
        if last_id.replace(membership.id).is_some_and(|last| membership.id <= last) {
            return Err(UsageError::Unsorted { rows: "memberships" });
        }
        let holds = holds.rows_of_key(membership.id)?;
        let bookings = bookings.rows_of_key(membership.id)?;
        let plan = plan.borrow();
        let usage =
            UsageFacts { provider, plan, membership: &membership, holds, bookings }.usage_on(date);
        Ok((membership, usage))
    });
    let mut is_broken = false;
    answers.take_while(move |answer| !std::mem::replace(&mut is_broken, answer.is_err()))
}

/// Rows sorted by a key, read one key at a time.
struct SortedGroups<T, I: Iterator<Item = (i64, T)>> {
    name: &'static str,
    rows: Peekable<I>,
    last_key: i64,
    group: Vec<T>,
}

impl<T, I: Iterator<Item = (i64, T)>> SortedGroups<T, I> {
    fn new(name: &'static str, rows: I) -> Self {
        Self { name, rows: rows.peekable(), last_key: i64::MIN, group: Vec::new() }
    }

    /// Returns the rows with this key. Skips rows with smaller keys.
    fn rows_of_key(&mut self, key: i64) -> Result<&[T], UsageError> {
        self.group.clear();
        while let Some((row_key, row)) = self.rows.next_if(|(row_key, _)| *row_key <= key) {
            if row_key < self.last_key {
                return Err(UsageError::Unsorted { rows: self.name });
            }
            self.last_key = row_key;
            if row_key == key {
                self.group.push(row);
            }
        }
        Ok(&self.group)
    }
}

//! A bounded number of slots, shared so that no holder takes all of them.

use std::collections::HashMap;
use std::hash::Hash;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use model::id::ProviderId;
use parking_lot::Mutex;
use tokio::sync::Notify;

/// The provider that holds a slot. `None` while the provider of a request is not known yet, or for
/// requests without a provider.
pub type SlotHolder = Option<ProviderId>;

/// A bounded number of slots. A holder gets another slot only while it holds fewer than are free:
/// dynamic thresholds (Choudhury and Hahne, 1998). A single holder gets half of the slots, the next
/// one half of the rest, and so on, so that some stay free for new holders.
pub struct FairSlots<K: Eq + Hash + Copy> {
    most: usize,
    most_each: usize,
    taken: Mutex<TakenSlots<K>>,
    returned: Notify,
}

struct TakenSlots<K> {
    all: usize,
    by: HashMap<K, usize>,
}

/// One slot, released when dropped.
pub struct FairSlot<K: Eq + Hash + Copy> {
    places: Arc<FairSlots<K>>,
    holder: K,
}

impl<K: Eq + Hash + Copy> FairSlots<K> {
    /// Creates `most` slots, of which one holder gets at most half.
    pub fn new(most: usize) -> Arc<Self> {
        Self::with_most_each(most, most)
    }

    /// Does the same as [`FairSlots::new`], with at most `most_each` slots for one holder.
    pub fn with_most_each(most: usize, most_each: usize) -> Arc<Self> {
        let taken = Mutex::new(TakenSlots { all: 0, by: HashMap::new() });
        Arc::new(Self { most, most_each, taken, returned: Notify::new() })
    }

    /// Takes a slot for this holder, or returns `None` if it may not take another one.
    pub fn take(self: &Arc<Self>, holder: K) -> Option<FairSlot<K>> {
        let mut taken = self.taken.lock();
        let free = self.most.saturating_sub(taken.all);
        let held = taken.by.get(&holder).copied().unwrap_or_default();
        if held >= free.min(self.most_each) {
            return None;
        }
        taken.all += 1;
        taken.by.insert(holder, held + 1);
        Some(FairSlot { places: Arc::clone(self), holder })
    }

    /// Does the same as [`FairSlots::take`], but waits up to `wait` for a slot.
    pub async fn take_within(self: &Arc<Self>, holder: K, wait: Duration) -> Option<FairSlot<K>> {
        let taken = async {
            loop {
                let mut returned = pin!(self.returned.notified());
                // Registered before `take`, so that a slot released after it is not missed.
                returned.as_mut().enable();
                if let Some(place) = self.take(holder) {
                    return place;
                }
                returned.await;
            }
        };
        match self.take(holder) {
            Some(place) => Some(place),
            None => tokio::time::timeout(wait, taken).await.ok(),
        }
    }

    /// Returns the number of taken slots.
    pub fn taken(&self) -> usize {
        self.taken.lock().all
    }
}

impl<K: Eq + Hash + Copy> Drop for FairSlot<K> {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock();
        taken.all -= 1;
        match taken.by.get_mut(&self.holder) {
            Some(held) if *held > 1 => *held -= 1,
            _ => {
                taken.by.remove(&self.holder);
            }
        }
        drop(taken);
        self.places.returned.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes slots for a holder until it gets no more.
    fn fill(places: &Arc<FairSlots<u8>>, holder: u8) -> Vec<FairSlot<u8>> {
        std::iter::from_fn(|| places.take(holder)).collect()
    }

    #[test]
    fn one_gets_half_and_the_next_half_of_the_rest() {
        // slots, the most of one holder, the slots that successive holders get
        for (most, most_each, expected) in [
            (1, 1, [1, 0, 0, 0]),
            (2, 2, [1, 1, 0, 0]),
            (4, 4, [2, 1, 1, 0]),
            (16, 16, [8, 4, 2, 1]),
            (512, 512, [256, 128, 64, 32]),
            (1024, 100, [100, 100, 100, 100]),
        ] {
            let places = FairSlots::with_most_each(most, most_each);
            let held: Vec<_> = (0..4).map(|holder| fill(&places, holder)).collect();
            assert_eq!(held.iter().map(Vec::len).collect::<Vec<_>>(), expected, "of {most}");
            assert_eq!(places.taken(), expected.iter().sum::<usize>());
        }
    }

    #[test]
    fn a_place_that_is_given_back_can_be_taken_again_and_nobody_is_remembered() {
        let places = FairSlots::new(4);
        let mut held = fill(&places, 1);
        assert!(places.take(1).is_none());
        held.pop();
        assert!(places.take(1).is_some());
        drop(held);
        assert_eq!((places.taken(), places.taken.lock().by.len()), (0, 0));
    }

    #[tokio::test]
    async fn whoever_waits_gets_the_place_that_is_given_back() {
        let places = FairSlots::new(1);
        let held = places.take(1);
        assert!(places.take_within(2, Duration::ZERO).await.is_none());
        let waiting = tokio::spawn({
            let places = Arc::clone(&places);
            async move { places.take_within(2, Duration::from_secs(600)).await.is_some() }
        });
        tokio::task::yield_now().await;
        drop(held);
        assert!(waiting.await.unwrap());
    }
}

//! A set of ids with one bit per id. It is made for dense runs of ids, and bounded in memory.

use std::collections::HashMap;

const IDS_PER_CHUNK: i64 = 512;
/// About 4 MB for one set: room for 16 million dense ids.
const CHUNKS_MAX: usize = 1 << 15;

/// A set of ids. It never drops an id by itself, and tells when it is full.
#[derive(Default)]
pub(crate) struct IdSet {
    chunks: HashMap<i64, usize>,
    bits: Vec<[u64; 8]>,
    /// The chunk used last; ids mostly ascend.
    last: Option<(i64, usize)>,
}

impl IdSet {
    /// Adds an id. Returns false if the set has no room for it.
    pub(crate) fn insert(&mut self, id: i64) -> bool {
        let chunk = id.div_euclid(IDS_PER_CHUNK);
        let index = match self.index_of(chunk) {
            Some(index) => index,
            None if self.bits.len() >= CHUNKS_MAX => return false,
            None => {
                self.bits.push([0; 8]);
                self.chunks.insert(chunk, self.bits.len() - 1);
                self.bits.len() - 1
            }
        };
        self.last = Some((chunk, index));
        let (word, bit) = bit_position(id);
        self.bits[index][word] |= bit;
        true
    }

    pub(crate) fn remove(&mut self, id: i64) {
        if let Some(index) = self.index_of(id.div_euclid(IDS_PER_CHUNK)) {
            let (word, bit) = bit_position(id);
            self.bits[index][word] &= !bit;
        }
    }

    pub(crate) fn contains(&self, id: i64) -> bool {
        self.index_of(id.div_euclid(IDS_PER_CHUNK)).is_some_and(|index| {
            let (word, bit) = bit_position(id);
            self.bits[index][word] & bit != 0
        })
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Returns every id, in no particular order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = i64> {
        self.chunks.iter().flat_map(|(chunk, index)| {
            let bits = self.bits[*index];
            (0..IDS_PER_CHUNK).map(move |offset| chunk * IDS_PER_CHUNK + offset).filter(move |id| {
                let (word, bit) = bit_position(*id);
                bits[word] & bit != 0
            })
        })
    }

    fn index_of(&self, chunk: i64) -> Option<usize> {
        match self.last {
            Some((last, index)) if last == chunk => Some(index),
            _ => self.chunks.get(&chunk).copied(),
        }
    }
}

/// Returns the word within the chunk, and the bit within the word.
fn bit_position(id: i64) -> (usize, u64) {
    let offset = id.rem_euclid(IDS_PER_CHUNK).unsigned_abs();
    let word = usize::try_from(offset / 64).unwrap_or_default();
    (word, 1 << (offset % 64))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn holds_what_a_plain_set_holds() {
        let mut set = IdSet::default();
        let mut plain = BTreeSet::new();
        let mut id = 1_i64;
        for step in 0..3000 {
            id = (id * 48_271 + step) % 5_000;
            assert_eq!(set.contains(id), plain.contains(&id));
            if step % 3 == 0 {
                set.remove(id);
                plain.remove(&id);
            } else {
                assert!(set.insert(id));
                plain.insert(id);
            }
        }
        assert_eq!(set.iter().collect::<BTreeSet<_>>(), plain);
        set.clear();
        assert_eq!(set.iter().count(), 0);
    }

    #[test]
    fn says_when_it_is_full() {
        let mut set = IdSet::default();
        let sparse = |n: usize| i64::try_from(n).unwrap() * IDS_PER_CHUNK;
        assert!((0..CHUNKS_MAX).all(|n| set.insert(sparse(n))));
        assert!(!set.insert(sparse(CHUNKS_MAX)));
        assert!(set.insert(sparse(CHUNKS_MAX - 1) + 1));
    }
}

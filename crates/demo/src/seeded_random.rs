//! Seeded random choices. The arithmetic on the random numbers is part of this module, so the same
//! seed gives the same bytes in every version.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A stream of random choices for one customer.
#[derive(Debug, Clone)]
pub(crate) struct SeededRandom(ChaCha8Rng);

impl SeededRandom {
    /// Creates the generator of a seed. [`Self::stream`] derives an independent one for each
    /// customer.
    pub(crate) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// Returns the choices of stream `number`. They do not depend on other streams.
    pub(crate) fn stream(&self, number: u64) -> Self {
        let mut own = self.0.clone();
        own.set_stream(number);
        own.set_word_pos(0);
        Self(own)
    }

    /// Returns an integer from 0 up to, but not including, `end`; 0 if `end` is 0.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        let wide = u128::from(self.0.next_u64()) * u128::from(end);
        u64::try_from(wide >> 64).unwrap_or_default()
    }

    /// Returns an integer from `first` to `last`, both included; `first` if they are out of order.
    pub(crate) fn between(&mut self, first: i64, last: i64) -> i64 {
        let span = u64::try_from(last - first + 1).unwrap_or_default();
        first + self.below(span).cast_signed()
    }

    /// Returns true once in `odds` times on average.
    pub(crate) fn one_in(&mut self, odds: u64) -> bool {
        self.below(odds) == 0
    }

    /// Returns true in `percent` of 100 cases on average.
    pub(crate) fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// Returns one of the items, each with the same probability.
    pub(crate) fn pick<T: Copy, const N: usize>(&mut self, items: &[T; N]) -> T {
        const { assert!(N > 0) };
        items[usize::try_from(self.below(N as u64)).unwrap_or_default()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_do_not_depend_on_each_other() {
        let seed = SeededRandom::new(7);
        let mut third = seed.stream(3);
        let mut other = seed.stream(2);
        let first: Vec<u64> = (0..100).map(|_| third.below(1000)).collect();
        other.below(5);
        let mut again = seed.stream(3);
        let second: Vec<u64> = (0..100).map(|_| again.below(1000)).collect();
        assert_eq!(first, second);
        assert!(first.iter().all(|value| *value < 1000));
        assert_ne!(first, (0..100).map(|_| other.below(1000)).collect::<Vec<_>>());
    }

    /// Users may rely on the bytes of a seed, so this pins the arithmetic.
    #[test]
    fn the_arithmetic_is_pinned() {
        let mut draw = SeededRandom::new(1).stream(1);
        let drawn: Vec<i64> = (0..6).map(|_| draw.between(-10, 10)).collect();
        assert_eq!(drawn, PINNED);
        assert_eq!(draw.between(4, 4), 4);
        assert_eq!(draw.below(0), 0);
    }

    const PINNED: [i64; 6] = [7, -9, 1, -8, 10, -3];
}

//! The rate limit: the number of requests per caller in the last 60 seconds.
//! Rule: spec/auth-and-errors.md §7.
//!
//! The limit is exact. It keeps the instants of the requests that still count, 4 bytes each, so
//! memory follows the traffic of the last minute and not the number of callers ever seen. It uses
//! monotonic time only.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use model::id::ProviderId;
use parking_lot::Mutex;

/// The length of the window, in milliseconds.
const WINDOW_MS: u64 = 60_000;
/// The number of locks that the callers are spread over.
const SHARDS: usize = 16;
/// The most callers that one shard remembers. Beyond it, those silent for longest are forgotten.
const IDENTITIES_PER_SHARD_MAX: usize = 16_384;

/// The caller or address that a request counts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RateKey {
    /// An opaque token, by id.
    Token(i64),
    /// The hash of a JWT's subject, at one provider.
    Subject([u8; 16], Option<ProviderId>),
    /// The signed links to the files of one job, by the job's number.
    Link(i64),
    /// An address without a caller. Of IPv6 only the first 64 bits, the network of one customer.
    Address(IpAddr),
    /// An address that reads public endpoints. It is counted apart from `Address`, so that such
    /// reads never block requests with a credential.
    Reader(IpAddr),
}

impl RateKey {
    /// Creates the key of an address.
    pub fn for_address(address: IpAddr) -> Self {
        Self::Address(network(address))
    }

    /// Creates the key of an address that reads public endpoints.
    pub fn for_public_reader(address: IpAddr) -> Self {
        Self::Reader(network(address))
    }
}

fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) >> 64 << 64).into()),
        v4 => v4,
    }
}

/// The state of the limit that an answer reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateState {
    /// Requests allowed in the window.
    pub limit: u32,
    /// Requests that are still allowed now.
    pub remaining: u32,
    /// Seconds until one more request is allowed, rounded up; 0 if one is allowed now.
    pub reset_s: u64,
}

impl RateState {
    /// Returns true if no further request is allowed now.
    pub fn is_exhausted(&self) -> bool {
        self.remaining == 0
    }
}

/// A source of monotonic time, which tests replace.
pub trait Ticks: Send + Sync {
    /// Returns the milliseconds since a fixed moment.
    fn now_ms(&self) -> u64;
}

/// The time since this value was created.
pub struct ProcessTicks(Instant);

impl Default for ProcessTicks {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Ticks for ProcessTicks {
    fn now_ms(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// The instants of a caller's requests, oldest first, in milliseconds modulo 2^32.
type RequestTimes = VecDeque<u32>;

struct RateEntry {
    window: RequestTimes,
    last_ms: u64,
}

/// The counter of requests, shared by all threads.
pub struct RateLimiter {
    limit: u32,
    ticks: Box<dyn Ticks>,
    hasher: RandomState,
    shards: Vec<Mutex<HashMap<RateKey, RateEntry>>>,
}

impl RateLimiter {
    /// Creates a limiter of `limit` requests in 60 seconds; 0 means no limit.
    pub fn new(limit: u32, ticks: Box<dyn Ticks>) -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Self { limit, ticks, hasher: RandomState::new(), shards }
    }

    /// Returns the state of a key without counting a request, or `None` if there is no limit.
    pub fn peek(&self, key: &RateKey) -> Option<RateState> {
        let now_ms = self.ticks.now_ms();
        if self.limit == 0 {
            return None;
        }
        let mut shard = self.shard(key).lock();
        let Some(seen) = shard.get_mut(key) else {
            return Some(self.state(&RequestTimes::new(), now_ms));
        };
        drop_expired(&mut seen.window, now_ms);
        Some(self.state(&seen.window, now_ms))
    }

    /// Counts a request if one more is allowed. Returns true if it was counted, and the state
    /// afterwards, which is `None` if there is no limit.
    pub fn take(&self, key: &RateKey) -> (bool, Option<RateState>) {
        let now_ms = self.ticks.now_ms();
        if self.limit == 0 {
            return (true, None);
        }
        let mut shard = self.shard(key).lock();
        if !shard.contains_key(key) && shard.len() >= IDENTITIES_PER_SHARD_MAX {
            evict_silent_keys(&mut shard, now_ms);
        }
        let fresh = || RateEntry { window: RequestTimes::new(), last_ms: now_ms };
        let seen = shard.entry(*key).or_insert_with(fresh);
        drop_expired(&mut seen.window, now_ms);
        let fits = seen.window.len() < self.limit as usize;
        if fits {
            seen.window.push_back(now_ms as u32);
            seen.last_ms = now_ms;
        }
        (fits, Some(self.state(&seen.window, now_ms)))
    }

    /// Returns the number of keys that are remembered.
    pub fn identities(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().len()).sum()
    }

    fn state(&self, window: &RequestTimes, now_ms: u64) -> RateState {
        let used = u32::try_from(window.len()).unwrap_or(u32::MAX);
        let remaining = self.limit.saturating_sub(used);
        let wait_ms = match window.front() {
            Some(oldest) if remaining == 0 => WINDOW_MS.saturating_sub(age_ms(*oldest, now_ms)),
            _ => 0,
        };
        RateState { limit: self.limit, remaining, reset_s: wait_ms.div_ceil(1000) }
    }

    fn shard(&self, key: &RateKey) -> &Mutex<HashMap<RateKey, RateEntry>> {
        let number = self.hasher.hash_one(key) as usize % SHARDS;
        &self.shards[number]
    }
}

fn age_ms(at: u32, now_ms: u64) -> u64 {
    u64::from((now_ms as u32).wrapping_sub(at))
}

/// Drops requests older than the window.
fn drop_expired(window: &mut RequestTimes, now_ms: u64) {
    let kept = window.iter().position(|at| age_ms(*at, now_ms) < WINDOW_MS);
    window.drain(..kept.unwrap_or(window.len()));
    if window.is_empty() {
        window.shrink_to_fit();
    }
}

/// Removes keys without a request in the window. If that leaves the shard nearly full, removes the
/// quarter that has been silent for longest.
fn evict_silent_keys(shard: &mut HashMap<RateKey, RateEntry>, now_ms: u64) {
    shard.retain(|_, seen| now_ms.saturating_sub(seen.last_ms) < WINDOW_MS);
    if shard.len() < IDENTITIES_PER_SHARD_MAX * 7 / 8 {
        return;
    }
    let mut last: Vec<u64> = shard.values().map(|seen| seen.last_ms).collect();
    let quarter = last.len() / 4;
    let (_, bound_ms, _) = last.select_nth_unstable(quarter);
    let bound_ms = *bound_ms;
    let mut to_forget = quarter + 1;
    shard.retain(|_, seen| {
        let goes = to_forget > 0 && seen.last_ms <= bound_ms;
        to_forget -= usize::from(goes);
        !goes
    });
}

impl RateState {
    /// Returns the wait for `Retry-After`, at least 1 second.
    pub fn retry_after(&self) -> Duration {
        Duration::from_secs(self.reset_s.max(1))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[derive(Clone, Default)]
    struct SteppedTicks(Arc<AtomicU64>);

    impl Ticks for SteppedTicks {
        fn now_ms(&self) -> u64 {
            self.0.load(Ordering::Relaxed)
        }
    }

    const TOKEN: RateKey = RateKey::Token(7);

    #[test]
    fn a_request_fits_again_once_the_oldest_is_a_minute_old() {
        let hand = SteppedTicks::default();
        let limiter = RateLimiter::new(3, Box::new(hand.clone()));
        // at (ms), whether it fits, remaining, seconds until one more fits
        for (at_ms, fits, remaining, reset_s) in [
            (100, true, 2, 0),
            (20_000, true, 1, 0),
            (20_000, true, 0, 41),
            (59_000, false, 0, 2),
            (60_099, false, 0, 1),
            (60_100, true, 0, 20),
            (79_999, false, 0, 1),
            (80_000, true, 1, 0),
            (80_000, true, 0, 41),
            (4_000_000_000, true, 2, 0),
            (5_000_000_000, true, 2, 0),
        ] {
            hand.0.store(at_ms, Ordering::Relaxed);
            let expected = RateState { limit: 3, remaining, reset_s };
            assert_eq!(limiter.take(&TOKEN), (fits, Some(expected)), "at {at_ms}");
            assert_eq!(limiter.peek(&TOKEN), Some(expected), "at {at_ms}");
        }
    }

    #[test]
    fn the_251st_request_within_a_minute_is_refused() {
        let limiter = RateLimiter::new(250, Box::new(SteppedTicks::default()));
        let counted = (0..251).filter(|_| limiter.take(&TOKEN).0).count();
        assert_eq!(counted, 250);
        assert!(limiter.take(&RateKey::Token(8)).0, "another token has its own window");
        assert!(limiter.take(&RateKey::Subject([1; 16], Some(ProviderId(1)))).0);
    }

    #[test]
    fn zero_means_no_limit() {
        let limiter = RateLimiter::new(0, Box::new(SteppedTicks::default()));
        assert!((0..10_000).all(|_| limiter.take(&TOKEN) == (true, None)));
        assert_eq!(limiter.identities(), 0);
    }

    #[test]
    fn addresses_of_one_v6_network_count_together() {
        let key = |text: &str| RateKey::for_address(text.parse().unwrap());
        assert_eq!(key("2001:db8::1"), key("2001:db8::ffff:1"));
        assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
        assert_eq!(key("::ffff:1.2.3.4"), key("1.2.3.4"));
    }

    #[test]
    fn memory_is_bounded_however_many_addresses_come() {
        let hand = SteppedTicks::default();
        let limiter = RateLimiter::new(2, Box::new(hand.clone()));
        for number in 0..500_000_u32 {
            hand.0.store(u64::from(number) / 100, Ordering::Relaxed);
            limiter.take(&RateKey::Address(IpAddr::V4(number.into())));
        }
        assert!(limiter.identities() <= SHARDS * IDENTITIES_PER_SHARD_MAX);
        let newest = RateKey::Address(IpAddr::V4(499_999.into()));
        assert_eq!(limiter.peek(&newest).map(|state| state.remaining), Some(1));
    }
}

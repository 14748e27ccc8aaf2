//! Processes all parts on several threads. Each thread takes the next part that is free.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::book_parts::BookParts;
use super::error::BooksError;
use super::load::LoadedPart;

/// Does `work` on every part, on `workers` threads. `begin` makes the state of each thread.
///
/// Returns the states. The caller must be able to merge them in any order, because chance decides
/// which thread takes which part. An error in one thread stops all of them. `is_canceled` is
/// checked before each part. Blocks.
pub fn process_parts_in_parallel<S: Send, E: From<BooksError> + Send>(
    parts: &BookParts,
    workers: usize,
    is_canceled: &(dyn Fn() -> bool + Sync),
    begin: &(dyn Fn() -> S + Sync),
    work: &(dyn Fn(&mut S, LoadedPart) -> Result<(), E> + Sync),
) -> Result<Vec<S>, E> {
    let next = AtomicUsize::new(0);
    let take_parts = || {
        let mut state = begin();
        loop {
            let position = next.fetch_add(1, Ordering::Relaxed);
            if position >= parts.len() {
                return Ok(state);
            }
            let done = if is_canceled() {
                Err(BooksError::Canceled.into())
            } else {
                parts.load(position).map_err(E::from).and_then(|part| work(&mut state, part))
            };
            if let Err(error) = done {
                next.store(parts.len(), Ordering::Relaxed);
                return Err(error);
            }
        }
    };
    let workers = workers.clamp(1, parts.len().max(1));
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(take_parts)).collect();
        let states = threads.into_iter().map(|thread| match thread.join() {
            Ok(outcome) => outcome,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        // All threads are joined before the first error is returned, so that none is left running.
        let states: Vec<Result<S, E>> = states.collect();
        states.into_iter().collect()
    })
}

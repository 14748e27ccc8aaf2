//! All parts, on several threads: each takes the next part that nobody has taken.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::error::BooksError;
use super::load::LoadedPart;
use super::parts::Parts;

/// Does `work` on every part, with `workers` threads, each with a state that `begin` makes.
///
/// Answers the states. They must add up in any order: which thread took which part is chance.
/// An error of one ends all; `is_canceled` is asked before each part. Blocks.
pub fn each_part<S: Send, E: From<BooksError> + Send>(
    parts: &Parts,
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
            let done = match is_canceled() {
                true => Err(BooksError::Canceled.into()),
                false => {
                    parts.load(position).map_err(E::from).and_then(|part| work(&mut state, part))
                }
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
        // Collected before the first error is answered, so that no thread is left behind.
        let states: Vec<Result<S, E>> = states.collect();
        states.into_iter().collect()
    })
}

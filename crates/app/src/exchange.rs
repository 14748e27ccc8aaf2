//! Facts about a request that are collected while it is processed, for the headers of its answer
//! and for the log.

use model::id::ProviderId;
use parking_lot::Mutex;

use crate::auth::caller::CallerId;
use crate::encoding::Encoding;
use crate::rate_limit::RateState;

/// The facts about one request. Any step may add to them; they are read when it is answered.
#[derive(Debug, Default)]
pub struct Exchange(Mutex<ExchangeNotes>);

/// The facts that are known so far.
#[derive(Debug, Clone, Copy, Default)]
pub struct ExchangeNotes {
    /// The template of the matched route.
    pub route: Option<&'static str>,
    /// The rate limit's state for the caller or, without a caller, for the address.
    pub rate: Option<RateState>,
    /// The caller.
    pub identity: Option<CallerId>,
    /// The provider that the request is for.
    pub provider: Option<ProviderId>,
    /// The encoding of the answer.
    pub encoding: Encoding,
}

impl Exchange {
    /// Adds facts.
    pub fn note(&self, write: impl FnOnce(&mut ExchangeNotes)) {
        write(&mut self.0.lock());
    }

    /// Returns the facts that are known now.
    pub fn notes(&self) -> ExchangeNotes {
        *self.0.lock()
    }
}

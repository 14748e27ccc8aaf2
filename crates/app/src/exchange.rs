//! What is learned about a request on its way: for the headers of its answer and for the log.

use model::id::ProviderId;
use parking_lot::Mutex;

use crate::auth::principal::Identity;
use crate::encoding::Encoding;
use crate::rate_limit::RateState;

/// Notes about one request, written by whoever learns something, read when it is answered.
#[derive(Debug, Default)]
pub struct Exchange(Mutex<Notes>);

/// What is known so far.
#[derive(Debug, Clone, Copy, Default)]
pub struct Notes {
    /// Template of the route that was matched.
    pub route: Option<&'static str>,
    /// How the identity, or the address, stands.
    pub rate: Option<RateState>,
    /// Who asked.
    pub identity: Option<Identity>,
    /// For which provider.
    pub provider: Option<ProviderId>,
    /// How its answer is to be written.
    pub encoding: Encoding,
}

impl Exchange {
    /// Notes something.
    pub fn note(&self, write: impl FnOnce(&mut Notes)) {
        write(&mut self.0.lock());
    }

    /// What is known now.
    pub fn notes(&self) -> Notes {
        *self.0.lock()
    }
}

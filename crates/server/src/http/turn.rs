//! A request's slot among the requests that run at once. The slot is free while the body of the
//! request arrives, so that slow senders hold up nobody else.

use std::sync::Arc;

use model::id::ProviderId;
use parking_lot::Mutex;

use app::error::ApiError;
pub(crate) use app::places::{Holder, Place, Places};

/// The slot of one request. Clones share the slot.
#[derive(Clone)]
pub(crate) struct Turn(Arc<Inner>);

struct Inner {
    places: Arc<Places<Holder>>,
    state: Mutex<State>,
}

struct State {
    holder: Holder,
    place: Option<Place<Holder>>,
}

impl Turn {
    /// Takes a slot for a request whose provider is not known yet.
    /// Fails with `unavailable` if too many requests run already.
    pub(crate) fn begin(places: &Arc<Places<Holder>>) -> Result<Self, ApiError> {
        let place = Some(place(places, None)?);
        let state = Mutex::new(State { holder: None, place });
        Ok(Self(Arc::new(Inner { places: Arc::clone(places), state })))
    }

    /// Counts the slot for this provider from now on. Fails if the provider has too many requests
    /// already.
    pub(crate) fn belongs_to(&self, provider: ProviderId) -> Result<(), ApiError> {
        self.leave();
        self.0.state.lock().holder = Some(provider);
        self.come_back()
    }

    /// Returns the provider that the slot counts for.
    pub(crate) fn holder(&self) -> Holder {
        self.0.state.lock().holder
    }

    /// Frees the slot for the time that the body arrives.
    pub(crate) fn leave(&self) {
        let place = self.0.state.lock().place.take();
        drop(place);
    }

    /// Takes a slot again. Fails with `unavailable` if there is none.
    pub(crate) fn come_back(&self) -> Result<(), ApiError> {
        let mut state = self.0.state.lock();
        state.place = Some(place(&self.0.places, state.holder)?);
        Ok(())
    }
}

fn place(places: &Arc<Places<Holder>>, holder: Holder) -> Result<Place<Holder>, ApiError> {
    let refused = || ApiError::unavailable("The server is working on too many requests.");
    places.take(holder).ok_or_else(refused)
}

//! A request's place among those that are worked on. It is given back while the request's body
//! arrives, so that slow senders hold up nobody but themselves.

use std::sync::Arc;

use model::id::ProviderId;
use parking_lot::Mutex;

use app::error::ApiError;
pub(crate) use app::places::{Holder, Place, Places};

/// The place of one request. Its clones are the same place.
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
    /// Takes a place for a request of whom nothing is known.
    pub(crate) fn begin(places: &Arc<Places<Holder>>) -> Result<Self, ApiError> {
        let place = Some(place(places, None)?);
        let state = Mutex::new(State { holder: None, place });
        Ok(Self(Arc::new(Inner { places: Arc::clone(places), state })))
    }

    /// From now on the place is one of this provider's.
    pub(crate) fn belongs_to(&self, provider: ProviderId) -> Result<(), ApiError> {
        self.leave();
        self.0.state.lock().holder = Some(provider);
        self.come_back()
    }

    /// Whose the place is.
    pub(crate) fn holder(&self) -> Holder {
        self.0.state.lock().holder
    }

    /// Gives the place back for a while.
    pub(crate) fn leave(&self) {
        let place = self.0.state.lock().place.take();
        drop(place);
    }

    /// Takes a place again.
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

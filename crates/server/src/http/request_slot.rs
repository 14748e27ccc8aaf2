//! A request's slot among the requests that run at once. The slot is free while the body of the
//! request arrives, so that slow senders hold up nobody else.

use std::sync::Arc;

use model::id::ProviderId;
use parking_lot::Mutex;

use app::error::ApiError;
pub(crate) use app::fair_slots::{FairSlot, FairSlots, SlotHolder};

/// The slot of one request. Clones share the slot.
#[derive(Clone)]
pub(crate) struct RequestSlot(Arc<SharedSlot>);

struct SharedSlot {
    places: Arc<FairSlots<SlotHolder>>,
    state: Mutex<SlotState>,
}

struct SlotState {
    holder: SlotHolder,
    place: Option<FairSlot<SlotHolder>>,
}

impl RequestSlot {
    /// Takes a slot for a request whose provider is not known yet.
    /// Fails with `unavailable` if too many requests run already.
    pub(crate) fn acquire(places: &Arc<FairSlots<SlotHolder>>) -> Result<Self, ApiError> {
        let place = Some(take_place(places, None)?);
        let state = Mutex::new(SlotState { holder: None, place });
        Ok(Self(Arc::new(SharedSlot { places: Arc::clone(places), state })))
    }

    /// Counts the slot for this provider from now on. Fails if the provider has too many requests
    /// already.
    pub(crate) fn assign_to(&self, provider: ProviderId) -> Result<(), ApiError> {
        self.release();
        self.0.state.lock().holder = Some(provider);
        self.reacquire()
    }

    /// Returns the provider that the slot counts for.
    pub(crate) fn holder(&self) -> SlotHolder {
        self.0.state.lock().holder
    }

    /// Frees the slot for the time that the body arrives.
    pub(crate) fn release(&self) {
        let place = self.0.state.lock().place.take();
        drop(place);
    }

    /// Takes a slot again. Fails with `unavailable` if there is none.
    pub(crate) fn reacquire(&self) -> Result<(), ApiError> {
        let mut state = self.0.state.lock();
        state.place = Some(take_place(&self.0.places, state.holder)?);
        Ok(())
    }
}

fn take_place(
    places: &Arc<FairSlots<SlotHolder>>,
    holder: SlotHolder,
) -> Result<FairSlot<SlotHolder>, ApiError> {
    let refused = || ApiError::unavailable("The server is working on too many requests.");
    places.take(holder).ok_or_else(refused)
}

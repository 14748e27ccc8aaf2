//! How much of a membership is used and left. Rule: spec/usage.md.
//!
//! Point reads by index: only the rows of the memberships asked about are touched, all of one
//! snapshot of the store, so a booking that was acknowledged a moment ago counts.
//!
//! | module | holds |
//! | --- | --- |
//! | `question` | what a request asks for: date, format, ids |
//! | [`records`] | what usage depends on, read from a snapshot |
//! | `one` | usage of one membership |
//! | `many` | usage of up to a thousand at one revision |
//! | `upgrade` | what an upgrade on a day would cost |

mod many;
mod one;
pub mod question;
pub mod records;
mod upgrade;

pub use many::of_many;
pub use one::of_one;
pub use upgrade::preview;

use model::id::{ProviderId, Revision};
use model::provider::Provider;
use model::time::{Date, Instant};
use store::Store;
use store::port::Snapshot;

use crate::auth::scope::Mode;
use crate::error::ApiError;

/// What answers a question: the store, and who asks when for which business.
#[derive(Clone, Copy)]
pub struct Asker {
    /// For which business.
    pub provider: ProviderId,
    /// In which mode.
    pub mode: Mode,
    /// The present.
    pub now: Instant,
}

/// An answer, written.
pub struct Written {
    /// It.
    pub text: String,
    /// The revision that it was computed from.
    pub revision: Revision,
}

impl Asker {
    /// A view of the store, and the provider as it stands there.
    fn look<'s>(
        &self,
        store: &'s dyn Store,
    ) -> Result<(Box<dyn Snapshot + 's>, Provider), ApiError> {
        let snapshot = store.snapshot().map_err(ApiError::of_store)?;
        let provider = snapshot.provider(self.provider).map_err(ApiError::of_store)?;
        Ok((snapshot, provider.ok_or_else(ApiError::not_found)?))
    }

    /// The date asked about, else today in the provider's zone.
    fn date(&self, asked: Option<Date>, provider: &Provider) -> Date {
        asked.unwrap_or_else(|| provider.timezone.date_of(self.now))
    }
}

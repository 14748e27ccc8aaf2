//! Usage of customer memberships. Rule: spec/usage.md.
//!
//! All reads are by key or index and touch only the rows of the requested memberships. They come
//! from one snapshot of the store, so every acknowledged booking counts.
//!
//! | module | holds |
//! | --- | --- |
//! | `parameters` | parameters of the requests: date, format, ids |
//! | [`records`] | the records that usage depends on, read from a snapshot |
//! | `one` | usage of one customer membership |
//! | `many` | usage of up to a thousand customer memberships at one revision |
//! | `upgrade` | the price of an upgrade on a day |

mod many;
mod one;
pub mod parameters;
pub mod records;
mod upgrade;

pub use many::usage_of_many;
pub use one::usage_of_one;
pub use upgrade::preview_upgrade;

use model::id::{ProviderId, Revision};
use model::provider::Provider;
use model::time::{Date, Instant};
use store::Store;
use store::port::Snapshot;

use crate::auth::scope::RequestMode;
use crate::error::ApiError;

/// The caller of a usage request: the provider, the mode and the present.
#[derive(Clone, Copy)]
pub struct UsageCaller {
    /// The provider.
    pub provider: ProviderId,
    /// The mode of the request.
    pub mode: RequestMode,
    /// The present.
    pub now: Instant,
}

/// A written answer.
pub struct UsageText {
    /// The text of the answer.
    pub text: String,
    /// The revision that the answer was computed from.
    pub revision: Revision,
}

impl UsageCaller {
    /// Opens a snapshot of the store and reads the provider from it.
    fn open_snapshot<'s>(
        &self,
        store: &'s dyn Store,
    ) -> Result<(Box<dyn Snapshot + 's>, Provider), ApiError> {
        let snapshot = store.snapshot().map_err(ApiError::from_store_error)?;
        let provider = snapshot.provider(self.provider).map_err(ApiError::from_store_error)?;
        Ok((snapshot, provider.ok_or_else(ApiError::not_found)?))
    }

    /// Returns the requested date, or else today in the provider's time zone.
    fn date(&self, asked: Option<Date>, provider: &Provider) -> Date {
        asked.unwrap_or_else(|| provider.timezone.date_of(self.now))
    }
}

//! The outbox of notices in a database.
//!
//! | module | holds |
//! | --- | --- |
//! | `fan_out` | a notice becomes one delivery per receiver |
//! | `webhooks` | the webhooks of the providers |
//! | `deliveries` | deliveries, their results and their log |

mod deliveries;
mod fan_out;
mod webhooks;

use model::id::ProviderId;
use model::time::Instant;

use super::SqlDatabase;
use crate::error::StoreError;
use crate::port::notices::{
    Delivery, DeliveryChannel, DeliveryClaim, DeliveryResult, NewWebhook, NoticeStore, Redelivery,
    Webhook, WebhookStart,
};

pub(super) use fan_out::store_notices;

impl<D: SqlDatabase> NoticeStore for D {
    fn create_webhook(&self, new: &NewWebhook, now: Instant) -> Result<WebhookStart, StoreError> {
        self.write_jobs(|session| webhooks::create(session, new, now))
    }

    fn webhooks(&self, provider: ProviderId) -> Result<Vec<Webhook>, StoreError> {
        self.look_up_jobs(|session| webhooks::all(session, provider))
    }

    fn webhook(&self, provider: ProviderId, id: i64) -> Result<Option<Webhook>, StoreError> {
        self.look_up_jobs(|session| webhooks::one(session, provider, id))
    }

    fn update_webhook(&self, webhook: &Webhook, now: Instant) -> Result<bool, StoreError> {
        self.write_jobs(|session| webhooks::update(session, webhook, now))
    }

    fn replace_webhook_secret(
        &self,
        provider: ProviderId,
        id: i64,
        secret: &str,
        now: Instant,
    ) -> Result<bool, StoreError> {
        self.write_jobs(|session| webhooks::replace_secret(session, (provider, id), secret, now))
    }

    fn delete_webhook(&self, provider: ProviderId, id: i64) -> Result<bool, StoreError> {
        self.write_jobs(|session| webhooks::delete(session, provider, id))
    }

    fn claim_delivery(
        &self,
        claim: &DeliveryClaim<'_>,
        now: Instant,
    ) -> Result<Option<Delivery>, StoreError> {
        if self.look_up_jobs(|session| deliveries::find_next(session, claim, now))?.is_none() {
            return Ok(None);
        }
        self.write_jobs(|session| deliveries::claim(session, claim, now))
    }

    fn finish_delivery(
        &self,
        worker: &str,
        id: i64,
        result: &DeliveryResult,
        now: Instant,
    ) -> Result<bool, StoreError> {
        self.write_jobs(|session| deliveries::finish(session, worker, id, result, now))
    }

    fn next_delivery_at(&self) -> Result<Option<Instant>, StoreError> {
        self.look_up_jobs(|session| deliveries::next_at(session))
    }

    fn deliveries(
        &self,
        provider: ProviderId,
        webhook: i64,
        offset: u64,
        limit: u64,
    ) -> Result<(u64, Vec<Delivery>), StoreError> {
        self.view_jobs(|session| deliveries::list(session, (provider, webhook), offset, limit))
    }

    fn delivery(
        &self,
        provider: ProviderId,
        webhook: i64,
        id: i64,
    ) -> Result<Option<Delivery>, StoreError> {
        self.look_up_jobs(|session| deliveries::one(session, (provider, webhook), id))
    }

    fn redeliver(
        &self,
        provider: ProviderId,
        webhook: i64,
        id: i64,
        now: Instant,
    ) -> Result<Redelivery, StoreError> {
        self.write_jobs(|session| deliveries::redeliver(session, (provider, webhook), id, now))
    }

    fn count_waiting_deliveries(&self, channel: DeliveryChannel) -> Result<u64, StoreError> {
        self.look_up_jobs(|session| deliveries::waiting(session, channel))
    }

    fn clean_up_deliveries(&self, before: Instant) -> Result<u64, StoreError> {
        self.write_jobs(|session| deliveries::clean_up(session, before))
    }
}

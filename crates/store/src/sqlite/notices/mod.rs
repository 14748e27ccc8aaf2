//! The outbox of notices in SQLite.
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

use super::SqliteStore;
use crate::error::StoreError;
use crate::port::notices::{
    Delivery, DeliveryChannel, DeliveryClaim, DeliveryResult, NewWebhook, NoticeStore, Redelivery,
    Webhook, WebhookStart,
};

pub(super) use fan_out::store_notices;

impl NoticeStore for SqliteStore {
    fn create_webhook(&self, new: &NewWebhook, now: Instant) -> Result<WebhookStart, StoreError> {
        self.jobs.write(|connection| webhooks::create(connection, new, now))
    }

    fn webhooks(&self, provider: ProviderId) -> Result<Vec<Webhook>, StoreError> {
        webhooks::all(&*self.jobs.lookup()?, provider)
    }

    fn webhook(&self, provider: ProviderId, id: i64) -> Result<Option<Webhook>, StoreError> {
        webhooks::one(&*self.jobs.lookup()?, provider, id)
    }

    fn update_webhook(&self, webhook: &Webhook, now: Instant) -> Result<bool, StoreError> {
        self.jobs.write(|connection| webhooks::update(connection, webhook, now))
    }

    fn replace_webhook_secret(
        &self,
        provider: ProviderId,
        id: i64,
        secret: &str,
        now: Instant,
    ) -> Result<bool, StoreError> {
        self.jobs
            .write(|connection| webhooks::replace_secret(connection, (provider, id), secret, now))
    }

    fn delete_webhook(&self, provider: ProviderId, id: i64) -> Result<bool, StoreError> {
        self.jobs.write(|connection| webhooks::delete(connection, provider, id))
    }

    fn claim_delivery(
        &self,
        claim: &DeliveryClaim<'_>,
        now: Instant,
    ) -> Result<Option<Delivery>, StoreError> {
        if deliveries::find_next(&*self.jobs.lookup()?, claim, now)?.is_none() {
            return Ok(None);
        }
        self.jobs.write(|connection| deliveries::claim(connection, claim, now))
    }

    fn finish_delivery(
        &self,
        worker: &str,
        id: i64,
        result: &DeliveryResult,
        now: Instant,
    ) -> Result<bool, StoreError> {
        self.jobs.write(|connection| deliveries::finish(connection, worker, id, result, now))
    }

    fn next_delivery_at(&self) -> Result<Option<Instant>, StoreError> {
        deliveries::next_at(&*self.jobs.lookup()?)
    }

    fn deliveries(
        &self,
        provider: ProviderId,
        webhook: i64,
        offset: u64,
        limit: u64,
    ) -> Result<(u64, Vec<Delivery>), StoreError> {
        self.jobs
            .view(|connection| deliveries::list(connection, (provider, webhook), offset, limit))
    }

    fn delivery(
        &self,
        provider: ProviderId,
        webhook: i64,
        id: i64,
    ) -> Result<Option<Delivery>, StoreError> {
        deliveries::one(&*self.jobs.lookup()?, (provider, webhook), id)
    }

    fn redeliver(
        &self,
        provider: ProviderId,
        webhook: i64,
        id: i64,
        now: Instant,
    ) -> Result<Redelivery, StoreError> {
        self.jobs
            .write(|connection| deliveries::redeliver(connection, (provider, webhook), id, now))
    }

    fn count_waiting_deliveries(&self, lane: DeliveryChannel) -> Result<u64, StoreError> {
        deliveries::waiting(&*self.jobs.lookup()?, lane)
    }

    fn clean_up_deliveries(&self, before: Instant) -> Result<u64, StoreError> {
        self.jobs.write(|connection| deliveries::clean_up(connection, before))
    }
}

//! Notices: webhook events and mails. They are stored in the transaction that they report on, so
//! that a crash loses none. Rule: spec/exports.md §8.

use model::id::ProviderId;
use model::time::Instant;

use crate::error::StoreError;

/// The greatest number of deliveries that wait for one webhook, and for all mailboxes of one
/// provider. A delivery beyond it is stored as failed: it is listed in the delivery log and can be
/// redelivered from there.
pub const WAITING_MAX: u64 = 1000;

/// The error of a delivery beyond [`WAITING_MAX`], as the delivery log shows it.
pub(crate) const TOO_MANY_WAIT: &str = "Too many notices wait already.";

/// The webhooks, and the outbox of notices. Blocking; never waits for an import.
pub trait NoticeStore: Send + Sync {
    /// Adds a webhook, and stores its secret in clear text.
    fn create_webhook(&self, new: &NewWebhook, now: Instant) -> Result<WebhookStart, StoreError>;

    /// Returns the webhooks of a provider, ordered by id.
    fn webhooks(&self, provider: ProviderId) -> Result<Vec<Webhook>, StoreError>;

    /// Returns one webhook of a provider; none if there is none.
    fn webhook(&self, provider: ProviderId, id: i64) -> Result<Option<Webhook>, StoreError>;

    /// Replaces everything but id, secret, failures and `created_at`. Returns false if there is no
    /// such webhook.
    ///
    /// Errors: [`StoreError::Exists`] when another webhook of the provider has the URL.
    fn update_webhook(&self, webhook: &Webhook, now: Instant) -> Result<bool, StoreError>;

    /// Replaces the secret of a webhook. Returns false if there is none.
    fn replace_webhook_secret(
        &self,
        provider: ProviderId,
        id: i64,
        secret: &str,
        now: Instant,
    ) -> Result<bool, StoreError>;

    /// Deletes a webhook with its deliveries, sent or not. Returns false if there is none.
    fn delete_webhook(&self, provider: ProviderId, id: i64) -> Result<bool, StoreError>;

    /// Claims a delivery that is due and that no worker holds; one with a lapsed lease is claimed
    /// again. The claimant must check whether its webhook is still enabled.
    ///
    /// Fair between providers: of those with fewer than
    /// [`DeliveryClaim::under_way_per_provider_max`] deliveries under way, the one with the fewest
    /// comes first, then the one that was served longest ago; of its deliveries, the one due
    /// longest is taken. Each webhook has at most one delivery under way, and none during its
    /// pause.
    fn claim_delivery(
        &self,
        claim: &DeliveryClaim<'_>,
        now: Instant,
    ) -> Result<Option<Delivery>, StoreError>;

    /// Stores the result of an attempt to deliver, and the end of the webhook's pause. Returns
    /// false if the worker no longer holds the delivery.
    fn finish_delivery(
        &self,
        worker: &str,
        id: i64,
        result: &DeliveryResult,
        now: Instant,
    ) -> Result<bool, StoreError>;

    /// Returns the instant at which the next delivery is due; none when nothing waits.
    fn next_delivery_at(&self) -> Result<Option<Instant>, StoreError>;

    /// Returns deliveries to a webhook, newest first, and the number of all of them.
    fn deliveries(
        &self,
        provider: ProviderId,
        webhook: i64,
        offset: u64,
        limit: u64,
    ) -> Result<(u64, Vec<Delivery>), StoreError>;

    /// Returns one delivery to a webhook; none if there is none.
    fn delivery(
        &self,
        provider: ProviderId,
        webhook: i64,
        id: i64,
    ) -> Result<Option<Delivery>, StoreError>;

    /// Queues the same event once more, to be sent at once. The pause of its webhook ends.
    fn redeliver(
        &self,
        provider: ProviderId,
        webhook: i64,
        id: i64,
        now: Instant,
    ) -> Result<Redelivery, StoreError>;

    /// Returns the number of deliveries of all providers that wait or are under way.
    fn count_waiting_deliveries(&self, channel: DeliveryChannel) -> Result<u64, StoreError>;

    /// Deletes deliveries that ended before `before`, and returns their number. Bounded work per
    /// call.
    fn clean_up_deliveries(&self, before: Instant) -> Result<u64, StoreError>;
}

/// A delivery channel. A slow channel does not delay the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeliveryChannel {
    /// Deliveries to webhooks.
    Webhook,
    /// Deliveries to mailboxes.
    Mail,
}

impl DeliveryChannel {
    /// Every channel.
    pub const ALL: [Self; 2] = [Self::Webhook, Self::Mail];

    /// Returns the name of the channel, as it is stored and as metrics label it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Mail => "mail",
        }
    }
}

/// A worker's request for a delivery, with its limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliveryClaim<'c> {
    /// The channel.
    pub channel: DeliveryChannel,
    /// The name of the worker, one per process.
    pub worker: &'c str,
    /// A provider with this many deliveries under way on this channel is passed over.
    pub under_way_per_provider_max: u64,
    /// The end of the lease.
    pub lease_until: Instant,
}

/// The result of queueing an event once more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redelivery {
    /// The event waits to be sent.
    Queued(Box<Delivery>),
    /// [`WAITING_MAX`] deliveries wait for the webhook already.
    TooManyWait,
    /// There is no such delivery.
    Unknown,
}

/// A notice to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewNotice {
    /// An event for every enabled webhook of the provider that subscribes to this type.
    Event {
        /// The id, `evt_…`: the same for all receivers and attempts.
        id: String,
        /// The type of the event, such as `export.completed`.
        event_type: String,
        /// The exact request body.
        payload: String,
    },
    /// A mail to one mailbox.
    Mail {
        /// The id of the event that it reports.
        event_id: String,
        /// `export.completed` or `export.failed`.
        event_type: String,
        /// The mail address.
        to: String,
        /// The data that the mail is made from, as JSON that the store does not read.
        payload: String,
    },
}

/// The receiver of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryReceiver {
    /// The webhook, in its present state.
    Webhook(Webhook),
    /// The mail address.
    Mailbox(String),
}

/// The delivery of one event to one receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The number of the delivery.
    pub id: i64,
    /// The provider that the event belongs to.
    pub provider: ProviderId,
    /// The receiver.
    pub receiver: DeliveryReceiver,
    /// The id of the event.
    pub event_id: String,
    /// The type of the event.
    pub event_type: String,
    /// The request body, or the data that the mail is made from.
    pub payload: String,
    /// The number of attempts begun.
    pub attempt: u32,
    /// The result of the last attempt: `PENDING`, `OK`, `ERR-3xx`, `ERR-4xx`, `ERR-5xx`, `ERR-NET`.
    pub state: String,
    /// The HTTP status that answered the last attempt.
    pub status_code: Option<u16>,
    /// The error, for people.
    pub error: Option<String>,
    /// The duration of the last attempt.
    pub duration_ms: Option<u64>,
    /// The instant at which the event was first queued.
    pub created_at: Instant,
    /// The instant of the next attempt; none when there will be none.
    pub next_attempt_at: Option<Instant>,
}

/// The result of an attempt to deliver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryResult {
    /// The result: `OK`, `ERR-3xx`, `ERR-4xx`, `ERR-5xx`, `ERR-NET`.
    pub state: String,
    /// The HTTP status of the answer.
    pub status_code: Option<u16>,
    /// The error, for people.
    pub error: Option<String>,
    /// The duration of the attempt.
    pub duration_ms: u64,
    /// The instant of the next attempt; none when it was delivered or is given up.
    pub next_attempt_at: Option<Instant>,
    /// The end of the webhook's pause, during which it gets no deliveries.
    pub rests_until: Option<Instant>,
}

/// A webhook to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewWebhook {
    /// The provider whose events it gets.
    pub provider: ProviderId,
    /// The URL that events are posted to; unique per provider.
    pub url: String,
    /// A description for people.
    pub description: Option<String>,
    /// The subscribed types of events in dotted form, such as `export.completed`.
    pub events: Vec<String>,
    /// True if it subscribes to every type, including types of later versions.
    pub has_all_events: bool,
    /// The secret that signs its requests.
    pub secret: String,
    /// The greatest number of webhooks that the provider may have.
    pub count_max: u64,
}

/// The result of adding a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebhookStart {
    /// The webhook was added.
    Created(Webhook),
    /// The provider has another one with this URL.
    UrlTaken,
    /// The provider has reached its greatest number of webhooks.
    TooMany,
}

/// A webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// The number of the webhook.
    pub id: i64,
    /// The provider whose events it gets.
    pub provider: ProviderId,
    /// The URL that events are posted to.
    pub url: String,
    /// A description for people.
    pub description: Option<String>,
    /// The subscribed types of events in dotted form.
    pub events: Vec<String>,
    /// True if it subscribes to every type.
    pub has_all_events: bool,
    /// True if it gets deliveries.
    pub is_enabled: bool,
    /// The secret that signs its requests. Never shown.
    pub secret: String,
    /// The number of failed attempts since the last one that succeeded.
    pub failures: u32,
    /// The instant at which it was added.
    pub created_at: Instant,
    /// The instant of the last change.
    pub updated_at: Instant,
}

//! What is to be said to others: webhooks and mails, stored in the transaction of what they tell
//! of, so that a crash loses none. Rule: spec/exports.md §8.

use model::id::ProviderId;
use model::time::Instant;

use crate::error::StoreError;

/// So many deliveries wait for one webhook, and so many for all mailboxes of one provider. What
/// comes beyond is kept as given up: it is seen in the log, and can be sent from there.
pub const WAITING_MAX: u64 = 1000;

/// What the log says of those.
pub(crate) const TOO_MANY_WAIT: &str = "Too many notices wait already.";

/// The outbox and the places that notices go to. Blocking; never waits for an import.
pub trait NoticeStore: Send + Sync {
    /// Adds a webhook; the secret is kept as it is.
    fn create_webhook(&self, new: &NewWebhook, now: Instant) -> Result<WebhookStart, StoreError>;

    /// Webhooks of a provider, by id.
    fn webhooks(&self, provider: ProviderId) -> Result<Vec<Webhook>, StoreError>;

    /// One webhook of a provider.
    fn webhook(&self, provider: ProviderId, id: i64) -> Result<Option<Webhook>, StoreError>;

    /// Replaces everything but id, secret, failures and `created_at`; false when there is none, or
    /// [`StoreError::Exists`] when another one of the provider has the URL.
    fn update_webhook(&self, webhook: &Webhook, now: Instant) -> Result<bool, StoreError>;

    /// Gives a webhook another secret; false when there is none.
    fn replace_webhook_secret(
        &self,
        provider: ProviderId,
        id: i64,
        secret: &str,
        now: Instant,
    ) -> Result<bool, StoreError>;

    /// Removes a webhook with its deliveries, sent or not; false when there is none.
    fn delete_webhook(&self, provider: ProviderId, id: i64) -> Result<bool, StoreError>;

    /// Takes a delivery that is due and that nobody works on. One whose lease lapsed is taken
    /// again; whether its webhook is enabled now is for the claimant to look at.
    ///
    /// Fair: of the providers with something due and with fewer than
    /// [`DeliveryClaim::under_way_per_provider_max`] under way, the one with the fewest under way
    /// comes first, then the one served longest ago, whose delivery due longest is taken. To one
    /// webhook one delivery is under way at a time, and none while it rests.
    fn claim_delivery(
        &self,
        claim: &DeliveryClaim<'_>,
        now: Instant,
    ) -> Result<Option<Delivery>, StoreError>;

    /// Stores how an attempt to deliver ended, and until when its webhook rests. False when
    /// another worker has taken it since.
    fn finish_delivery(
        &self,
        worker: &str,
        id: i64,
        result: &DeliveryResult,
        now: Instant,
    ) -> Result<bool, StoreError>;

    /// When the next delivery is due; none when nothing waits.
    fn next_delivery_at(&self) -> Result<Option<Instant>, StoreError>;

    /// Deliveries to a webhook, newest first, and how many there are in all.
    fn deliveries(
        &self,
        provider: ProviderId,
        webhook: i64,
        offset: u64,
        limit: u64,
    ) -> Result<(u64, Vec<Delivery>), StoreError>;

    /// One delivery to a webhook.
    fn delivery(
        &self,
        provider: ProviderId,
        webhook: i64,
        id: i64,
    ) -> Result<Option<Delivery>, StoreError>;

    /// Queues the same event once more, to be sent at once: its webhook rests no more.
    fn redeliver(
        &self,
        provider: ProviderId,
        webhook: i64,
        id: i64,
        now: Instant,
    ) -> Result<Redelivery, StoreError>;

    /// How many deliveries of all providers wait or are under way.
    fn waiting_deliveries(&self, lane: Lane) -> Result<u64, StoreError>;

    /// Forgets deliveries that ended before `before`; answers how many. Bounded work per call.
    fn sweep_deliveries(&self, before: Instant) -> Result<u64, StoreError>;
}

/// A way for notices; what is slow on one does not hold up the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lane {
    /// To webhooks.
    Webhook,
    /// To mailboxes.
    Mail,
}

impl Lane {
    /// Every lane.
    pub const ALL: [Self; 2] = [Self::Webhook, Self::Mail];

    /// Its name, as it is stored and as figures name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Mail => "mail",
        }
    }
}

/// Who takes a delivery, and within which bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliveryClaim<'c> {
    /// Where it goes.
    pub lane: Lane,
    /// Name of the worker, one per process.
    pub worker: &'c str,
    /// A provider with so many under way on this lane is passed over.
    pub under_way_per_provider_max: u64,
    /// Until when the attempt is believed to be under way.
    pub lease_until: Instant,
}

/// How queueing an event once more went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redelivery {
    /// It waits.
    Queued(Box<Delivery>),
    /// [`WAITING_MAX`] wait for the webhook already.
    TooManyWait,
    /// There is no such delivery.
    Unknown,
}

/// Something to be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewNotice {
    /// To every enabled webhook of the provider that wants events of this type.
    Event {
        /// `evt_…`, the same over all receivers and attempts.
        id: String,
        /// `export.completed`.
        event_type: String,
        /// The body, to the byte.
        payload: String,
    },
    /// To one mailbox.
    Mail {
        /// The id of the event that it tells of.
        event_id: String,
        /// `export.completed` or `export.failed`.
        event_type: String,
        /// The mailbox.
        to: String,
        /// What the mail is made from, as JSON that only its sender reads.
        payload: String,
    },
}

/// Where a delivery goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receiver {
    /// To a webhook, as it is now.
    Webhook(Webhook),
    /// To a mailbox.
    Mailbox(String),
}

/// One event for one receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its number.
    pub id: i64,
    /// Whose event it is.
    pub provider: ProviderId,
    /// Where it goes.
    pub receiver: Receiver,
    /// Id of the event.
    pub event_id: String,
    /// Its type.
    pub event_type: String,
    /// The body, or what the mail is made from.
    pub payload: String,
    /// Attempts begun.
    pub attempt: u32,
    /// How the last attempt ended: `PENDING`, `OK`, `ERR-3xx`, `ERR-4xx`, `ERR-5xx`, `ERR-NET`.
    pub state: String,
    /// Status that the last attempt was answered with.
    pub status_code: Option<u16>,
    /// What went wrong, for people.
    pub error: Option<String>,
    /// How long the last attempt took.
    pub duration_ms: Option<u64>,
    /// When the event was.
    pub created_at: Instant,
    /// When it is tried next; none when it will not be.
    pub next_attempt_at: Option<Instant>,
}

/// How an attempt to deliver ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryResult {
    /// `OK`, `ERR-3xx`, `ERR-4xx`, `ERR-5xx`, `ERR-NET`.
    pub state: String,
    /// Status of the answer.
    pub status_code: Option<u16>,
    /// What went wrong.
    pub error: Option<String>,
    /// How long it took.
    pub duration_ms: u64,
    /// When to try again; none = delivered, or given up.
    pub next_attempt_at: Option<Instant>,
    /// Until when its webhook gets nothing else.
    pub rests_until: Option<Instant>,
}

/// A webhook to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewWebhook {
    /// Whose events it gets.
    pub provider: ProviderId,
    /// Where it listens; unique per provider.
    pub url: String,
    /// For people.
    pub description: Option<String>,
    /// Types of events in dotted form: `export.completed`.
    pub events: Vec<String>,
    /// Whether it gets every type, those of later versions too.
    pub has_all_events: bool,
    /// What its signatures are made with.
    pub secret: String,
    /// So many webhooks a provider may have.
    pub count_max: u64,
}

/// How adding a webhook went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebhookStart {
    /// It is there.
    Created(Webhook),
    /// The provider has another one with this URL.
    UrlTaken,
    /// The provider has as many as it may.
    TooMany,
}

/// A webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its number.
    pub id: i64,
    /// Whose events it gets.
    pub provider: ProviderId,
    /// Where it listens.
    pub url: String,
    /// For people.
    pub description: Option<String>,
    /// Types of events in dotted form.
    pub events: Vec<String>,
    /// Whether it gets every type.
    pub has_all_events: bool,
    /// Whether it gets anything at all.
    pub is_enabled: bool,
    /// What its signatures are made with. Never shown.
    pub secret: String,
    /// Attempts that failed since the last one that did not.
    pub failures: u32,
    /// When it was added.
    pub created_at: Instant,
    /// When it was last changed.
    pub updated_at: Instant,
}

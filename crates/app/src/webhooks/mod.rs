//! The webhooks of a provider: creation, changes, tests and deliveries. Rule: spec/exports.md §8.1.
//!
//! | module | holds |
//! | --- | --- |
//! | `fields` | the fields of a request body |
//! | `events` | types of events, in both spellings |
//! | `show` | the JSON of webhooks and deliveries |

pub mod events;
mod fields;
mod show;

use model::clock::Clock;
use model::id::ProviderId;
use reports::request::FieldErrors;
use serde_json::{Map, Value, json};
use store::port::notices::{
    DeliveryResult, NewWebhook, Redelivery, WAITING_MAX, Webhook, WebhookStart,
};
use store::{Store, StoreError};

use self::fields::WebhookFields;
use crate::error::{ApiError, ErrorCode, NON_FIELD_ERRORS};
use crate::notify::{self, WebhookMessage};
use crate::settings::WebhookSettings;

/// The largest number of webhooks per provider.
const COUNT_MAX: u64 = 10;
/// The HTTP status that a test request must be answered with.
const TEST_STATUS: u16 = 200;
/// The event type of a test request.
const TEST_TYPE: &str = "webhook.test";

/// The reason why a webhook operation failed.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// The fields are wrong.
    #[error("the webhook is refused")]
    Refused(FieldErrors),
    /// There is no such webhook or delivery.
    #[error("there is no such webhook or delivery")]
    Unknown,
    /// The webhook is disabled.
    #[error("the webhook is disabled: enable it first")]
    Disabled,
    /// The largest number of deliveries already waits for the webhook.
    #[error("as many deliveries wait for the webhook as may: send it again when some are done")]
    TooManyWait,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<WebhookError> for ApiError {
    fn from(error: WebhookError) -> Self {
        match error {
            WebhookError::Refused(fields) => Self::parameters(fields),
            WebhookError::Unknown => Self::not_found(),
            WebhookError::Disabled => {
                Self::new(ErrorCode::Conflict, "The webhook is disabled: enable it first.")
            }
            WebhookError::TooManyWait => {
                let message = format!(
                    "{WAITING_MAX} deliveries wait for the webhook already: send it again when \
                     some are done."
                );
                Self::new(ErrorCode::Conflict, message)
            }
            WebhookError::Store(error) => Self::from_store_error(error),
        }
    }
}

fn refused(field: &str, message: impl Into<String>) -> WebhookError {
    let mut fields = FieldErrors::default();
    fields.push(field, message);
    WebhookError::Refused(fields)
}

/// The webhooks of one provider. Blocking.
pub struct Webhooks<'w> {
    store: &'w dyn Store,
    clock: &'w dyn Clock,
    settings: &'w WebhookSettings,
    provider: ProviderId,
}

impl<'w> Webhooks<'w> {
    /// Creates the operations on the webhooks of a provider, which must exist.
    pub fn for_provider(
        provider: ProviderId,
        store: &'w dyn Store,
        clock: &'w dyn Clock,
        settings: &'w WebhookSettings,
    ) -> Self {
        Self { store, clock, settings, provider }
    }

    /// Returns all webhooks by id.
    pub fn list(&self) -> Result<Vec<Value>, WebhookError> {
        let webhooks = self.store.webhooks(self.provider)?;
        Ok(webhooks.iter().map(show::webhook).collect())
    }

    /// Returns one webhook.
    pub fn show(&self, id: i64) -> Result<Value, WebhookError> {
        Ok(show::webhook(&self.find(id)?))
    }

    /// Creates a webhook, whose URL must answer a test request. Only this answer shows the secret.
    pub fn create(&self, body: &Map<String, Value>) -> Result<Value, WebhookError> {
        let mut errors = FieldErrors::default();
        let fields = WebhookFields::read(body, &mut errors);
        if !body.contains_key("url") {
            errors.push("url", "The url field is required.");
        }
        let new = NewWebhook {
            provider: self.provider,
            url: fields.url.unwrap_or_default(),
            description: fields.description.filter(|text| !text.is_empty()),
            events: fields.events.unwrap_or_default(),
            has_all_events: fields.has_all_events.unwrap_or(false),
            secret: notify::new_secret(),
            count_max: COUNT_MAX,
        };
        self.check(&new.url, &mut errors);
        check_events(&new.events, new.has_all_events, &mut errors);
        if !errors.is_empty() {
            return Err(WebhookError::Refused(errors));
        }
        let others = self.store.webhooks(self.provider)?;
        if others.iter().any(|other| other.url == new.url) {
            return Err(url_taken());
        }
        if others.len() as u64 >= COUNT_MAX {
            return Err(too_many());
        }
        self.check_answers_test(&new.url, &new.secret)?;
        let now = self.clock.now();
        let mut webhook = match self.store.create_webhook(&new, now)? {
            WebhookStart::Created(webhook) => webhook,
            WebhookStart::UrlTaken => return Err(url_taken()),
            WebhookStart::TooMany => return Err(too_many()),
        };
        if fields.is_enabled == Some(false) {
            webhook.is_enabled = false;
            self.store.update_webhook(&webhook, now)?;
        }
        Ok(show::with_secret(&webhook))
    }

    /// Changes the fields that the body has. A new URL must answer a test request first.
    pub fn change(&self, id: i64, body: &Map<String, Value>) -> Result<Value, WebhookError> {
        let old = self.find(id)?;
        let mut errors = FieldErrors::default();
        let fields = WebhookFields::read(body, &mut errors);
        let new = Webhook {
            url: fields.url.unwrap_or_else(|| old.url.clone()),
            description: match fields.description {
                None => old.description.clone(),
                Some(text) => Some(text).filter(|text| !text.is_empty()),
            },
            events: fields.events.unwrap_or_else(|| old.events.clone()),
            has_all_events: fields.has_all_events.unwrap_or(old.has_all_events),
            is_enabled: fields.is_enabled.unwrap_or(old.is_enabled),
            ..old.clone()
        };
        let is_elsewhere = new.url != old.url;
        if is_elsewhere {
            self.check(&new.url, &mut errors);
        }
        check_events(&new.events, new.has_all_events, &mut errors);
        if !errors.is_empty() {
            return Err(WebhookError::Refused(errors));
        }
        if is_elsewhere {
            let others = self.store.webhooks(self.provider)?;
            if others.iter().any(|other| other.url == new.url) {
                return Err(url_taken());
            }
            self.check_answers_test(&new.url, &new.secret)?;
        }
        match self.store.update_webhook(&new, self.clock.now()) {
            Ok(true) => self.show(id),
            Ok(false) => Err(WebhookError::Unknown),
            Err(StoreError::Exists { .. }) => Err(url_taken()),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes a webhook and its deliveries.
    pub fn remove(&self, id: i64) -> Result<(), WebhookError> {
        if self.store.delete_webhook(self.provider, id)? {
            Ok(())
        } else {
            Err(WebhookError::Unknown)
        }
    }

    /// Replaces the secret of a webhook. Only this answer shows it.
    pub fn rotate_secret(&self, id: i64) -> Result<Value, WebhookError> {
        let (secret, now) = (notify::new_secret(), self.clock.now());
        if self.store.replace_webhook_secret(self.provider, id, &secret, now)? {
            Ok(show::with_secret(&self.find(id)?))
        } else {
            Err(WebhookError::Unknown)
        }
    }

    /// Sends a test request to a webhook and returns the result.
    pub fn test(&self, id: i64) -> Result<Value, WebhookError> {
        let webhook = self.find(id)?;
        Ok(show::test(&self.send_test(&webhook.url, &webhook.secret)))
    }

    /// Returns the number of deliveries to a webhook, and one page of them, newest first.
    pub fn deliveries(
        &self,
        id: i64,
        offset: u64,
        limit: u64,
    ) -> Result<(u64, Vec<Value>), WebhookError> {
        self.find(id)?;
        let (count, found) = self.store.deliveries(self.provider, id, offset, limit)?;
        Ok((count, found.iter().map(show::delivery).collect()))
    }

    /// Returns one delivery with its payload.
    pub fn delivery(&self, id: i64, delivery: i64) -> Result<Value, WebhookError> {
        let found = self.store.delivery(self.provider, id, delivery)?;
        Ok(show::with_payload(&found.ok_or(WebhookError::Unknown)?))
    }

    /// Queues the same event once more, with the same id.
    pub fn redeliver(&self, id: i64, delivery: i64) -> Result<Value, WebhookError> {
        if !self.find(id)?.is_enabled {
            return Err(WebhookError::Disabled);
        }
        let now = self.clock.now();
        match self.store.redeliver(self.provider, id, delivery, now)? {
            Redelivery::Queued(again) => Ok(show::delivery(&again)),
            Redelivery::TooManyWait => Err(WebhookError::TooManyWait),
            Redelivery::Unknown => Err(WebhookError::Unknown),
        }
    }

    fn find(&self, id: i64) -> Result<Webhook, WebhookError> {
        self.store.webhook(self.provider, id)?.ok_or(WebhookError::Unknown)
    }

    fn check(&self, url: &str, errors: &mut FieldErrors) {
        if errors.0.contains_key("url") {
            return;
        }
        if let Err(problem) = notify::check_target(url, self.settings) {
            errors.push("url", format!("The url {problem}."));
        }
    }

    fn check_answers_test(&self, url: &str, secret: &str) -> Result<(), WebhookError> {
        let result = self.send_test(url, secret);
        let must = "The url must answer 200 to a test request";
        match (result.status_code, result.error) {
            (Some(TEST_STATUS), _) => Ok(()),
            (Some(status), _) => Err(refused("url", format!("{must}, but it answered {status}."))),
            (None, problem) => {
                let problem = problem.unwrap_or_default();
                Err(refused("url", format!("{must}, but it did not answer: {problem}.")))
            }
        }
    }

    fn send_test(&self, url: &str, secret: &str) -> DeliveryResult {
        let (event_id, now_s) = (notify::new_event_id(), self.clock.now().seconds());
        let payload = json!({
            "type": TEST_TYPE,
            "id": event_id,
            "created": now_s,
            "data": {"object": {"url": url}},
        });
        let payload = payload.to_string();
        let letter = WebhookMessage { url, secret, event_id: &event_id, payload: &payload, now_s };
        notify::send_to_webhook(&letter, self.settings)
    }
}

fn check_events(events: &[String], has_all: bool, errors: &mut FieldErrors) {
    if events.is_empty() && !has_all && !errors.0.contains_key("events") {
        errors.push("events", "The events field is required unless all_events_enabled is true.");
    }
}

fn url_taken() -> WebhookError {
    refused("url", "The url has already been taken.")
}

fn too_many() -> WebhookError {
    refused(NON_FIELD_ERRORS, format!("An account may have at most {COUNT_MAX} webhooks."))
}

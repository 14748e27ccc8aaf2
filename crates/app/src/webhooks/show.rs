//! The JSON of webhooks and deliveries. Rule: spec/exports.md §8.1.

use model::time::Instant;
use serde_json::{Value, json};
use store::port::notices::{Delivery, DeliveryResult, Webhook};

use super::{events, fields};

/// Returns the JSON of a webhook without its secret.
pub(super) fn webhook(webhook: &Webhook) -> Value {
    let events: Vec<String> =
        webhook.events.iter().map(|name| events::snake_case_name(name)).collect();
    json!({
        "id": webhook.id,
        "url": webhook.url,
        "description": webhook.description,
        "events": events,
        "all_events_enabled": webhook.has_all_events,
        "status": fields::status(webhook.is_enabled),
        "created_at": webhook.created_at.seconds(),
        "updated_at": webhook.updated_at.seconds(),
    })
}

/// Returns the JSON of a webhook with its secret, for the only answer that shows it.
pub(super) fn with_secret(webhook: &Webhook) -> Value {
    let mut shown = self::webhook(webhook);
    shown["secret"] = json!(webhook.secret);
    shown
}

/// Returns the JSON of a delivery for the list.
pub(super) fn delivery(delivery: &Delivery) -> Value {
    json!({
        "id": delivery.id,
        "event_id": delivery.event_id,
        "type": delivery.event_type,
        "attempt": delivery.attempt,
        "state": delivery.state,
        "status_code": delivery.status_code,
        "error": delivery.error,
        "duration_ms": delivery.duration_ms,
        "created_at": delivery.created_at.seconds(),
        "next_attempt_at": delivery.next_attempt_at.map(Instant::seconds),
    })
}

/// Returns the JSON of a delivery with its payload.
pub(super) fn with_payload(delivery: &Delivery) -> Value {
    let mut shown = self::delivery(delivery);
    shown["payload"] = serde_json::from_str(&delivery.payload).unwrap_or_default();
    shown
}

/// Returns the JSON of a test's result.
pub(super) fn test(result: &DeliveryResult) -> Value {
    json!({
        "state": result.state,
        "status_code": result.status_code,
        "error": result.error,
        "duration_ms": result.duration_ms,
    })
}

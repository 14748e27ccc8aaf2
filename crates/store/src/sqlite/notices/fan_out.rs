//! A notice becomes one delivery per receiver, in the transaction of what it tells of.

use model::id::ProviderId;
use model::time::Instant;
use rusqlite::Connection;

use crate::error::StoreError;
use crate::port::notices::NewNotice;
use crate::sqlite::ask;

const TO_WEBHOOKS: &str = "INSERT INTO deliveries (provider_id, webhook_id, event_id, \
        event_type, payload, created_at, next_attempt_at) \
    SELECT provider_id, id, ?2, ?3, ?4, ?5, ?5 FROM webhooks \
    WHERE provider_id = ?1 AND is_enabled = 1 AND (has_all_events = 1 \
        OR EXISTS (SELECT 1 FROM json_each(events) WHERE value = ?3)) ORDER BY id";
const TO_MAILBOX: &str = "INSERT INTO deliveries (provider_id, mailbox, event_id, event_type, \
        payload, created_at, next_attempt_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)";

/// Keeps notices in the transaction that is being written.
pub(in crate::sqlite) fn keep(
    connection: &Connection,
    provider: ProviderId,
    notices: &[NewNotice],
    now: Instant,
) -> Result<(), StoreError> {
    let (context, now) = ("keep a notice", now.micros());
    for notice in notices {
        match notice {
            NewNotice::Event { id, event_type, payload } => {
                let params = (provider.0, id, event_type, payload, now);
                ask::run(connection, context, TO_WEBHOOKS, params)?;
            }
            NewNotice::Mail { event_id, event_type, to, payload } => {
                let params = (provider.0, to, event_id, event_type, payload, now);
                ask::run(connection, context, TO_MAILBOX, params)?;
            }
        }
    }
    Ok(())
}

//! Turns a notice into one delivery per receiver, in the transaction that the notice reports on.

use model::id::ProviderId;
use model::time::Instant;
use rusqlite::Connection;

use crate::error::StoreError;
use crate::port::notices::{NewNotice, TOO_MANY_WAIT, WAITING_MAX};
use crate::sqlite::query;

/// A delivery beyond the limit is stored as failed from the start.
const TO_WEBHOOKS: &str = "INSERT INTO deliveries (provider_id, webhook_id, event_id, \
        event_type, payload, created_at, next_attempt_at, ended_at, state, error) \
    SELECT provider_id, id, ?2, ?3, ?4, ?5, iif(fits, ?5, NULL), iif(fits, NULL, ?5), \
        iif(fits, 'PENDING', 'ERR-NET'), iif(fits, NULL, ?7) \
    FROM (SELECT *, (SELECT count(*) FROM deliveries d WHERE d.webhook_id = w.id \
            AND d.next_attempt_at IS NOT NULL) < ?6 AS fits FROM webhooks w \
        WHERE provider_id = ?1 AND is_enabled = 1 AND (has_all_events = 1 \
            OR EXISTS (SELECT 1 FROM json_each(events) WHERE value = ?3))) ORDER BY id";
const TO_MAILBOX: &str = "INSERT INTO deliveries (provider_id, mailbox, event_id, event_type, \
        payload, created_at, next_attempt_at, ended_at, state, error) \
    SELECT ?1, ?2, ?3, ?4, ?5, ?6, iif(fits, ?6, NULL), iif(fits, NULL, ?6), \
        iif(fits, 'PENDING', 'ERR-NET'), iif(fits, NULL, ?8) \
    FROM (SELECT (SELECT count(*) FROM deliveries WHERE provider_id = ?1 \
        AND mailbox IS NOT NULL AND next_attempt_at IS NOT NULL) < ?7 AS fits)";

/// Stores notices in the current transaction.
pub(in crate::sqlite) fn store_notices(
    connection: &Connection,
    provider: ProviderId,
    notices: &[NewNotice],
    now: Instant,
) -> Result<(), StoreError> {
    let (context, now) = ("keep a notice", now.micros());
    for notice in notices {
        match notice {
            NewNotice::Event { id, event_type, payload } => {
                let params = (provider.0, id, event_type, payload, now, WAITING_MAX, TOO_MANY_WAIT);
                query::run(connection, context, TO_WEBHOOKS, params)?;
            }
            NewNotice::Mail { event_id, event_type, to, payload } => {
                let params = (
                    provider.0,
                    to,
                    event_id,
                    event_type,
                    payload,
                    now,
                    WAITING_MAX,
                    TOO_MANY_WAIT,
                );
                query::run(connection, context, TO_MAILBOX, params)?;
            }
        }
    }
    Ok(())
}

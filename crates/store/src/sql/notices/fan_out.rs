//! Turns a notice into one delivery per receiver, in the transaction that the notice reports on.

use model::id::ProviderId;
use model::time::Instant;

use crate::error::StoreError;
use crate::port::notices::{NewNotice, TOO_MANY_WAIT, WAITING_MAX};
use crate::sql::session::SqlSession;
use crate::sql::value::values;

/// A delivery beyond the limit is stored as failed from the start.
const TO_WEBHOOKS: &str = "INSERT INTO deliveries (provider_id, webhook_id, event_id, \
        event_type, payload, created_at, next_attempt_at, ended_at, state, error) \
    SELECT provider_id, id, {text ?2}, {text ?3}, {text ?4}, {int ?5}, \
        CASE WHEN fits THEN {int ?5} END, CASE WHEN NOT fits THEN {int ?5} END, \
        CASE WHEN fits THEN 'PENDING' ELSE 'ERR-NET' END, CASE WHEN NOT fits THEN {text ?7} END \
    FROM (SELECT *, (SELECT count(*) FROM deliveries d WHERE d.webhook_id = w.id \
            AND d.next_attempt_at IS NOT NULL) < {int ?6} AS fits FROM webhooks w \
        WHERE provider_id = ?1 AND is_enabled AND (has_all_events OR {has events ?3})) w \
    ORDER BY id";
const TO_MAILBOX: &str = "INSERT INTO deliveries (provider_id, mailbox, event_id, event_type, \
        payload, created_at, next_attempt_at, ended_at, state, error) \
    SELECT {int ?1}, {text ?2}, {text ?3}, {text ?4}, {text ?5}, {int ?6}, \
        CASE WHEN fits THEN {int ?6} END, CASE WHEN NOT fits THEN {int ?6} END, \
        CASE WHEN fits THEN 'PENDING' ELSE 'ERR-NET' END, CASE WHEN NOT fits THEN {text ?8} END \
    FROM (SELECT (SELECT count(*) FROM deliveries WHERE provider_id = ?1 \
        AND mailbox IS NOT NULL AND next_attempt_at IS NOT NULL) < {int ?7} AS fits) room";

/// Stores notices in the current transaction.
pub(crate) fn store_notices(
    session: &dyn SqlSession,
    provider: ProviderId,
    notices: &[NewNotice],
    now: Instant,
) -> Result<(), StoreError> {
    let context = "keep a notice";
    for notice in notices {
        match notice {
            NewNotice::Event { id, event_type, payload } => {
                let params =
                    values![provider.0, id, event_type, payload, now, WAITING_MAX, TOO_MANY_WAIT];
                session.run(context, TO_WEBHOOKS, params)?;
            }
            NewNotice::Mail { event_id, event_type, to, payload } => {
                let params = values![
                    provider.0,
                    to,
                    event_id,
                    event_type,
                    payload,
                    now,
                    WAITING_MAX,
                    TOO_MANY_WAIT
                ];
                session.run(context, TO_MAILBOX, params)?;
            }
        }
    }
    Ok(())
}

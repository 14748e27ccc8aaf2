//! Turns a notice into one delivery per receiver, in the transaction that the notice reports on.

use model::id::ProviderId;
use model::time::Instant;

use crate::error::StoreError;
use crate::port::notices::{NewNotice, TOO_MANY_WAIT, WAITING_MAX};
use crate::postgres::connections::PostgresSession;
use crate::postgres::row::to_signed;

/// A delivery beyond the limit is stored as failed from the start.
const TO_WEBHOOKS: &str = "INSERT INTO deliveries (provider_id, webhook_id, event_id, \
        event_type, payload, created_at, next_attempt_at, ended_at, state, error) \
    SELECT provider_id, id, $2::text, $3::text, $4::text, $5::bigint, \
        CASE WHEN fits THEN $5::bigint END, CASE WHEN NOT fits THEN $5::bigint END, \
        CASE WHEN fits THEN 'PENDING' ELSE 'ERR-NET' END, CASE WHEN NOT fits THEN $7::text END \
    FROM (SELECT *, (SELECT count(*) FROM deliveries d WHERE d.webhook_id = w.id \
            AND d.next_attempt_at IS NOT NULL) < $6::bigint AS fits FROM webhooks w \
        WHERE provider_id = $1 AND is_enabled AND (has_all_events OR events::jsonb ? $3)) w \
    ORDER BY id";
const TO_MAILBOX: &str = "INSERT INTO deliveries (provider_id, mailbox, event_id, event_type, \
        payload, created_at, next_attempt_at, ended_at, state, error) \
    SELECT $1::bigint, $2::text, $3::text, $4::text, $5::text, $6::bigint, \
        CASE WHEN fits THEN $6::bigint END, CASE WHEN NOT fits THEN $6::bigint END, \
        CASE WHEN fits THEN 'PENDING' ELSE 'ERR-NET' END, CASE WHEN NOT fits THEN $8::text END \
    FROM (SELECT (SELECT count(*) FROM deliveries WHERE provider_id = $1 \
        AND mailbox IS NOT NULL AND next_attempt_at IS NOT NULL) < $7::bigint AS fits) room";

/// Stores notices in the current transaction.
pub(in crate::postgres) fn store_notices(
    session: &PostgresSession<'_>,
    provider: ProviderId,
    notices: &[NewNotice],
    now: Instant,
) -> Result<(), StoreError> {
    let (context, now, waiting_max) = ("keep a notice", now.micros(), to_signed(WAITING_MAX));
    for notice in notices {
        match notice {
            NewNotice::Event { id, event_type, payload } => {
                let params: &[&(dyn tokio_postgres::types::ToSql + Sync)] =
                    &[&provider.0, id, event_type, payload, &now, &waiting_max, &TOO_MANY_WAIT];
                session.run(context, TO_WEBHOOKS, params)?;
            }
            NewNotice::Mail { event_id, event_type, to, payload } => {
                let params: &[&(dyn tokio_postgres::types::ToSql + Sync)] = &[
                    &provider.0,
                    to,
                    event_id,
                    event_type,
                    payload,
                    &now,
                    &waiting_max,
                    &TOO_MANY_WAIT,
                ];
                session.run(context, TO_MAILBOX, params)?;
            }
        }
    }
    Ok(())
}

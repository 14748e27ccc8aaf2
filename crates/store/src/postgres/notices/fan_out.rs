//! A notice becomes one delivery per receiver, in the transaction of what it tells of.

use model::id::ProviderId;
use model::time::Instant;

use crate::error::StoreError;
use crate::port::notices::NewNotice;
use crate::postgres::engine::Session;

const TO_WEBHOOKS: &str = "INSERT INTO deliveries (provider_id, webhook_id, event_id, \
        event_type, payload, created_at, next_attempt_at) \
    SELECT provider_id, id, $2::text, $3::text, $4::text, $5::bigint, $5::bigint FROM webhooks \
    WHERE provider_id = $1 AND is_enabled AND (has_all_events OR events::jsonb ? $3) ORDER BY id";
const TO_MAILBOX: &str = "INSERT INTO deliveries (provider_id, mailbox, event_id, event_type, \
        payload, created_at, next_attempt_at) VALUES ($1, $2, $3, $4, $5, $6, $6)";

/// Keeps notices in the transaction that is being written.
pub(in crate::postgres) fn keep(
    session: &Session<'_>,
    provider: ProviderId,
    notices: &[NewNotice],
    now: Instant,
) -> Result<(), StoreError> {
    let (context, now) = ("keep a notice", now.micros());
    for notice in notices {
        match notice {
            NewNotice::Event { id, event_type, payload } => {
                let params: &[&(dyn tokio_postgres::types::ToSql + Sync)] =
                    &[&provider.0, id, event_type, payload, &now];
                session.run(context, TO_WEBHOOKS, params)?;
            }
            NewNotice::Mail { event_id, event_type, to, payload } => {
                let params: &[&(dyn tokio_postgres::types::ToSql + Sync)] =
                    &[&provider.0, to, event_id, event_type, payload, &now];
                session.run(context, TO_MAILBOX, params)?;
            }
        }
    }
    Ok(())
}

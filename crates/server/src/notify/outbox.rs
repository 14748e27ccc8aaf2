//! The loops that take what is due, and when it is tried again.

use std::sync::Arc;
use std::time::Duration;

use model::time::Instant;
use rand::RngExt;
use store::StoreError;
use store::port::notices::{Delivery, DeliveryResult, Receiver};
use tokio::sync::watch;

use super::mail::{self, Mail};
use super::webhook::{self, Letter};
use crate::app::App;
use crate::crash;

/// Seconds between the attempts at a webhook; after the last one it is given up.
const WEBHOOK_PAUSES_S: [i64; 7] = [30, 120, 600, 3600, 3 * 3600, 8 * 3600, 24 * 3600];
/// The same for a mail: five attempts over two hours.
const MAIL_PAUSES_S: [i64; 4] = [60, 600, 1800, 4800];
/// A pause is longer or shorter by so much, so that receivers that come back are not met by all.
const JITTER: f64 = 0.1;
/// How long an attempt is believed to be under way.
const LEASE_S: i64 = 60;
/// How long the loop waits when nothing is due; what is stored here wakes it earlier.
const NAP: Duration = Duration::from_secs(1);

/// Sends what is due, until told to stop.
pub(crate) async fn send_all(app: App, worker: Arc<str>, mut stopping: watch::Receiver<bool>) {
    while !*stopping.borrow() {
        let woken = app.notice_bell().notified();
        let (sender, name) = (app.clone(), Arc::clone(&worker));
        let sent = tokio::task::spawn_blocking(move || send_next(&sender, &name)).await;
        let is_idle = match sent {
            Ok(Ok(is_sent)) => !is_sent,
            Ok(Err(error)) => {
                crate::error::log(error.code(), &error);
                true
            }
            Err(failed) if failed.is_panic() => std::panic::resume_unwind(failed.into_panic()),
            Err(_) => true,
        };
        if is_idle {
            tokio::select! {
                () = woken => {}
                () = tokio::time::sleep(NAP) => {}
                _ = stopping.changed() => {}
            }
        }
    }
}

/// Sends one notice; false when none is due.
fn send_next(app: &App, worker: &str) -> Result<bool, StoreError> {
    let now = app.clock().now();
    let claimed = app.store().claim_delivery(worker, now.plus_seconds(LEASE_S), now)?;
    let Some(delivery) = claimed else { return Ok(false) };
    crash::point("notice_taken");
    let (result, pauses) = match &delivery.receiver {
        Receiver::Webhook(webhook) if !webhook.is_enabled => {
            (unsent("The webhook was disabled before it was sent."), &[][..])
        }
        Receiver::Webhook(webhook) => {
            let letter = Letter {
                url: &webhook.url,
                secret: &webhook.secret,
                event_id: &delivery.event_id,
                payload: &delivery.payload,
                now_s: now.micros().div_euclid(1_000_000),
            };
            (webhook::deliver(&letter, &app.settings().webhooks), &WEBHOOK_PAUSES_S[..])
        }
        Receiver::Mailbox(to) => (post(app, &delivery, to), &MAIL_PAUSES_S[..]),
    };
    let result = with_next_attempt(result, delivery.attempt, pauses, app.clock().now());
    report(&delivery, &result);
    crash::point("notice_sent");
    app.store().finish_delivery(worker, delivery.id, &result, app.clock().now())?;
    crash::point("notice_noted");
    Ok(true)
}

fn post(app: &App, delivery: &Delivery, to: &str) -> DeliveryResult {
    match serde_json::from_str::<Mail>(&delivery.payload) {
        Ok(mail) => mail::send(&mail, to, &delivery.event_id, &app.settings().smtp),
        Err(error) => unsent(error),
    }
}

/// What is noted when there was nothing to ask anybody.
fn unsent(reason: impl ToString) -> DeliveryResult {
    DeliveryResult {
        state: "ERR-NET".to_owned(),
        status_code: None,
        error: Some(reason.to_string()),
        duration_ms: 0,
        next_attempt_at: None,
    }
}

/// The result, with the instant of the next attempt unless it is over.
fn with_next_attempt(
    result: DeliveryResult,
    attempt: u32,
    pauses_s: &[i64],
    now: Instant,
) -> DeliveryResult {
    let pause_s = pauses_s.get(attempt.saturating_sub(1) as usize);
    let next_attempt_at = pause_s.filter(|_| result.state != "OK").map(|pause_s| {
        let jitter = rand::rng().random_range(1.0 - JITTER..=1.0 + JITTER);
        now.plus_seconds((*pause_s as f64 * jitter) as i64)
    });
    DeliveryResult { next_attempt_at, ..result }
}

fn report(delivery: &Delivery, result: &DeliveryResult) {
    tracing::info!(
        delivery = delivery.id,
        event = delivery.event_id,
        event_type = delivery.event_type,
        provider = delivery.provider.0,
        attempt = delivery.attempt,
        state = result.state,
        duration_ms = result.duration_ms,
        "notice"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_tried_again_later_and_later_and_then_no_more() {
        let now = Instant::from_seconds(1_000_000).unwrap();
        let failed = || DeliveryResult {
            state: "ERR-5xx".to_owned(),
            status_code: Some(500),
            error: None,
            duration_ms: 1,
            next_attempt_at: None,
        };
        for (attempt, pause_s) in [(1, 30), (2, 120), (7, 86_400)] {
            let next = with_next_attempt(failed(), attempt, &WEBHOOK_PAUSES_S, now);
            let wait_s = (next.next_attempt_at.unwrap().micros() - now.micros()) / 1_000_000;
            assert!((wait_s - pause_s).abs() <= pause_s / 10 + 1, "{attempt}: {wait_s}");
        }
        assert_eq!(with_next_attempt(failed(), 8, &WEBHOOK_PAUSES_S, now).next_attempt_at, None);
        let over: i64 = MAIL_PAUSES_S.iter().sum();
        assert_eq!((MAIL_PAUSES_S.len(), over <= 7500), (4, true));
        let fine = DeliveryResult { state: "OK".to_owned(), ..failed() };
        assert_eq!(with_next_attempt(fine, 1, &WEBHOOK_PAUSES_S, now).next_attempt_at, None);
    }
}

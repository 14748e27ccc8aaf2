//! The loops that send due notices, and the times of further attempts.

use std::sync::Arc;
use std::time::Duration;

use model::time::Instant;
use rand::RngExt;
use store::port::notices::{
    Delivery, DeliveryChannel, DeliveryClaim, DeliveryReceiver, DeliveryResult,
};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::mail::{self, ExportMail};
use super::webhook::{self, WebhookMessage};
use crate::app::App;
use store::crash;

/// The state of a successful delivery.
const DELIVERED: &str = "OK";
/// Seconds between the attempts at a webhook. After the last attempt the delivery is given up.
const WEBHOOK_PAUSES_S: [i64; 7] = [30, 120, 600, 3600, 3 * 3600, 8 * 3600, 24 * 3600];
/// Seconds between the attempts at a mail: five attempts within about two hours.
const MAIL_PAUSES_S: [i64; 4] = [60, 600, 1800, 4800];
/// The share by which a pause is randomly lengthened or shortened, so that a receiver that comes
/// back does not get all deliveries at once.
const JITTER: f64 = 0.1;
/// Seconds after which another worker may take a delivery over. Longer than any attempt takes.
const LEASE_S: i64 = 60;
/// The wait of an idle loop before it asks the store again. A notice stored by this process wakes
/// it earlier.
const DELIVERY_POLL_INTERVAL: Duration = Duration::from_secs(1);
/// Seconds for which a webhook gets no further deliveries after one, two, three, four or more
/// failures in a row, so that a dead receiver does not use up its provider's share.
const WEBHOOK_RESTS_S: [i64; 4] = [1, 5, 30, 120];

/// Returns the number of notices of a lane that one process sends at once.
fn at_once_max(lane: DeliveryChannel) -> usize {
    match lane {
        DeliveryChannel::Webhook => 16,
        DeliveryChannel::Mail => 4,
    }
}

/// Returns the number of notices of a lane that are sent at once for one provider. The limit keeps
/// slow receivers of one provider from delaying those of others.
fn at_once_per_provider_max(lane: DeliveryChannel) -> u64 {
    match lane {
        DeliveryChannel::Webhook => 4,
        DeliveryChannel::Mail => 2,
    }
}

/// Sends due notices of a lane until told to stop, then waits for the running deliveries.
pub(crate) async fn run_delivery_loop(
    app: App,
    lane: DeliveryChannel,
    worker: Arc<str>,
    mut stopping: watch::Receiver<bool>,
) {
    let mut under_way = JoinSet::new();
    while !*stopping.borrow() {
        let woken = app.notice_wakeup().notified();
        let taken = if under_way.len() < at_once_max(lane) {
            claim_delivery(&app, lane, &worker).await
        } else {
            None
        };
        if let Some(delivery) = taken {
            let (sender, name) = (app.clone(), Arc::clone(&worker));
            under_way.spawn_blocking(move || deliver_notice(&sender, &name, &delivery));
            continue;
        }
        tokio::select! {
            () = woken => {}
            () = tokio::time::sleep(DELIVERY_POLL_INTERVAL) => {}
            // A delivery has ended, so another one may be claimed.
            Some(_) = under_way.join_next() => {}
            _ = stopping.changed() => {}
        }
    }
    while under_way.join_next().await.is_some() {}
}

/// Claims the next delivery, or returns `None` if none may be sent now. A failure of the store is
/// logged.
async fn claim_delivery(app: &App, lane: DeliveryChannel, worker: &Arc<str>) -> Option<Delivery> {
    let (app, worker) = (app.clone(), Arc::clone(worker));
    let taking = tokio::task::spawn_blocking(move || {
        let now = app.clock().now();
        let claim = DeliveryClaim {
            channel: lane,
            worker: &worker,
            under_way_per_provider_max: at_once_per_provider_max(lane),
            lease_until: now.plus_seconds(LEASE_S),
        };
        app.store().claim_delivery(&claim, now)
    });
    match taking.await {
        Ok(Ok(taken)) => taken,
        Ok(Err(error)) => {
            crate::error::log_error(error.code(), &error);
            None
        }
        Err(_) => None,
    }
}

/// Sends one notice and stores the result. Blocking.
fn deliver_notice(app: &App, worker: &str, delivery: &Delivery) {
    let now = app.clock().now();
    crash::point("notice_taken");
    let (result, plan) = match &delivery.receiver {
        DeliveryReceiver::Webhook(webhook) if !webhook.is_enabled => {
            (unsent_result("The webhook was disabled before it was sent."), RetryPlan::default())
        }
        DeliveryReceiver::Webhook(webhook) => {
            let letter = WebhookMessage {
                url: &webhook.url,
                secret: &webhook.secret,
                event_id: &delivery.event_id,
                payload: &delivery.payload,
                now_s: now.seconds(),
            };
            let rest_s = rest_s(webhook.failures);
            let plan = RetryPlan { pauses_s: &WEBHOOK_PAUSES_S, rest_s: Some(rest_s) };
            (webhook::send_to_webhook(&letter, &app.settings().webhooks), plan)
        }
        DeliveryReceiver::Mailbox(to) => {
            (deliver_mail(app, delivery, to), RetryPlan { pauses_s: &MAIL_PAUSES_S, rest_s: None })
        }
    };
    let result = with_next_attempt(result, delivery.attempt, &plan, app.clock().now());
    record_attempt(app, delivery, &result);
    crash::point("notice_sent");
    let noted = app.store().finish_delivery(worker, delivery.id, &result, app.clock().now());
    if let Err(error) = noted {
        crate::error::log_error(error.code(), &error);
    }
    crash::point("notice_noted");
}

/// The rules that apply after a failed attempt.
#[derive(Debug, Default)]
struct RetryPlan {
    /// Seconds between the attempts at one delivery.
    pauses_s: &'static [i64],
    /// Seconds for which the webhook gets no other delivery.
    rest_s: Option<i64>,
}

/// Returns the seconds that a webhook rests after a failure that follows `failures` others in a
/// row.
fn rest_s(failures: u32) -> i64 {
    let [.., longest] = WEBHOOK_RESTS_S;
    WEBHOOK_RESTS_S.get(failures as usize).copied().unwrap_or(longest)
}

fn deliver_mail(app: &App, delivery: &Delivery, to: &str) -> DeliveryResult {
    match serde_json::from_str::<ExportMail>(&delivery.payload) {
        Ok(mail) => mail::send_mail(&mail, to, &delivery.event_id, &app.settings().smtp),
        Err(error) => unsent_result(error),
    }
}

/// Returns the result of a delivery for which no request was made.
fn unsent_result(reason: impl ToString) -> DeliveryResult {
    DeliveryResult {
        state: "ERR-NET".to_owned(),
        status_code: None,
        error: Some(reason.to_string()),
        duration_ms: 0,
        next_attempt_at: None,
        rests_until: None,
    }
}

/// Adds to the result of a failed attempt the instant of the next attempt, if there is one, and the
/// end of the webhook's rest.
fn with_next_attempt(
    result: DeliveryResult,
    attempt: u32,
    plan: &RetryPlan,
    now: Instant,
) -> DeliveryResult {
    if result.state == DELIVERED {
        return result;
    }
    let pause_s = plan.pauses_s.get(attempt.saturating_sub(1) as usize);
    let next_attempt_at = pause_s.map(|pause_s| {
        let jitter = rand::rng().random_range(1.0 - JITTER..=1.0 + JITTER);
        now.plus_seconds((*pause_s as f64 * jitter) as i64)
    });
    let rests_until = plan.rest_s.map(|rest_s| now.plus_seconds(rest_s));
    DeliveryResult { next_attempt_at, rests_until, ..result }
}

fn record_attempt(app: &App, delivery: &Delivery, result: &DeliveryResult) {
    let lane = match delivery.receiver {
        DeliveryReceiver::Webhook(_) => DeliveryChannel::Webhook,
        DeliveryReceiver::Mailbox(_) => DeliveryChannel::Mail,
    };
    app.metrics().count_delivery_attempt(lane, result.state == DELIVERED);
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
            rests_until: None,
        };
        let plan = RetryPlan { pauses_s: &WEBHOOK_PAUSES_S, rest_s: Some(5) };
        for (attempt, pause_s) in [(1, 30), (2, 120), (7, 86_400)] {
            let next = with_next_attempt(failed(), attempt, &plan, now);
            let wait_s = (next.next_attempt_at.unwrap().micros() - now.micros()) / 1_000_000;
            assert!((wait_s - pause_s).abs() <= pause_s / 10 + 1, "{attempt}: {wait_s}");
            assert_eq!(next.rests_until, Some(now.plus_seconds(5)));
        }
        assert_eq!(with_next_attempt(failed(), 8, &plan, now).next_attempt_at, None);
        let over: i64 = MAIL_PAUSES_S.iter().sum();
        assert_eq!((MAIL_PAUSES_S.len(), over <= 7500), (4, true));
        let fine = DeliveryResult { state: "OK".to_owned(), ..failed() };
        let fine = with_next_attempt(fine, 1, &plan, now);
        assert_eq!((fine.next_attempt_at, fine.rests_until), (None, None));
    }

    #[test]
    fn a_webhook_rests_longer_the_more_often_it_failed() {
        let rests: Vec<i64> = [0, 1, 2, 3, 4, 1000].into_iter().map(rest_s).collect();
        assert_eq!(rests, [1, 5, 30, 120, 120, 120]);
    }

    #[test]
    fn a_lane_has_room_for_more_than_one_provider_and_leases_outlast_attempts() {
        for lane in DeliveryChannel::ALL {
            assert!(at_once_per_provider_max(lane) < at_once_max(lane) as u64);
        }
        assert!(LEASE_S > webhook::REQUEST_TIMEOUT.max(mail::SEND_TIMEOUT).as_secs() as i64);
    }
}

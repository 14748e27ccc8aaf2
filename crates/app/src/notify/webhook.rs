//! One signed request to a webhook. Rule: spec/exports.md §8.1.

use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rand::RngExt;
use rand::distr::Alphanumeric;
use store::port::notices::DeliveryResult;
use ureq::Agent;
use ureq::tls::TlsConfig;
use ureq::unversioned::transport::DefaultConnector;

use super::webhook_url::{self, CheckedResolver};
use crate::settings::WebhookSettings;

/// The time limit for one request.
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
const EVENT_ID_CHARS: usize = 24;
const SECRET_BYTES: usize = 32;

/// A request to a webhook.
pub(crate) struct WebhookMessage<'l> {
    /// The webhook's URL.
    pub(crate) url: &'l str,
    /// The webhook's secret, which signs the request.
    pub(crate) secret: &'l str,
    /// The id of the event.
    pub(crate) event_id: &'l str,
    /// The body.
    pub(crate) payload: &'l str,
    /// The present, in seconds since 1970.
    pub(crate) now_s: i64,
}

/// Returns a random id for an event.
pub(crate) fn new_event_id() -> String {
    let letters = rand::rng().sample_iter(Alphanumeric).take(EVENT_ID_CHARS);
    format!("evt_{}", letters.map(char::from).collect::<String>())
}

/// Returns a random secret for a webhook.
pub(crate) fn new_secret() -> String {
    STANDARD.encode(rand::rng().random::<[u8; SECRET_BYTES]>())
}

/// Sends the request and returns the result. Only a status from 200 to 299 counts as delivered.
/// Blocking.
pub(crate) fn send_to_webhook(
    message: &WebhookMessage<'_>,
    settings: &WebhookSettings,
) -> DeliveryResult {
    let began = Instant::now();
    let answered = post_message(message, settings);
    let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let (state, status_code, error) = match answered {
        Ok(status @ 200..=299) => ("OK", Some(status), None),
        Ok(status) => {
            let state = match status {
                300..=399 => "ERR-3xx",
                400..=499 => "ERR-4xx",
                _ => "ERR-5xx",
            };
            (state, Some(status), Some(format!("It answered {status}.")))
        }
        Err(problem) => ("ERR-NET", None, Some(problem)),
    };
    let state = state.to_owned();
    DeliveryResult {
        state,
        status_code,
        error,
        duration_ms,
        next_attempt_at: None,
        rests_until: None,
    }
}

fn post_message(message: &WebhookMessage<'_>, settings: &WebhookSettings) -> Result<u16, String> {
    webhook_url::check_webhook_url(message.url, settings).map_err(|error| error.to_string())?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = TlsConfig::builder().unversioned_rustls_crypto_provider(provider).build();
    let config = Agent::config_builder()
        .tls_config(tls)
        .timeout_global(Some(REQUEST_TIMEOUT))
        .max_redirects(0)
        .http_status_as_error(false)
        .proxy(None)
        .user_agent("Rollbook-Webhooks")
        .build();
    let resolver = CheckedResolver { settings: settings.clone() };
    let agent = Agent::with_parts(config, DefaultConnector::default(), resolver);
    let body_signature = sign(message.secret, message.payload);
    let signed = format!("{}.{}.{}", message.event_id, message.now_s, message.payload);
    let answer = agent
        .post(message.url)
        .header("Content-Type", "application/json")
        .header("X-Pelcro-Hmac-SHA256", body_signature)
        .header("webhook-id", message.event_id)
        .header("webhook-timestamp", message.now_s.to_string())
        .header("webhook-signature", format!("v1,{}", sign(message.secret, &signed)))
        .send(message.payload);
    answer.map(|answer| answer.status().as_u16()).map_err(|error| error.to_string())
}

fn sign(secret: &str, text: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    STANDARD.encode(hmac::sign(&key, text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test case 2.
    #[test]
    fn signatures_are_hmac_sha256() {
        let hex = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        let computed = sign("Jefe", "what do ya want for nothing?");
        assert_eq!(hex::encode(STANDARD.decode(&computed).unwrap()), hex);
    }

    #[test]
    fn event_ids_and_secrets_have_their_form() {
        let id = new_event_id();
        assert!(id.len() == 28 && id.starts_with("evt_"), "{id}");
        assert!(id[4..].bytes().all(|byte| byte.is_ascii_alphanumeric()), "{id}");
        assert_ne!(id, new_event_id());
        assert_eq!(STANDARD.decode(new_secret()).unwrap().len(), SECRET_BYTES);
    }
}

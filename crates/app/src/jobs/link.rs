//! Signed addresses: whoever has one may fetch the file until it ends, without a credential.
//! Rule: spec/reports.md §11.2; spec/exports.md §6.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::time::Instant;

use crate::app::App;
use crate::auth::admission::throttled;
use crate::error::ApiError;
use crate::rate_limit::Key;

/// What a link is for; part of what is signed, so that a link opens one thing only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose<'p> {
    /// The file of a report's job, by number.
    JobResult(i64),
    /// A file of an export: its UUID and which of its files.
    Export { uuid: &'p str, part: &'p str },
}

impl Purpose<'_> {
    fn text(self, expires_s: i64) -> String {
        match self {
            Self::JobResult(id) => format!("job-result\n{id}\n{expires_s}"),
            Self::Export { uuid, part } => format!("export\n{uuid}\n{part}\n{expires_s}"),
        }
    }
}

/// Whether a link opens what it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opens {
    /// It does.
    Yes,
    /// It did, and its time is over.
    NoMore,
    /// It never did.
    No,
}

/// `expires=…&signature=…`, good until `expires`. Blocking: the key is the store's.
pub(crate) fn query(app: &App, purpose: Purpose<'_>, expires: Instant) -> Result<String, ApiError> {
    let expires_s = expires.micros().div_euclid(1_000_000);
    let signature = hmac::sign(&key(app)?, purpose.text(expires_s).as_bytes());
    Ok(format!("expires={expires_s}&signature={}", URL_SAFE_NO_PAD.encode(signature)))
}

/// Checks what a link says. Blocking: the key is the store's.
pub(crate) fn check(
    app: &App,
    purpose: Purpose<'_>,
    expires: &str,
    signature: &str,
) -> Result<Opens, ApiError> {
    let (Ok(expires_s), Ok(signature)) =
        (expires.parse::<i64>(), URL_SAFE_NO_PAD.decode(signature))
    else {
        return Ok(Opens::No);
    };
    // A link has one spelling, so that whoever looks for it in a log finds it.
    if expires_s.to_string() != expires {
        return Ok(Opens::No);
    }
    let signed = purpose.text(expires_s);
    if hmac::verify(&key(app)?, signed.as_bytes(), &signature).is_err() {
        return Ok(Opens::No);
    }
    let now_s = app.clock().now().micros().div_euclid(1_000_000);
    Ok(if now_s < expires_s { Opens::Yes } else { Opens::NoMore })
}

/// Counts a request by a link that opens something. By what it opens, not by its text: whoever has
/// one may get others to the same file.
pub(crate) fn admit(app: &App, job: i64) -> Result<(), ApiError> {
    let (fits, rate) = app.limiter().take(&Key::Link(job));
    if fits { Ok(()) } else { Err(throttled(rate)) }
}

fn key(app: &App) -> Result<hmac::Key, ApiError> {
    let secret = app.store().secret().map_err(ApiError::of_store)?;
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &secret))
}

//! Signed download links: anyone who has one may fetch the file without a credential until the link
//! expires.
//! Rule: spec/reports.md §11.2; spec/exports.md §6.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::time::Instant;

use crate::app::App;
use crate::auth::admission::throttled_error;
use crate::error::ApiError;
use crate::rate_limit::RateKey;

/// The object that a link opens. It is part of the signed text, so a link opens one object only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LinkTarget<'p> {
    /// The file of a report job, by the job's number.
    JobResult(i64),
    /// A file of an export, by the export's UUID and the part's name.
    Export { uuid: &'p str, part: &'p str },
}

impl LinkTarget<'_> {
    fn text(self, expires_s: i64) -> String {
        match self {
            Self::JobResult(id) => format!("job-result\n{id}\n{expires_s}"),
            Self::Export { uuid, part } => format!("export\n{uuid}\n{part}\n{expires_s}"),
        }
    }
}

/// The result of checking a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LinkValidity {
    /// The link is valid.
    Valid,
    /// The signature is valid, but the link has expired.
    Expired,
    /// The signature is not valid.
    Invalid,
}

/// Returns the query `expires=…&signature=…` of a link that is valid until `expires`. Blocking: the
/// key is read from the store.
pub(crate) fn signed_query(
    app: &App,
    target: LinkTarget<'_>,
    expires: Instant,
) -> Result<String, ApiError> {
    let expires_s = expires.seconds();
    let signature = hmac::sign(&signing_key(app)?, target.text(expires_s).as_bytes());
    Ok(format!("expires={expires_s}&signature={}", URL_SAFE_NO_PAD.encode(signature)))
}

/// Checks the signature and the expiry of a link. Blocking: the key is read from the store.
pub(crate) fn check_link(
    app: &App,
    target: LinkTarget<'_>,
    expires: &str,
    signature: &str,
) -> Result<LinkValidity, ApiError> {
    let (Ok(expires_s), Ok(signature)) =
        (expires.parse::<i64>(), URL_SAFE_NO_PAD.decode(signature))
    else {
        return Ok(LinkValidity::Invalid);
    };
    // A link has only one valid spelling, so that a search for it in a log finds every use.
    if expires_s.to_string() != expires {
        return Ok(LinkValidity::Invalid);
    }
    let signed = target.text(expires_s);
    if hmac::verify(&signing_key(app)?, signed.as_bytes(), &signature).is_err() {
        return Ok(LinkValidity::Invalid);
    }
    let now_s = app.clock().now().seconds();
    Ok(if now_s < expires_s { LinkValidity::Valid } else { LinkValidity::Expired })
}

/// Counts a request by a valid link against the rate limit. The count is per job and not per link,
/// because whoever has one link may get others to the same file.
pub(crate) fn admit_link_request(app: &App, job: i64) -> Result<(), ApiError> {
    let (fits, rate) = app.limiter().take(&RateKey::Link(job));
    if fits { Ok(()) } else { Err(throttled_error(rate)) }
}

fn signing_key(app: &App) -> Result<hmac::Key, ApiError> {
    let secret = app.store().secret().map_err(ApiError::from_store_error)?;
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &secret))
}

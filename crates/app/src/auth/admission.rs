//! The checks that admit a request: limits, credential, provider, mode and permission, in this
//! order. Rule: spec/auth-and-errors.md §4 no. 3–8. Blocking: it reads from the store.

use std::net::IpAddr;
use std::sync::atomic::Ordering;

use model::catalogue;
use model::id::ProviderId;
use model::permission::Permission;
use model::provider::Provider;
use model::time::Zone;
use store::port::RowKey;
use store::token::Token;

use super::caller::{Caller, Modes};
use super::credential::{HeaderText, PresentedCredential};
use super::scope::{self, RequestMode};
use super::token;
use crate::app::App;
use crate::error::{ApiError, ErrorCode};
use crate::exchange::Exchange;
use crate::rate_limit::{RateKey, RateState};

/// The requirements of an endpoint for its callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Requirement {
    /// Permissions of which one suffices in provider mode. Empty means any valid credential.
    pub permissions: &'static [Permission],
    /// Modes that the endpoint offers.
    pub modes: Modes,
    /// True if the endpoint writes rows.
    pub writes: bool,
}

/// The headers of a request that concern its caller.
#[derive(Debug, Clone, Copy)]
pub struct CallerHeaders<'h> {
    /// The header with the credential.
    pub authorization: HeaderText<'h>,
    /// The header with the provider, see [`scope::PROVIDER_HEADER`].
    pub provider: HeaderText<'h>,
    /// The header with the mode, see [`scope::MODE_HEADER`].
    pub mode: HeaderText<'h>,
}

/// An admitted request.
#[derive(Debug, Clone)]
pub struct AdmittedRequest {
    /// The caller.
    pub principal: Caller,
    /// The provider that the request is for.
    pub provider: Provider,
    /// The mode of the request.
    pub mode: RequestMode,
}

/// Checks a request to an endpoint that requires a credential. If the credential has several
/// providers and no header names one, `site` decides. Rule: spec/exports.md §2 no. 1.
pub fn admit(
    app: &App,
    required: Requirement,
    headers: &CallerHeaders<'_>,
    site: Option<i64>,
    address: IpAddr,
    exchange: &Exchange,
) -> Result<AdmittedRequest, ApiError> {
    let address = RateKey::for_address(address);
    check_address_limit(app, &address, exchange)?;
    let presented = PresentedCredential::read(headers.authorization);
    let Some(principal) = authenticate(app, presented)? else {
        let (_, rate) = app.limiter().take(&address);
        exchange.note(|notes| notes.rate = rate);
        return Err(ApiError::unauthenticated(presented.was_sent()));
    };
    exchange.note(|notes| notes.identity = Some(principal.identity));
    let named = match (scope::provider(headers.provider, &principal), site) {
        (Err(error), Some(site)) if error.code == ErrorCode::ProviderHeaderMissing => {
            provider_of_site(app, &principal, site)?.ok_or(error)
        }
        (named, _) => named,
    };
    let key = principal.identity.rate_key(named.as_ref().ok().copied());
    let (fits, rate) = app.limiter().take(&key);
    exchange.note(|notes| notes.rate = rate);
    if !fits {
        return Err(throttled_error(rate));
    }
    let provider_id = named?;
    let provider = known_provider(app, provider_id)?;
    exchange.note(|notes| notes.provider = Some(provider_id));
    let mode = scope::mode(headers.mode, &principal, provider_id, required.modes)?;
    check_permission(&principal, mode, required)?;
    Ok(AdmittedRequest { principal, provider, mode })
}

/// Admits a request to a public endpoint. It is counted per address, apart from other requests.
pub fn admit_public_request(
    app: &App,
    address: IpAddr,
    exchange: &Exchange,
) -> Result<(), ApiError> {
    let (fits, rate) = app.limiter().take(&RateKey::for_public_reader(address));
    exchange.note(|notes| notes.rate = rate);
    if fits { Ok(()) } else { Err(throttled_error(rate)) }
}

fn check_address_limit(app: &App, address: &RateKey, exchange: &Exchange) -> Result<(), ApiError> {
    let rate = app.limiter().peek(address);
    exchange.note(|notes| notes.rate = rate);
    match rate {
        Some(state) if state.is_exhausted() => Err(throttled_error(rate)),
        _ => Ok(()),
    }
}

/// Returns the error for a request beyond the rate limit.
pub(crate) fn throttled_error(rate: Option<RateState>) -> ApiError {
    let retry_after_s = rate.map(|state| state.retry_after().as_secs());
    let message = "Too many requests: try again later.";
    ApiError { retry_after_s, ..ApiError::new(ErrorCode::Throttled, message) }
}

/// Returns the caller that a credential belongs to, or `None` if it is not valid. Every kind of
/// credential costs the same: one hash and one look-up unless a JWT is valid.
fn authenticate(app: &App, presented: PresentedCredential<'_>) -> Result<Option<Caller>, ApiError> {
    let now = app.clock().now();
    let (text, from_jwt) = match presented {
        PresentedCredential::Opaque(text) => (text, None),
        PresentedCredential::Jwt(text) => (text, app.jwt_keys().verify(text, now)),
        PresentedCredential::Nothing | PresentedCredential::Malformed => ("", None),
    };
    let is_opaque = matches!(presented, PresentedCredential::Opaque(_));
    let found = match &from_jwt {
        Some(_) => None,
        None => app.store().token(&token::hash(text)).map_err(ApiError::from_store_error)?,
    };
    let token = found.filter(|token| is_opaque && token.is_valid_at(now));
    if let Some(token) = &token {
        record_token_use(app, token);
    }
    Ok(from_jwt.or(token.map(Caller::from)))
}

/// Records the day on which a token was last used, once a day. Best effort: one write at a time,
/// and a failure is only logged.
fn record_token_use(app: &App, token: &Token) {
    let today = Zone::utc().date_of(app.clock().now());
    if token.last_used_on == Some(today)
        || app.is_recording_token_use().swap(true, Ordering::AcqRel)
    {
        return;
    }
    let (app, id) = (app.clone(), token.id);
    let mark = move || {
        if let Err(error) = app.store().mark_token_used(id, today) {
            tracing::debug!(token = id, code = error.code(), "day of use not noted");
        }
        app.is_recording_token_use().store(false, Ordering::Release);
    };
    // The request does not wait for the disk.
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => drop(runtime.spawn_blocking(mark)),
        Err(_) => mark(),
    }
}

/// Returns the caller's provider that has this site, or `None` unless exactly one has it.
fn provider_of_site(
    app: &App,
    principal: &Caller,
    site: i64,
) -> Result<Option<ProviderId>, ApiError> {
    let snapshot = app.store().snapshot().map_err(ApiError::from_store_error)?;
    let Some(sites) = catalogue::table("sites") else { return Ok(None) };
    let mut found = None;
    for provider in &principal.providers {
        let key = RowKey { provider: *provider, id: site };
        let row = snapshot.row(sites, key).map_err(ApiError::from_store_error)?;
        if row.is_some() && found.replace(*provider).is_some() {
            return Ok(None);
        }
    }
    Ok(found)
}

fn known_provider(app: &App, id: ProviderId) -> Result<Provider, ApiError> {
    let read = || app.store().snapshot()?.provider(id);
    let message = "The provider is unknown or not reached by this credential.";
    let unknown = || ApiError::new(ErrorCode::ProviderInvalid, message);
    read().map_err(ApiError::from_store_error)?.ok_or_else(unknown)
}

fn check_permission(
    principal: &Caller,
    mode: RequestMode,
    required: Requirement,
) -> Result<(), ApiError> {
    let refused = |message: &str| Err(ApiError::new(ErrorCode::PermissionDenied, message));
    let asks_for_flags = mode == RequestMode::Provider && !required.permissions.is_empty();
    if asks_for_flags && !principal.permissions.allow_any(required.permissions) {
        let names: Vec<_> = required.permissions.iter().map(|flag| flag.as_str()).collect();
        return refused(&format!("This needs one of the permissions: {}.", names.join(", ")));
    }
    if required.writes && principal.read_only {
        return refused("This credential may only read.");
    }
    Ok(())
}

//! The provider and the mode of a request. Rule: spec/auth-and-errors.md §3.

use model::id::ProviderId;

use super::caller::{Caller, Modes};
use super::credential::HeaderText;
use crate::error::{ApiError, ErrorCode};

/// The header that names the provider.
pub const PROVIDER_HEADER: &str = "teamup-provider-id";
/// The header that names the mode.
pub const MODE_HEADER: &str = "teamup-request-mode";

/// The mode of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestMode {
    /// The request acts for the provider, within the caller's permissions.
    Provider,
    /// The request acts for this customer only.
    Customer(i64),
}

/// Returns the provider of a request: the one that the header names, or else the caller's only one.
pub fn provider(header: HeaderText<'_>, principal: &Caller) -> Result<ProviderId, ApiError> {
    let refused = || {
        let message = "The provider is unknown or not reached by this credential.";
        ApiError::new(ErrorCode::ProviderInvalid, message)
    };
    let Some(named) = text(header, PROVIDER_HEADER, ErrorCode::ProviderHeaderInvalid)? else {
        return match principal.providers.as_slice() {
            [] => Err(refused()),
            [only] => Ok(*only),
            _ => Err(ApiError::new(
                ErrorCode::ProviderHeaderMissing,
                "This credential reaches several providers: name one in TeamUp-Provider-ID.",
            )),
        };
    };
    let is_integer = !named.is_empty() && named.bytes().all(|byte| byte.is_ascii_digit());
    if !is_integer || named.bytes().all(|byte| byte == b'0') {
        return Err(ApiError::new(
            ErrorCode::ProviderHeaderInvalid,
            "TeamUp-Provider-ID must be an integer of at least 1.",
        ));
    }
    let named = named.parse().ok().map(ProviderId);
    named.filter(|id| principal.providers.binary_search(id).is_ok()).ok_or_else(refused)
}

/// Returns the mode of a request to an endpoint that offers the modes `offered`.
pub fn mode(
    header: HeaderText<'_>,
    principal: &Caller,
    provider: ProviderId,
    offered: Modes,
) -> Result<RequestMode, ApiError> {
    let has_both = principal.modes == Modes::BOTH;
    let is_customer = match text(header, MODE_HEADER, ErrorCode::ModeHeaderInvalid)? {
        Some("customer") => true,
        Some("provider") => false,
        Some(_) => {
            let message = "Teamup-Request-Mode must be customer or provider.";
            return Err(ApiError::new(ErrorCode::ModeHeaderInvalid, message));
        }
        None if has_both => {
            let message = "This identity has both modes: name one in Teamup-Request-Mode.";
            return Err(ApiError::new(ErrorCode::ModeHeaderMissing, message));
        }
        None => principal.modes.customer,
    };
    let customer = principal.customers.get(&provider);
    let refused = || ApiError::new(ErrorCode::ModeNotAllowed, "This mode is not allowed here.");
    match (is_customer, customer) {
        (false, _) if principal.modes.provider && offered.provider => Ok(RequestMode::Provider),
        (true, Some(id)) if principal.modes.customer && offered.customer => {
            Ok(RequestMode::Customer(*id))
        }
        _ => Err(refused()),
    }
}

/// Returns the text of the header `name`. Fails with the code `wrong` if it is repeated or not
/// plain text.
fn text<'h>(
    header: HeaderText<'h>,
    name: &str,
    wrong: ErrorCode,
) -> Result<Option<&'h str>, ApiError> {
    match header {
        HeaderText::Absent => Ok(None),
        HeaderText::Text(text) => Ok(Some(text.trim())),
        HeaderText::NotText => {
            Err(ApiError::new(wrong, format!("The header {name} must be plain text.")))
        }
        HeaderText::Repeated => {
            Err(ApiError::new(wrong, format!("The header {name} must be sent once.")))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use model::permission::Permissions;

    use super::*;
    use crate::auth::caller::CallerId;

    fn principal(providers: &[i64], modes: Modes, customers: &[(i64, i64)]) -> Caller {
        Caller {
            identity: CallerId::Token(1),
            name: None,
            email: None,
            providers: providers.iter().copied().map(ProviderId).collect(),
            permissions: Permissions::default(),
            read_only: false,
            modes,
            customers: customers
                .iter()
                .map(|(p, c)| (ProviderId(*p), *c))
                .collect::<BTreeMap<_, _>>(),
        }
    }

    #[test]
    fn the_provider_is_named_when_several_are_reached() {
        use ErrorCode::{ProviderHeaderInvalid, ProviderHeaderMissing, ProviderInvalid};
        for (reached, named, expected) in [
            (&[1, 2][..], None, Err(ProviderHeaderMissing)),
            (&[1, 2], Some("abc"), Err(ProviderHeaderInvalid)),
            (&[1, 2], Some("0"), Err(ProviderHeaderInvalid)),
            (&[1, 2], Some("-1"), Err(ProviderHeaderInvalid)),
            (&[1, 2], Some("1.0"), Err(ProviderHeaderInvalid)),
            (&[1, 2], Some(""), Err(ProviderHeaderInvalid)),
            (&[1, 2], Some("3"), Err(ProviderInvalid)),
            (&[1, 2], Some("99999999999999999999"), Err(ProviderInvalid)),
            (&[1, 2], Some("2"), Ok(2)),
            (&[1], None, Ok(1)),
            (&[1], Some("1"), Ok(1)),
            (&[1], Some("2"), Err(ProviderInvalid)),
            (&[], None, Err(ProviderInvalid)),
            (&[], Some("1"), Err(ProviderInvalid)),
        ] {
            let principal = principal(reached, Modes::PROVIDER, &[]);
            let header = named.map_or(HeaderText::Absent, HeaderText::Text);
            let found = provider(header, &principal);
            let found = found.map(|id| id.0).map_err(|error| error.code);
            assert_eq!(found, expected, "{reached:?} {named:?}");
        }
        let twice = HeaderText::Repeated;
        let refused = provider(twice, &principal(&[1, 2], Modes::PROVIDER, &[])).unwrap_err();
        assert_eq!(refused.code, ProviderHeaderInvalid);
    }

    #[test]
    fn the_mode_must_be_one_that_identity_and_endpoint_have() {
        use ErrorCode::{ModeHeaderInvalid, ModeHeaderMissing, ModeNotAllowed};
        let (provider_only, customer_only, both) = (Modes::PROVIDER, Modes::CUSTOMER, Modes::BOTH);
        for (has, offered, customers, named, expected) in [
            (provider_only, provider_only, &[][..], None, Ok(RequestMode::Provider)),
            (provider_only, provider_only, &[], Some("provider"), Ok(RequestMode::Provider)),
            (provider_only, both, &[], Some("customer"), Err(ModeNotAllowed)),
            (both, provider_only, &[(1, 7)], None, Err(ModeHeaderMissing)),
            (both, provider_only, &[(1, 7)], Some("staff"), Err(ModeHeaderInvalid)),
            (both, provider_only, &[(1, 7)], Some("customer"), Err(ModeNotAllowed)),
            (both, both, &[(1, 7)], Some("customer"), Ok(RequestMode::Customer(7))),
            (both, both, &[(2, 7)], Some("customer"), Err(ModeNotAllowed)),
            (both, both, &[], Some("provider"), Ok(RequestMode::Provider)),
            (customer_only, both, &[(1, 7)], None, Ok(RequestMode::Customer(7))),
            (customer_only, provider_only, &[(1, 7)], None, Err(ModeNotAllowed)),
            (customer_only, both, &[(1, 7)], Some("provider"), Err(ModeNotAllowed)),
        ] {
            let principal = principal(&[1], has, customers);
            let header = named.map_or(HeaderText::Absent, HeaderText::Text);
            let found = mode(header, &principal, ProviderId(1), offered);
            assert_eq!(found.map_err(|error| error.code), expected, "{has:?} {named:?}");
        }
    }
}

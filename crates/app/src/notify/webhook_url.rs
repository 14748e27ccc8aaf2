//! The checks of a webhook's URL. They are made when the webhook is created or changed and at every
//! request, on the very address that is connected to. Rule: spec/exports.md §8.1.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use crate::settings::WebhookSettings;

/// The reason why a webhook may not have a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WebhookUrlError {
    /// The text is not an absolute URL.
    #[error("must be an absolute address such as https://example.com/hooks")]
    Malformed,
    /// The URL is not encrypted and leads to another machine.
    #[error("must begin with https://")]
    NotHttps,
    /// The URL is not encrypted and leads to this machine.
    #[error(
        "must begin with https://; the setting webhooks.allow_http allows http to this machine"
    )]
    LocalNotHttps,
    /// The URL contains a user name or password.
    #[error("must not hold a user name or password")]
    HasCredentials,
    /// The URL leads to a private, local or reserved address.
    #[error(
        "must not lead to a private, local or reserved address; the setting \
         webhooks.allow_private allows it"
    )]
    Private,
}

/// The message for an unknown name and for one with a forbidden address. It is the same for both,
/// so that nobody can use webhooks to find out which names this network knows.
const NO_PUBLIC_ADDRESS: &str = "its name has no public address, and the setting \
    webhooks.allow_private, which allows others, is off";
/// The message for an http URL that leads to another machine.
const NOT_THIS_MACHINE: &str = "http is only for this machine";

/// Checks everything about a URL that needs no request to the network.
pub fn check_webhook_url(url: &str, settings: &WebhookSettings) -> Result<Uri, WebhookUrlError> {
    let uri: Uri = url.parse().map_err(|_| WebhookUrlError::Malformed)?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(WebhookUrlError::Malformed);
    };
    if authority.as_str().contains('@') {
        return Err(WebhookUrlError::HasCredentials);
    }
    let host = authority.host().trim_matches(['[', ']']);
    if host.is_empty() {
        return Err(WebhookUrlError::Malformed);
    }
    let literal: Option<IpAddr> = host.parse().ok();
    let is_local = is_loopback_name(host, literal);
    match scheme {
        "https" if settings.allow_private => Ok(uri),
        "https" if is_local || literal.is_some_and(|address| !is_public(address)) => {
            Err(WebhookUrlError::Private)
        }
        "https" => Ok(uri),
        "http" if is_local && settings.allow_http => Ok(uri),
        "http" if is_local => Err(WebhookUrlError::LocalNotHttps),
        "http" => Err(WebhookUrlError::NotHttps),
        _ => Err(WebhookUrlError::Malformed),
    }
}

fn is_loopback_name(host: &str, literal: Option<IpAddr>) -> bool {
    host.eq_ignore_ascii_case("localhost") || literal.is_some_and(|address| address.is_loopback())
}

/// Returns true if an address is public, as opposed to private, local or reserved.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match embedded_v4(address) {
            Some(embedded) => is_public_v4(embedded),
            None => is_public_v6(address),
        },
    }
}

/// A block of addresses that share their first bits.
type AddressBlock<A> = (A, u32);

/// The IPv4 blocks that are not public: every block of IANA's special-purpose registry for IPv4
/// (RFC 6890), including those that are globally reachable only as anycast or relays, and
/// multicast.
const SPECIAL_V4: [AddressBlock<[u8; 4]>; 19] = [
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 31, 196, 0], 24),
    ([192, 52, 193, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([192, 175, 48, 0], 24),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([224, 0, 0, 0], 4),
    ([240, 0, 0, 0], 4),
    ([255, 255, 255, 255], 32),
];

/// The IPv6 blocks inside [`ASSIGNED_V6`] that are not public.
const SPECIAL_V6: [AddressBlock<[u16; 8]>; 5] = [
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 23),
    ([0x2001, 0x0db8, 0, 0, 0, 0, 0, 0], 32),
    ([0x2002, 0, 0, 0, 0, 0, 0, 0], 16),
    ([0x2620, 0x004f, 0x8000, 0, 0, 0, 0, 0], 48),
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20),
];
/// The IPv6 block that is assigned for public use.
const ASSIGNED_V6: AddressBlock<[u16; 8]> = ([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);

fn is_public_v4(address: Ipv4Addr) -> bool {
    let is_in = |(first, bits): &AddressBlock<[u8; 4]>| {
        let differing = address.to_bits() ^ Ipv4Addr::from(*first).to_bits();
        differing.leading_zeros() >= *bits
    };
    !SPECIAL_V4.iter().any(is_in)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let is_in = |(first, bits): &AddressBlock<[u16; 8]>| {
        let differing = address.to_bits() ^ Ipv6Addr::from(*first).to_bits();
        differing.leading_zeros() >= *bits
    };
    is_in(&ASSIGNED_V6) && !SPECIAL_V6.iter().any(is_in)
}

/// Returns the IPv4 address inside a mapped or translated IPv6 address.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = address.segments();
    let of = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        Ipv4Addr::new(a, b, c, d)
    };
    match segments {
        [0, 0, 0, 0, 0, 0xffff, high, low] => Some(of(high, low)),
        [0x0064, 0xff9b, 0, 0, 0, 0, high, low] => Some(of(high, low)),
        _ => None,
    }
}

/// A DNS resolver that refuses names with an address that a webhook may not have.
#[derive(Debug)]
pub(super) struct CheckedResolver {
    /// The addresses that webhooks may have.
    pub(super) settings: WebhookSettings,
}

impl Resolver for CheckedResolver {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = DefaultResolver::default().resolve(uri, config, timeout);
        let refused = |reason: &str| ureq::Error::Io(io::Error::other(reason));
        // One forbidden address is enough: the client decides which of them it connects to.
        if uri.scheme_str() == Some("http") {
            let found = found?;
            let is_here = found.iter().all(|address| address.ip().is_loopback());
            return if is_here { Ok(found) } else { Err(refused(NOT_THIS_MACHINE)) };
        }
        if self.settings.allow_private {
            return found;
        }
        match found {
            Ok(found) if found.iter().all(|address| is_public(address.ip())) => Ok(found),
            Ok(_) | Err(ureq::Error::HostNotFound | ureq::Error::Io(_)) => {
                Err(refused(NO_PUBLIC_ADDRESS))
            }
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_encrypted_addresses_of_the_internet_are_taken() {
        let strict = WebhookSettings { allow_http: false, allow_private: false };
        for (url, expected) in [
            ("https://example.com/hooks?a=1", None),
            ("https://93.184.216.34/", None),
            ("http://example.com/", Some(WebhookUrlError::NotHttps)),
            ("ftp://example.com/", Some(WebhookUrlError::Malformed)),
            ("example.com", Some(WebhookUrlError::Malformed)),
            ("", Some(WebhookUrlError::Malformed)),
            ("https://user:secret@example.com/", Some(WebhookUrlError::HasCredentials)),
            ("https://127.0.0.1/", Some(WebhookUrlError::Private)),
            ("https://10.1.2.3/", Some(WebhookUrlError::Private)),
            ("https://172.16.0.1/", Some(WebhookUrlError::Private)),
            ("https://192.168.1.1/", Some(WebhookUrlError::Private)),
            ("https://169.254.169.254/latest", Some(WebhookUrlError::Private)),
            ("https://100.64.0.1/", Some(WebhookUrlError::Private)),
            ("https://0.0.0.0/", Some(WebhookUrlError::Private)),
            ("https://255.255.255.255/", Some(WebhookUrlError::Private)),
            ("https://[::1]/", Some(WebhookUrlError::Private)),
            ("https://[fe80::1]/", Some(WebhookUrlError::Private)),
            ("https://[fd00::1]/", Some(WebhookUrlError::Private)),
            ("https://[::ffff:10.0.0.1]/", Some(WebhookUrlError::Private)),
            ("https://[64:ff9b::a00:1]/", Some(WebhookUrlError::Private)),
            ("https://[2002:a00:1::]/", Some(WebhookUrlError::Private)),
            ("https://localhost/", Some(WebhookUrlError::Private)),
            ("http://localhost/", Some(WebhookUrlError::LocalNotHttps)),
            ("http://127.0.0.1/", Some(WebhookUrlError::LocalNotHttps)),
            ("https://[2606:2800:220:1::1]/", None),
        ] {
            assert_eq!(check_webhook_url(url, &strict).err(), expected, "{url}");
        }
    }

    /// The first and the last address of each block, and their neighbours outside.
    #[test]
    fn no_special_block_is_of_the_internet() {
        for (first, last, is_before_public, is_after_public) in [
            ("0.0.0.0", "0.255.255.255", None, Some("1.0.0.0")),
            ("10.0.0.0", "10.255.255.255", Some("9.255.255.255"), Some("11.0.0.0")),
            ("100.64.0.0", "100.127.255.255", Some("100.63.255.255"), Some("100.128.0.0")),
            ("127.0.0.0", "127.255.255.255", Some("126.255.255.255"), Some("128.0.0.0")),
            ("169.254.0.0", "169.254.255.255", Some("169.253.255.255"), Some("169.255.0.0")),
            ("172.16.0.0", "172.31.255.255", Some("172.15.255.255"), Some("172.32.0.0")),
            ("192.0.0.0", "192.0.0.255", Some("191.255.255.255"), Some("192.0.1.0")),
            ("192.0.2.0", "192.0.2.255", Some("192.0.1.255"), Some("192.0.3.0")),
            ("192.31.196.0", "192.31.196.255", Some("192.31.195.255"), Some("192.31.197.0")),
            ("192.52.193.0", "192.52.193.255", Some("192.52.192.255"), Some("192.52.194.0")),
            ("192.88.99.0", "192.88.99.255", Some("192.88.98.255"), Some("192.88.100.0")),
            ("192.168.0.0", "192.168.255.255", Some("192.167.255.255"), Some("192.169.0.0")),
            ("192.175.48.0", "192.175.48.255", Some("192.175.47.255"), Some("192.175.49.0")),
            ("198.18.0.0", "198.19.255.255", Some("198.17.255.255"), Some("198.20.0.0")),
            ("198.51.100.0", "198.51.100.255", Some("198.51.99.255"), Some("198.51.101.0")),
            ("203.0.113.0", "203.0.113.255", Some("203.0.112.255"), Some("203.0.114.0")),
            ("224.0.0.0", "255.255.255.255", Some("223.255.255.255"), None),
            ("::", "1fff:ffff::", None, Some("2000::1")),
            ("2001::", "2001:1ff:ffff::", Some("2000:ffff::"), Some("2001:200::")),
            ("2001:db8::", "2001:db8:ffff::", Some("2001:db7:ffff::"), Some("2001:db9::")),
            (
                "2620:4f:8000::",
                "2620:4f:8000:ffff::",
                Some("2620:4f:7fff::"),
                Some("2620:4f:8001::"),
            ),
            ("3fff::", "3fff:0fff::", Some("3ffe:ffff::"), Some("3fff:1000::")),
            ("4000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", None, None),
        ] {
            let is_public = |text: &str| super::is_public(text.parse().unwrap());
            assert!(!is_public(first) && !is_public(last), "{first} to {last}");
            for outside in [is_before_public, is_after_public].into_iter().flatten() {
                assert!(is_public(outside), "{outside}");
            }
        }
        // An IPv6 address with an embedded IPv4 address is public if that is.
        for (text, expected) in [
            ("::ffff:192.88.99.1", false),
            ("::ffff:1.1.1.1", true),
            ("64:ff9b::192.88.99.1", false),
            ("64:ff9b:1::1.1.1.1", false),
            ("2002:c058:6301::1", false),
            ("fc00::1", false),
            ("fe80::1", false),
            ("ff02::1", false),
            ("100::1", false),
            ("5f00::1", false),
            ("2002:101:101::1", false),
        ] {
            assert_eq!(is_public(text.parse().unwrap()), expected, "{text}");
        }
    }

    #[test]
    fn plain_http_is_for_this_machine_and_each_setting_does_what_it_says() {
        use WebhookUrlError::{LocalNotHttps, NotHttps, Private};
        let settings = |allow_http, allow_private| WebhookSettings { allow_http, allow_private };
        let cases = [(false, false), (true, false), (false, true), (true, true)];
        for (url, expected) in [
            ("http://127.0.0.1:9/x", [Some(LocalNotHttps), None, Some(LocalNotHttps), None]),
            ("http://localhost:9/x", [Some(LocalNotHttps), None, Some(LocalNotHttps), None]),
            ("http://[::1]:9/x", [Some(LocalNotHttps), None, Some(LocalNotHttps), None]),
            ("http://10.0.0.1/", [Some(NotHttps); 4]),
            ("http://example.com/", [Some(NotHttps); 4]),
            ("https://10.0.0.1/", [Some(Private), Some(Private), None, None]),
            ("https://localhost/", [Some(Private), Some(Private), None, None]),
            ("https://example.com/", [None; 4]),
        ] {
            let found =
                cases.map(|(http, private)| check_webhook_url(url, &settings(http, private)).err());
            assert_eq!(found, expected, "{url}");
        }
    }

    #[test]
    fn an_error_names_the_setting_that_would_allow_it() {
        assert!(WebhookUrlError::LocalNotHttps.to_string().contains("webhooks.allow_http"));
        assert!(WebhookUrlError::Private.to_string().contains("webhooks.allow_private"));
        assert!(NO_PUBLIC_ADDRESS.contains("webhooks.allow_private"));
    }
}

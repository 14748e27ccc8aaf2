//! Which addresses a webhook may have, when it is made and at every request: the address that was
//! checked is the one that is connected to. Rule: spec/exports.md §8.1.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::Uri;
use ureq::config::Config;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use crate::settings::WebhookSettings;

/// Why an address cannot be a webhook's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// No address at all.
    #[error("must be an absolute address such as https://example.com/hooks")]
    Malformed,
    /// Not encrypted.
    #[error("must begin with https://")]
    NotHttps,
    /// A user name or password stands in it.
    #[error("must not hold a user name or password")]
    HasCredentials,
    /// It leads to a machine of a private network.
    #[error("must not lead to a private, local or reserved address")]
    Private,
}

/// Checks what can be seen without asking the network.
pub fn check(url: &str, settings: &WebhookSettings) -> Result<Uri, TargetError> {
    let uri: Uri = url.parse().map_err(|_| TargetError::Malformed)?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(TargetError::Malformed);
    };
    if authority.as_str().contains('@') {
        return Err(TargetError::HasCredentials);
    }
    let host = authority.host().trim_matches(['[', ']']);
    if host.is_empty() {
        return Err(TargetError::Malformed);
    }
    let literal: Option<IpAddr> = host.parse().ok();
    match scheme {
        "https" => {}
        "http" if settings.allow_http && is_loopback_name(host, literal) => {}
        "http" => return Err(TargetError::NotHttps),
        _ => return Err(TargetError::Malformed),
    }
    match literal {
        Some(address) if !settings.allow_private && !is_public(address) => {
            Err(TargetError::Private)
        }
        _ => Ok(uri),
    }
}

fn is_loopback_name(host: &str, literal: Option<IpAddr>) -> bool {
    host.eq_ignore_ascii_case("localhost") || literal.is_some_and(|address| address.is_loopback())
}

/// Whether an address belongs to the internet, as opposed to a machine, a network or nobody.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match embedded_v4(address) {
            Some(embedded) => is_public_v4(embedded),
            None => is_public_v6(address),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    let is_shared = first == 100 && (64..128).contains(&second);
    let is_protocols = first == 192 && second == 0 && third == 0;
    let is_benchmark = first == 198 && (18..20).contains(&second);
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || address.is_multicast()
        || first == 0
        || first >= 240
        || is_shared
        || is_protocols
        || is_benchmark)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let first = address.segments()[0];
    // Global unicast is 2000::/3; within it, documentation and the relays of old.
    let is_global = (0x2000..0x4000).contains(&first);
    let is_documentation = first == 0x2001 && address.segments()[1] == 0x0db8;
    let is_reserved = first == 0x2001 && address.segments()[1] < 0x0200;
    is_global && !is_documentation && !is_reserved
}

/// The IPv4 address inside an IPv6 one: mapped, compatible, translated, 6to4.
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
        [0x2002, high, low, ..] => Some(of(high, low)),
        _ => None,
    }
}

/// Looks names up and lets through only addresses that a webhook may have.
#[derive(Debug)]
pub(super) struct CheckedResolver {
    /// Whether private addresses are let through.
    pub(super) allows_private: bool,
}

impl Resolver for CheckedResolver {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = DefaultResolver::default().resolve(uri, config, timeout)?;
        let is_good = |address: IpAddr| self.allows_private || is_public(address);
        // One bad address among good ones is enough: which one is taken is not ours to say.
        if found.iter().all(|address| is_good(address.ip())) {
            return Ok(found);
        }
        Err(ureq::Error::Io(io::Error::other(TargetError::Private)))
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
            ("http://example.com/", Some(TargetError::NotHttps)),
            ("ftp://example.com/", Some(TargetError::Malformed)),
            ("example.com", Some(TargetError::Malformed)),
            ("", Some(TargetError::Malformed)),
            ("https://user:secret@example.com/", Some(TargetError::HasCredentials)),
            ("https://127.0.0.1/", Some(TargetError::Private)),
            ("https://10.1.2.3/", Some(TargetError::Private)),
            ("https://172.16.0.1/", Some(TargetError::Private)),
            ("https://192.168.1.1/", Some(TargetError::Private)),
            ("https://169.254.169.254/latest", Some(TargetError::Private)),
            ("https://100.64.0.1/", Some(TargetError::Private)),
            ("https://0.0.0.0/", Some(TargetError::Private)),
            ("https://255.255.255.255/", Some(TargetError::Private)),
            ("https://[::1]/", Some(TargetError::Private)),
            ("https://[fe80::1]/", Some(TargetError::Private)),
            ("https://[fd00::1]/", Some(TargetError::Private)),
            ("https://[::ffff:10.0.0.1]/", Some(TargetError::Private)),
            ("https://[64:ff9b::a00:1]/", Some(TargetError::Private)),
            ("https://[2002:a00:1::]/", Some(TargetError::Private)),
            ("https://[2606:2800:220:1::1]/", None),
        ] {
            assert_eq!(check(url, &strict).err(), expected, "{url}");
        }
    }

    #[test]
    fn plain_http_is_for_this_machine_and_only_when_it_is_allowed() {
        let open = WebhookSettings { allow_http: true, allow_private: true };
        assert_eq!(check("http://127.0.0.1:9/x", &open).err(), None);
        assert_eq!(check("http://localhost:9/x", &open).err(), None);
        assert_eq!(check("http://example.com/", &open).err(), Some(TargetError::NotHttps));
        assert_eq!(check("https://10.0.0.1/", &open).err(), None);
    }
}

//! The server's address, TLS, and the limits of the connections.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::StoreError;

/// The time limit for opening a connection, unless the URL sets one.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Options of a store in PostgreSQL.
#[derive(Debug, Clone)]
pub struct PostgresOptions {
    /// The longest time that a write waits for its turn, and a read for a connection, before the
    /// call fails with [`StoreError::Busy`].
    pub wait: Duration,
    /// The greatest number of snapshots open at once; each has its own connection.
    pub snapshots_max: usize,
    /// The greatest number of connections for short reads and writes.
    pub lookups_max: usize,
    /// A PEM file with the root certificates that the server's certificate is verified against;
    /// none = the system's root certificates.
    pub root_certificates: Option<PathBuf>,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self {
            wait: Duration::from_secs(30),
            snapshots_max: 12,
            lookups_max: 6,
            root_certificates: None,
        }
    }
}

/// The encryption of a connection.
pub(super) enum TlsMode {
    /// No encryption: a Unix socket, or `sslmode=disable`.
    Plain,
    /// Encrypted and verified if the server offers TLS; `sslmode=require` fails if it does not.
    Verified(MakeRustlsConnect),
}

/// Parses a URL `postgres://user:password@host:port/database?sslmode=…`, or the same settings as
/// `key=value` pairs.
pub(super) fn parse_url(url: &str, options: &PostgresOptions) -> Result<Config, StoreError> {
    let mut config = Config::from_str(url).map_err(|error| {
        // Not the URL itself: it may hold a password.
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        let reason = format!("the PostgreSQL URL cannot be read: {}", cause.unwrap_or_default());
        StoreError::Unavailable { reason }
    })?;
    let wait = format!("-c lock_timeout={}ms", options.wait.as_millis().max(1));
    let set = config.get_options().map_or(wait.clone(), |given| format!("{wait} {given}"));
    config.options(set);
    if config.get_application_name().is_none() {
        config.application_name("rollbook");
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_TIMEOUT);
    }
    Ok(config)
}

pub(super) fn choose_tls_mode(
    config: &Config,
    options: &PostgresOptions,
) -> Result<TlsMode, StoreError> {
    let is_remote = config.get_hosts().iter().any(|host| matches!(host, Host::Tcp(_)));
    if config.get_ssl_mode() == SslMode::Disable || !is_remote {
        return Ok(TlsMode::Plain);
    }
    let Some(path) = &options.root_certificates else {
        // With `prefer`, a machine without certificates still reaches a server without TLS.
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        // An error means that one is installed already, which is the same one.
        let _ = provider.install_default();
        return match MakeRustlsConnect::with_native_certs() {
            Ok((connect, _)) => Ok(TlsMode::Verified(connect)),
            Err(_) if config.get_ssl_mode() == SslMode::Prefer => Ok(TlsMode::Plain),
            Err(errors) => Err(no_certificates(&format!("{errors:?}"))),
        };
    };
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(path)
        .map_err(|error| no_certificates(&format!("{}: {error}", path.display())))?;
    for certificate in certificates {
        let added = certificate.map_err(|error| error.to_string());
        let added = added.and_then(|c| roots.add(c).map_err(|error| error.to_string()));
        added.map_err(|error| no_certificates(&format!("{}: {error}", path.display())))?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| no_certificates(&error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsMode::Verified(MakeRustlsConnect::new(config)))
}

fn no_certificates(error: &str) -> StoreError {
    StoreError::Unavailable {
        reason: format!("no certificates to verify PostgreSQL with: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_that_cannot_be_read_is_not_repeated() {
        let error = parse_url("postgres://ann:secret@host:port/x", &PostgresOptions::default());
        let error = error.unwrap_err();
        assert_eq!(error.code(), "store_unavailable");
        assert!(!error.to_string().contains("secret"), "{error}");
    }

    #[test]
    fn waiting_for_locks_is_bounded_beside_options_of_the_url() {
        let options = PostgresOptions { wait: Duration::from_secs(2), ..Default::default() };
        let url = "postgres://ann@host/x?options=-c%20search_path%3Dbooks";
        let config = parse_url(url, &options).unwrap();
        assert_eq!(config.get_options(), Some("-c lock_timeout=2000ms -c search_path=books"));
    }

    #[test]
    fn only_a_server_elsewhere_is_reached_over_tls() {
        let tls = |url: &str, roots: Option<&str>| {
            let options =
                PostgresOptions { root_certificates: roots.map(Into::into), ..Default::default() };
            choose_tls_mode(&parse_url(url, &options).unwrap(), &options)
        };
        assert!(matches!(tls("postgres://a@%2Ftmp/x", None), Ok(TlsMode::Plain)));
        assert!(matches!(tls("postgres://a@host/x?sslmode=disable", None), Ok(TlsMode::Plain)));
        let missing = tls("postgres://a@host/x?sslmode=require", Some("/no/such/file"));
        assert_eq!(missing.err().map(|error| error.code()), Some("store_unavailable"));
    }
}

//! The address of a store in PostgreSQL. It may hold a password, so it is treated as a secret.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

use crate::failure::Failure;

const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];
const HIDDEN: &str = "(hidden)";

/// An address such as `postgres://user:password@host:port/database?sslmode=…`. `Display` and
/// `Debug` hide its password.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct StoreUrl(String);

impl StoreUrl {
    /// Wraps an address as it was given.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the whole address with its password, for connecting.
    pub fn secret(&self) -> &str {
        &self.0
    }

    /// Fails if this is not a PostgreSQL URL. The error does not repeat the text.
    pub fn check(&self) -> Result<(), Failure> {
        if SCHEMES.iter().any(|scheme| self.0.starts_with(scheme)) {
            return Ok(());
        }
        let message = "store.url must be postgres://user:password@host:port/database";
        Err(Failure::new(message).hint("leave it out to keep the records in the data folder"))
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((scheme, rest)) = self.0.split_once("://") else { return f.write_str(HIDDEN) };
        // A password may contain any character, even unescaped, so it ends at the last @.
        let (user, place) = rest.rsplit_once('@').map_or((None, rest), |(u, p)| (Some(u), p));
        write!(f, "{scheme}://")?;
        if let Some(user) = user {
            match user.split_once(':') {
                Some((name, _)) => write!(f, "{name}:{HIDDEN}@")?,
                None => write!(f, "{user}@")?,
            }
        }
        let (path, parameters) = place.split_once('?').map_or((place, ""), |(p, q)| (p, q));
        f.write_str(path)?;
        for (position, parameter) in parameters.split('&').filter(|p| !p.is_empty()).enumerate() {
            let shown = match parameter.split_once('=') {
                Some(("password", _)) => format!("password={HIDDEN}"),
                _ => parameter.to_owned(),
            };
            write!(f, "{}{shown}", if position == 0 { '?' } else { '&' })?;
        }
        Ok(())
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for StoreUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_shown() {
        for (url, shown) in [
            ("postgres://ann:secret@host:5432/x", "postgres://ann:(hidden)@host:5432/x"),
            ("postgres://ann:sec/r@e?t@host/x", "postgres://ann:(hidden)@host/x"),
            ("postgres://ann@host/x?sslmode=require", "postgres://ann@host/x?sslmode=require"),
            (
                "postgres://host/x?user=a&password=secret",
                "postgres://host/x?user=a&password=(hidden)",
            ),
            ("postgres://ann@%2Frun%2Fpg/x", "postgres://ann@%2Frun%2Fpg/x"),
            ("host=x password=secret", "(hidden)"),
        ] {
            let url = StoreUrl::new(url);
            assert_eq!(url.to_string(), shown);
            assert_eq!(format!("{url:?}"), shown);
            assert_eq!(serde_json::to_value(&url).unwrap(), shown);
        }
    }

    #[test]
    fn what_is_no_url_of_postgresql_is_refused_and_not_repeated() {
        for url in ["mysql://ann:secret@host/x", "host=x password=secret", ""] {
            let said = StoreUrl::new(url).check().unwrap_err().to_text(true);
            assert!(said.contains("postgres://") && !said.contains("secret"), "{said}");
        }
        StoreUrl::new("postgresql://host/x").check().unwrap();
    }
}

//! Maps PostgreSQL's errors to those of the port. No other module does so.

use deadpool_postgres::PoolError;
use tokio_postgres::error::SqlState;

use crate::error::StoreError;

/// Returns a function that maps an error of the operation `context`.
pub(super) fn failed(context: &'static str) -> impl Fn(tokio_postgres::Error) -> StoreError + Copy {
    move |error| {
        let Some(said) = error.as_db_error() else {
            return if is_connection_lost(&error) {
                unavailable(context, &error)
            } else {
                StoreError::Database { context, source: Box::new(error) }
            };
        };
        match classify_sql_state(said.code()) {
            SqlStateClass::Busy => StoreError::Busy,
            SqlStateClass::DiskFull => StoreError::DiskFull,
            SqlStateClass::Unavailable => StoreError::Unavailable {
                reason: format!("{context}: PostgreSQL says: {}", said.message()),
            },
            SqlStateClass::NotAllowed => StoreError::Unavailable {
                reason: format!(
                    "{context}: the role lacks a privilege: {}; grant it, or use the role that \
                     owns the database",
                    said.message()
                ),
            },
            SqlStateClass::Damaged => {
                StoreError::Damaged { reason: format!("{context}: {}", said.message()) }
            }
            SqlStateClass::Other => StoreError::Database { context, source: Box::new(error) },
        }
    }
}

/// Maps an error of opening or borrowing a connection.
pub(super) fn no_connection(error: PoolError) -> StoreError {
    match error {
        PoolError::Timeout(deadpool_postgres::TimeoutType::Wait) => StoreError::Busy,
        PoolError::Timeout(_) => {
            let reason = "connecting to PostgreSQL takes too long".to_owned();
            StoreError::Unavailable { reason }
        }
        PoolError::Backend(error) if error.as_db_error().is_some() => failed("connect")(error),
        PoolError::Backend(error) => unavailable("connect to PostgreSQL", &error),
        error => StoreError::Unavailable { reason: format!("connect: {error}") },
    }
}

/// Returns [`StoreError::Damaged`]: the stored data cannot have been written by this program.
pub(super) fn damaged(reason: impl Into<String>) -> StoreError {
    StoreError::Damaged { reason: reason.into() }
}

fn unavailable(context: &str, error: &tokio_postgres::Error) -> StoreError {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
    let reason = format!("{context}: {error}{}", cause.unwrap_or_default());
    StoreError::Unavailable { reason }
}

fn is_connection_lost(error: &tokio_postgres::Error) -> bool {
    let source = std::error::Error::source(error);
    error.is_closed() || source.is_some_and(|source| source.is::<std::io::Error>())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SqlStateClass {
    Busy,
    DiskFull,
    Unavailable,
    NotAllowed,
    Damaged,
    Other,
}

fn classify_sql_state(code: &SqlState) -> SqlStateClass {
    match code.code() {
        "55P03" | "40001" | "40P01" => SqlStateClass::Busy,
        "53100" => SqlStateClass::DiskFull,
        "42501" => SqlStateClass::NotAllowed,
        // A read-only server, shutdown, start-up, a missing database.
        "25006" | "57P01" | "57P02" | "57P03" | "3D000" => SqlStateClass::Unavailable,
        // The server lacks memory, connections or files; or its disk or system fails.
        code if code.starts_with("53") || code.starts_with("58") => SqlStateClass::Unavailable,
        "XX001" | "XX002" => SqlStateClass::Damaged,
        // No connection; a missing role or a wrong password.
        code if code.starts_with("08") || code.starts_with("28") => SqlStateClass::Unavailable,
        _ => SqlStateClass::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_of_the_server_have_codes_of_their_own() {
        for (code, expected) in [
            ("55P03", SqlStateClass::Busy),
            ("40P01", SqlStateClass::Busy),
            ("53100", SqlStateClass::DiskFull),
            ("42501", SqlStateClass::NotAllowed),
            ("57P01", SqlStateClass::Unavailable),
            ("53300", SqlStateClass::Unavailable),
            ("53200", SqlStateClass::Unavailable),
            ("58030", SqlStateClass::Unavailable),
            ("28P01", SqlStateClass::Unavailable),
            ("08006", SqlStateClass::Unavailable),
            ("XX001", SqlStateClass::Damaged),
            ("23505", SqlStateClass::Other),
        ] {
            assert_eq!(classify_sql_state(&SqlState::from_code(code)), expected, "{code}");
        }
    }
}

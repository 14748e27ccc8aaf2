//! Tokens: each grant is stored under the hash of the token's text, never with the text itself.

use model::time::{Date, Instant};
use tokio_postgres::Row;

use super::connections::PostgresSession;
use super::row::{get, get_instant, get_narrow, get_optional_instant};
use super::serde_text::{from_json, json};
use crate::error::StoreError;
use crate::token::{Token, TokenGrant, TokenHash};

/// A query whose rows are tokens, as [`read`] expects them.
macro_rules! select_tokens {
    ($rest:literal) => {
        concat!(
            "SELECT id, prefix, name, email, providers, permissions, read_only, customer_id, \
             expires_at, created_at, revoked_at, last_used_on FROM tokens ",
            $rest
        )
    };
}

const CREATE: &str = "INSERT INTO tokens (hash, prefix, name, email, providers, permissions, \
    read_only, customer_id, expires_at, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, \
    $10) ON CONFLICT (hash) DO NOTHING RETURNING id";
const ALL: &str = select_tokens!("ORDER BY id");
const BY_ID: &str = select_tokens!("WHERE id = $1");
const BY_HASH: &str = select_tokens!("WHERE hash = $1");
const REVOKE: &str = "UPDATE tokens SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";
const MARK_USED: &str = "UPDATE tokens SET last_used_on = $2 \
    WHERE id = $1 AND (last_used_on IS NULL OR last_used_on < $2)";
const IS_USE_NEW: &str =
    "SELECT 1 FROM tokens WHERE id = $1 AND (last_used_on IS NULL OR last_used_on < $2)";

pub(super) fn create(
    session: &PostgresSession<'_>,
    hash: &TokenHash,
    prefix: &str,
    grant: &TokenGrant,
    now: Instant,
) -> Result<Token, StoreError> {
    let created = session.find(
        "create a token",
        CREATE,
        &[
            &hash.as_slice(),
            &prefix,
            &grant.name,
            &grant.email,
            &json(&grant.providers)?,
            &json(&grant.permissions)?,
            &grant.read_only,
            &grant.customer_id,
            &grant.expires_at.map(Instant::micros),
            &now.micros(),
        ],
    )?;
    match created {
        None => Err(StoreError::Exists { what: "a token with this text".to_owned() }),
        Some(row) => by_id(session, get(&row, 0)?),
    }
}

pub(super) fn by_hash(
    session: &PostgresSession<'_>,
    hash: &TokenHash,
) -> Result<Option<Token>, StoreError> {
    let found = session.find("read a token", BY_HASH, &[&hash.as_slice()])?;
    found.as_ref().map(read).transpose()
}

pub(super) fn all(session: &PostgresSession<'_>) -> Result<Vec<Token>, StoreError> {
    session.all("read tokens", ALL, &[])?.iter().map(read).collect()
}

pub(super) fn revoke(
    session: &PostgresSession<'_>,
    id: i64,
    now: Instant,
) -> Result<Token, StoreError> {
    session.run("revoke a token", REVOKE, &[&id, &now.micros()])?;
    by_id(session, id)
}

/// Records a use on `day`, unless one is recorded for that day or a later one.
pub(super) fn mark_used(
    session: &PostgresSession<'_>,
    id: i64,
    day: Date,
) -> Result<(), StoreError> {
    let (context, day) = ("note a token's use", i64::from(day.days()));
    if session.find(context, IS_USE_NEW, &[&id, &day])?.is_some() {
        session.run(context, MARK_USED, &[&id, &day])?;
    }
    Ok(())
}

fn by_id(session: &PostgresSession<'_>, id: i64) -> Result<Token, StoreError> {
    let token = session.find("read a token", BY_ID, &[&id])?;
    let token = token.ok_or_else(|| StoreError::NotFound { what: format!("token {id}") })?;
    read(&token)
}

fn read(row: &Row) -> Result<Token, StoreError> {
    let last_used_on: Option<i64> = get(row, 11)?;
    Ok(Token {
        id: get(row, 0)?,
        prefix: get(row, 1)?,
        grant: TokenGrant {
            name: get(row, 2)?,
            email: get(row, 3)?,
            providers: from_json(row, 4)?,
            permissions: from_json(row, 5)?,
            read_only: get(row, 6)?,
            customer_id: get(row, 7)?,
            expires_at: get_optional_instant(row, 8)?,
        },
        created_at: get_instant(row, 9)?,
        revoked_at: get_optional_instant(row, 10)?,
        last_used_on: match last_used_on {
            Some(_) => Some(Date::from_days(get_narrow(row, 11)?)),
            None => None,
        },
    })
}

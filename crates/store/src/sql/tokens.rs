//! Tokens: each grant is stored under the hash of the token's text, never with the text itself.

use model::time::{Date, Instant};

use super::session::SqlSession;
use super::value::{SqlRow, json_text, values};
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
    read_only, customer_id, expires_at, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, \
    ?10) ON CONFLICT (hash) DO NOTHING RETURNING id";
const ALL: &str = select_tokens!("ORDER BY id");
const BY_ID: &str = select_tokens!("WHERE id = ?1");
const BY_HASH: &str = select_tokens!("WHERE hash = ?1");
const REVOKE: &str = "UPDATE tokens SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL";
const MARK_USED: &str = "UPDATE tokens SET last_used_on = ?2 \
    WHERE id = ?1 AND (last_used_on IS NULL OR last_used_on < ?2)";
const IS_USE_NEW: &str =
    "SELECT 1 FROM tokens WHERE id = ?1 AND (last_used_on IS NULL OR last_used_on < ?2)";

pub(crate) fn create(
    session: &dyn SqlSession,
    hash: &TokenHash,
    prefix: &str,
    grant: &TokenGrant,
    now: Instant,
) -> Result<Token, StoreError> {
    let created = session.find(
        "create a token",
        CREATE,
        values![
            hash.as_slice(),
            prefix,
            grant.name,
            grant.email,
            json_text(&grant.providers)?,
            json_text(&grant.permissions)?,
            grant.read_only,
            grant.customer_id,
            grant.expires_at,
            now,
        ],
    )?;
    match created {
        None => Err(StoreError::Exists { what: "a token with this text".to_owned() }),
        Some(row) => by_id(session, row.get(0)?),
    }
}

pub(crate) fn by_hash(
    session: &dyn SqlSession,
    hash: &TokenHash,
) -> Result<Option<Token>, StoreError> {
    let found = session.find("read a token", BY_HASH, values![hash.as_slice()])?;
    found.as_ref().map(read).transpose()
}

pub(crate) fn all(session: &dyn SqlSession) -> Result<Vec<Token>, StoreError> {
    session.all("read tokens", ALL, values![])?.iter().map(read).collect()
}

pub(crate) fn revoke(session: &dyn SqlSession, id: i64, now: Instant) -> Result<Token, StoreError> {
    session.run("revoke a token", REVOKE, values![id, now])?;
    by_id(session, id)
}

/// Returns true if no use is recorded for `day` or a later day.
pub(crate) fn is_use_new(session: &dyn SqlSession, id: i64, day: Date) -> Result<bool, StoreError> {
    Ok(session.find("read a token's last use", IS_USE_NEW, values![id, day])?.is_some())
}

/// Records a use on `day`, unless one is recorded for that day or a later one.
pub(crate) fn mark_used(session: &dyn SqlSession, id: i64, day: Date) -> Result<(), StoreError> {
    session.run("note a token's use", MARK_USED, values![id, day]).map(drop)
}

fn by_id(session: &dyn SqlSession, id: i64) -> Result<Token, StoreError> {
    let token = session.find("read a token", BY_ID, values![id])?;
    let token = token.ok_or_else(|| StoreError::NotFound { what: format!("token {id}") })?;
    read(&token)
}

fn read(row: &SqlRow) -> Result<Token, StoreError> {
    Ok(Token {
        id: row.get(0)?,
        prefix: row.get(1)?,
        grant: TokenGrant {
            name: row.get(2)?,
            email: row.get(3)?,
            providers: row.json(4)?,
            permissions: row.json(5)?,
            read_only: row.get(6)?,
            customer_id: row.get(7)?,
            expires_at: row.get(8)?,
        },
        created_at: row.get(9)?,
        revoked_at: row.get(10)?,
        last_used_on: row.get(11)?,
    })
}

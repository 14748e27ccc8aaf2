//! Tokens: each grant is stored under the hash of the token's text, never with the text itself.

use model::time::{Date, Instant};
use rusqlite::{Connection, OptionalExtension, Row};

use super::errors::failed;
use super::serde_text::{from_json, json};
use crate::error::StoreError;
use crate::token::{Token, TokenGrant, TokenHash};

const CREATE: &str = "INSERT INTO tokens (hash, prefix, name, email, providers, permissions, \
    read_only, customer_id, expires_at, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, \
    ?10) ON CONFLICT (hash) DO NOTHING";
const ALL: &str = "SELECT id, prefix, name, email, providers, permissions, read_only, \
    customer_id, expires_at, created_at, revoked_at, last_used_on FROM tokens ORDER BY id";
const BY_ID: &str = "SELECT id, prefix, name, email, providers, permissions, read_only, \
    customer_id, expires_at, created_at, revoked_at, last_used_on FROM tokens WHERE id = ?1";
const BY_HASH: &str = "SELECT id, prefix, name, email, providers, permissions, read_only, \
    customer_id, expires_at, created_at, revoked_at, last_used_on FROM tokens WHERE hash = ?1";
const REVOKE: &str = "UPDATE tokens SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL";
const MARK_USED: &str = "UPDATE tokens SET last_used_on = ?2 \
    WHERE id = ?1 AND (last_used_on IS NULL OR last_used_on < ?2)";

pub(super) fn create(
    connection: &Connection,
    hash: &TokenHash,
    prefix: &str,
    grant: &TokenGrant,
    now: Instant,
) -> Result<Token, StoreError> {
    let context = "create a token";
    let row = (
        hash,
        prefix,
        &grant.name,
        &grant.email,
        json(&grant.providers).map_err(failed(context))?,
        json(&grant.permissions).map_err(failed(context))?,
        grant.read_only,
        grant.customer_id,
        grant.expires_at.map(Instant::micros),
        now.micros(),
    );
    match connection.execute(CREATE, row).map_err(failed(context))? {
        0 => Err(StoreError::Exists { what: "a token with this text".to_owned() }),
        _ => by_id(connection, connection.last_insert_rowid()),
    }
}

pub(super) fn by_hash(
    connection: &Connection,
    hash: &TokenHash,
) -> Result<Option<Token>, StoreError> {
    let context = "read a token";
    let mut statement = connection.prepare_cached(BY_HASH).map_err(failed(context))?;
    statement.query_row([hash], read).optional().map_err(failed(context))
}

pub(super) fn all(connection: &Connection) -> Result<Vec<Token>, StoreError> {
    let context = "read tokens";
    let mut statement = connection.prepare_cached(ALL).map_err(failed(context))?;
    let tokens = statement.query_map([], read).map_err(failed(context))?;
    tokens.collect::<Result<_, _>>().map_err(failed(context))
}

pub(super) fn revoke(connection: &Connection, id: i64, now: Instant) -> Result<Token, StoreError> {
    connection.execute(REVOKE, (id, now.micros())).map_err(failed("revoke a token"))?;
    by_id(connection, id)
}

/// Returns true if no use is recorded for `day` or a later day.
pub(super) fn is_use_new(connection: &Connection, id: i64, day: Date) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM tokens WHERE id = ?1 AND (last_used_on IS NULL OR last_used_on < ?2)";
    let context = "read a token's last use";
    let mut statement = connection.prepare_cached(sql).map_err(failed(context))?;
    statement.exists((id, day.days())).map_err(failed(context))
}

pub(super) fn mark_used(connection: &Connection, id: i64, day: Date) -> Result<(), StoreError> {
    let context = "note a token's use";
    connection.execute(MARK_USED, (id, day.days())).map(drop).map_err(failed(context))
}

fn by_id(connection: &Connection, id: i64) -> Result<Token, StoreError> {
    let token = connection.query_row(BY_ID, [id], read).optional();
    let token = token.map_err(failed("read a token"))?;
    token.ok_or_else(|| StoreError::NotFound { what: format!("token {id}") })
}

fn read(row: &Row<'_>) -> rusqlite::Result<Token> {
    let instant = |position| -> rusqlite::Result<Option<Instant>> {
        Ok(row.get::<_, Option<i64>>(position)?.map(Instant::from_micros))
    };
    Ok(Token {
        id: row.get(0)?,
        prefix: row.get(1)?,
        grant: TokenGrant {
            name: row.get(2)?,
            email: row.get(3)?,
            providers: from_json(row, 4)?,
            permissions: from_json(row, 5)?,
            read_only: row.get(6)?,
            customer_id: row.get(7)?,
            expires_at: instant(8)?,
        },
        created_at: Instant::from_micros(row.get(9)?),
        revoked_at: instant(10)?,
        last_used_on: row.get::<_, Option<i32>>(11)?.map(Date::from_days),
    })
}

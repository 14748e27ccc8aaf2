//! Frozen packages and postings. They are stored in chunks, so that a read touches one or two rows.

use model::money::Currency;
use rusqlite::types::{Type, ValueRef};
use rusqlite::{Connection, Row};

use crate::error::StoreError;
use crate::part_content::{self, CHUNK_BYTES};
use crate::port::books::{ClosedMonthKey, ClosedPart, ClosedPartKind};
use crate::sqlite::query;

const ADD: &str = "INSERT INTO closed_parts (provider_id, month, version, currency, kind, bytes, \
    sha256, facts) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
const ADD_CHUNK: &str = "INSERT INTO closed_chunks (part_id, chunk, content) VALUES (?1, ?2, ?3)";
const MONTH: &str =
    "SELECT 1 FROM closed_months WHERE provider_id = ?1 AND month = ?2 AND version = ?3";
const ALL: &str = "SELECT currency, kind, bytes, sha256, facts FROM closed_parts \
    WHERE provider_id = ?1 AND month = ?2 AND version = ?3 ORDER BY currency, kind";
const FIND: &str = "SELECT id FROM closed_parts WHERE provider_id = ?1 AND month = ?2 \
    AND version = ?3 AND currency = ?4 AND kind = ?5";
const CHUNK: &str = "SELECT content FROM closed_chunks WHERE part_id = ?1 AND chunk = ?2";
const DAMAGED: &str = "SELECT count(*) FROM closed_parts p WHERE bytes <> (SELECT \
    coalesce(sum(length(content)), 0) FROM closed_chunks c WHERE c.part_id = p.id) \
    OR NOT EXISTS (SELECT 1 FROM closed_months m WHERE m.provider_id = p.provider_id \
        AND m.month = p.month AND m.version = p.version)";

/// Adds a part to the closing `key`.
pub(super) fn add(
    connection: &Connection,
    key: ClosedMonthKey,
    part: &ClosedPart,
    content: &mut dyn std::io::Read,
) -> Result<(), StoreError> {
    let context = "store a part of a closed month";
    let ClosedPart { currency, kind, bytes, sha256, facts } = part;
    let ClosedMonthKey { provider, month, version } = key;
    let (currency, kind) = (currency.code(), kind.as_str());
    let params = (provider.0, month.days(), version, currency, kind, bytes, sha256, facts);
    query::run(connection, context, ADD, params)?;
    let id = connection.last_insert_rowid();
    part_content::store_in_chunks(part, content, &mut |number, chunk| {
        query::run(connection, context, ADD_CHUNK, (id, number, chunk)).map(drop)
    })
}

pub(super) fn all(
    connection: &Connection,
    key: ClosedMonthKey,
) -> Result<Vec<ClosedPart>, StoreError> {
    let context = "list the parts of a closed month";
    let params = (key.provider.0, key.month.days(), key.version);
    if query::find(connection, context, MONTH, params, |_| Ok(()))?.is_none() {
        return Err(unknown(key, "a closing"));
    }
    query::all(connection, context, ALL, params, read_part)
}

/// Returns the number of a part.
pub(super) fn find(
    connection: &Connection,
    key: ClosedMonthKey,
    currency: Currency,
    kind: ClosedPartKind,
) -> Result<i64, StoreError> {
    let ClosedMonthKey { provider, month, version } = key;
    let params = (provider.0, month.days(), version, currency.code(), kind.as_str());
    let context = "look for a part of a closed month";
    let found = query::find(connection, context, FIND, params, |row| row.get(0))?;
    found.ok_or_else(|| unknown(key, kind.as_str()))
}

fn unknown(key: ClosedMonthKey, what: &str) -> StoreError {
    let ClosedMonthKey { month, version, .. } = key;
    StoreError::NotFound { what: format!("{what} of the month from {month}, version {version}") }
}

/// Fills `buffer` from `offset` on and returns the number of bytes read.
pub(super) fn read(
    connection: &Connection,
    part: i64,
    offset: u64,
    buffer: &mut [u8],
) -> Result<usize, StoreError> {
    let mut filled = 0;
    while filled < buffer.len() {
        let at = offset + filled as u64;
        let (chunk, within) = (at / CHUNK_BYTES as u64, (at % CHUNK_BYTES as u64) as usize);
        let rest = &mut buffer[filled..];
        let context = "read a part of a closed month";
        let copied = query::find(connection, context, CHUNK, (part, chunk), |row| {
            Ok(copy(row.get_ref(0)?, within, rest))
        })?;
        match copied {
            None | Some(0) => break,
            Some(copied) => filled += copied,
        }
    }
    Ok(filled)
}

fn copy(chunk: ValueRef<'_>, from: usize, buffer: &mut [u8]) -> usize {
    let chunk = chunk.as_blob().unwrap_or_default();
    let rest = chunk.get(from..).unwrap_or_default();
    let count = rest.len().min(buffer.len());
    buffer[..count].copy_from_slice(&rest[..count]);
    count
}

fn read_part(row: &Row<'_>) -> rusqlite::Result<ClosedPart> {
    let (currency, kind): (String, String) = (row.get(0)?, row.get(1)?);
    let unknown = |position, name: &str| {
        let reason = format!("unknown name {name}");
        rusqlite::Error::FromSqlConversionFailure(position, Type::Text, reason.into())
    };
    Ok(ClosedPart {
        currency: Currency::parse(&currency).ok_or_else(|| unknown(0, &currency))?,
        kind: ClosedPartKind::parse(&kind).ok_or_else(|| unknown(1, &kind))?,
        bytes: row.get(2)?,
        sha256: row.get(3)?,
        facts: row.get(4)?,
    })
}

/// Returns one line if parts are incomplete.
pub(in crate::sqlite) fn check(connection: &Connection) -> Result<Option<String>, StoreError> {
    let count: i64 = query::one(connection, "check closed months", DAMAGED, [], |row| row.get(0))?;
    Ok((count > 0).then(|| format!("closed months: {count} parts that are not whole")))
}

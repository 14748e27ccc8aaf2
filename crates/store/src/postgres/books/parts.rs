//! Frozen packages and postings. They are stored in chunks, so that a read touches one or two rows.

use model::money::Currency;
use tokio_postgres::Row;

use crate::error::StoreError;
use crate::part_content::{self, CHUNK_BYTES};
use crate::port::books::{ClosedMonthKey, ClosedPart, ClosedPartKind};
use crate::postgres::connections::PostgresSession;
use crate::postgres::errors::damaged;
use crate::postgres::row::{get, get_parsed, get_unsigned, to_signed};

const ADD: &str = "INSERT INTO closed_parts (provider_id, month, version, currency, kind, bytes, \
    sha256, facts) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id";
const ADD_CHUNK: &str = "INSERT INTO closed_chunks (part_id, chunk, content) VALUES ($1, $2, $3)";
const MONTH: &str =
    "SELECT 1 FROM closed_months WHERE provider_id = $1 AND month = $2 AND version = $3";
const ALL: &str = "SELECT currency, kind, bytes, sha256, facts FROM closed_parts \
    WHERE provider_id = $1 AND month = $2 AND version = $3 ORDER BY currency, kind";
const FIND: &str = "SELECT id FROM closed_parts WHERE provider_id = $1 AND month = $2 \
    AND version = $3 AND currency = $4 AND kind = $5";
/// Only the requested bytes are sent. `substr` counts from 1.
const CHUNK: &str = "SELECT substr(content, $3, $4) FROM closed_chunks \
    WHERE part_id = $1 AND chunk = $2";

/// Adds a part to the closing `key`.
pub(super) fn add(
    session: &PostgresSession<'_>,
    key: ClosedMonthKey,
    part: &ClosedPart,
    content: &mut dyn std::io::Read,
) -> Result<(), StoreError> {
    let context = "store a part of a closed month";
    let ClosedPart { currency, kind, bytes, sha256, facts } = part;
    let (month, version) = key_numbers(key);
    let (currency, kind) = (currency.code(), kind.as_str());
    let (bytes, sha256) = (to_signed(*bytes), sha256.as_slice());
    let params: &[&(dyn tokio_postgres::types::ToSql + Sync)] =
        &[&key.provider.0, &month, &version, &currency, &kind, &bytes, &sha256, facts];
    let id: i64 = get(&session.one(context, ADD, params)?, 0)?;
    part_content::store_in_chunks(part, content, &mut |number, chunk| {
        session.run(context, ADD_CHUNK, &[&id, &number, &chunk]).map(drop)
    })
}

fn key_numbers(key: ClosedMonthKey) -> (i64, i64) {
    (i64::from(key.month.days()), i64::from(key.version))
}

pub(super) fn all(
    session: &PostgresSession<'_>,
    key: ClosedMonthKey,
) -> Result<Vec<ClosedPart>, StoreError> {
    let context = "list the parts of a closed month";
    let (month, version) = key_numbers(key);
    if session.find(context, MONTH, &[&key.provider.0, &month, &version])?.is_none() {
        return Err(unknown(key, "a closing"));
    }
    let parts = session.all(context, ALL, &[&key.provider.0, &month, &version])?;
    parts.iter().map(read_part).collect()
}

/// Returns the number of a part.
pub(super) fn find(
    session: &PostgresSession<'_>,
    key: ClosedMonthKey,
    currency: Currency,
    kind: ClosedPartKind,
) -> Result<i64, StoreError> {
    let (month, version) = key_numbers(key);
    let (currency, kind) = (currency.code(), kind.as_str());
    let params: &[&(dyn tokio_postgres::types::ToSql + Sync)] =
        &[&key.provider.0, &month, &version, &currency, &kind];
    let found = session.find("look for a part of a closed month", FIND, params)?;
    get(&found.ok_or_else(|| unknown(key, kind))?, 0)
}

fn unknown(key: ClosedMonthKey, what: &str) -> StoreError {
    let ClosedMonthKey { month, version, .. } = key;
    StoreError::NotFound { what: format!("{what} of the month from {month}, version {version}") }
}

/// Fills `buffer` from `offset` on and returns the number of bytes read.
pub(super) fn read(
    session: &PostgresSession<'_>,
    part: i64,
    offset: u64,
    buffer: &mut [u8],
) -> Result<usize, StoreError> {
    let chunk_bytes = CHUNK_BYTES as u64;
    let mut filled = 0;
    while filled < buffer.len() {
        let at = offset + filled as u64;
        let (chunk, within) = (to_signed(at / chunk_bytes), at % chunk_bytes);
        let wanted = (buffer.len() - filled).min(CHUNK_BYTES);
        let first = to_i32(within + 1);
        let count = to_i32(wanted as u64);
        let params: &[&(dyn tokio_postgres::types::ToSql + Sync)] =
            &[&part, &chunk, &first, &count];
        let Some(row) = session.find("read a part of a closed month", CHUNK, params)? else {
            break;
        };
        let bytes: &[u8] = get(&row, 0)?;
        if bytes.is_empty() {
            break;
        }
        buffer[filled..filled + bytes.len()].copy_from_slice(bytes);
        filled += bytes.len();
    }
    Ok(filled)
}

/// Converts an offset or a length within a chunk.
fn to_i32(value: u64) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

fn read_part(row: &Row) -> Result<ClosedPart, StoreError> {
    let sha256: &[u8] = get(row, 3)?;
    Ok(ClosedPart {
        currency: get_parsed(row, 0, Currency::parse)?,
        kind: get_parsed(row, 1, ClosedPartKind::parse)?,
        bytes: get_unsigned(row, 2)?,
        sha256: sha256.try_into().map_err(|_| damaged("a hash of another length"))?,
        facts: get(row, 4)?,
    })
}

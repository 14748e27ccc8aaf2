//! Frozen packages and postings. They are stored in chunks, so that a read touches one or two rows.

use model::money::Currency;

use crate::error::StoreError;
use crate::part_content::{self, CHUNK_BYTES};
use crate::port::books::{ClosedMonthKey, ClosedPart, ClosedPartKind};
use crate::sql::session::SqlSession;
use crate::sql::value::{SqlRow, values};

const ADD: &str = "INSERT INTO closed_parts (provider_id, month, version, currency, kind, bytes, \
    sha256, facts) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) RETURNING id";
const ADD_CHUNK: &str = "INSERT INTO closed_chunks (part_id, chunk, content) VALUES (?1, ?2, ?3)";
const MONTH: &str =
    "SELECT 1 FROM closed_months WHERE provider_id = ?1 AND month = ?2 AND version = ?3";
const ALL: &str = "SELECT currency, kind, bytes, sha256, facts FROM closed_parts \
    WHERE provider_id = ?1 AND month = ?2 AND version = ?3 ORDER BY currency, kind";
const FIND: &str = "SELECT id FROM closed_parts WHERE provider_id = ?1 AND month = ?2 \
    AND version = ?3 AND currency = ?4 AND kind = ?5";
/// Only the requested bytes are read. `substr` counts from 1.
const CHUNK: &str = "SELECT substr(content, ?3, ?4) FROM closed_chunks \
    WHERE part_id = ?1 AND chunk = ?2";

/// Adds a part to the closing `key`.
pub(super) fn add(
    session: &dyn SqlSession,
    key: ClosedMonthKey,
    part: &ClosedPart,
    content: &mut dyn std::io::Read,
) -> Result<(), StoreError> {
    let context = "store a part of a closed month";
    let ClosedPart { currency, kind, bytes, sha256, facts } = part;
    let ClosedMonthKey { provider, month, version } = key;
    let (currency, kind) = (currency.code(), kind.as_str());
    let row = values![provider.0, month, version, currency, kind, bytes, sha256, facts];
    let id: i64 = session.one(context, ADD, row)?.get(0)?;
    part_content::store_in_chunks(part, content, &mut |number, chunk| {
        session.run(context, ADD_CHUNK, values![id, number, chunk]).map(drop)
    })
}

pub(super) fn all(
    session: &dyn SqlSession,
    key: ClosedMonthKey,
) -> Result<Vec<ClosedPart>, StoreError> {
    let context = "list the parts of a closed month";
    let ClosedMonthKey { provider, month, version } = key;
    if session.find(context, MONTH, values![provider.0, month, version])?.is_none() {
        return Err(unknown(key, "a closing"));
    }
    let parts = session.all(context, ALL, values![provider.0, month, version])?;
    parts.iter().map(read_part).collect()
}

/// Returns the number of a part.
pub(super) fn find(
    session: &dyn SqlSession,
    key: ClosedMonthKey,
    currency: Currency,
    kind: ClosedPartKind,
) -> Result<i64, StoreError> {
    let ClosedMonthKey { provider, month, version } = key;
    let (context, currency, kind) =
        ("look for a part of a closed month", currency.code(), kind.as_str());
    let found = session.find(context, FIND, values![provider.0, month, version, currency, kind])?;
    found.ok_or_else(|| unknown(key, kind))?.get(0)
}

fn unknown(key: ClosedMonthKey, what: &str) -> StoreError {
    let ClosedMonthKey { month, version, .. } = key;
    StoreError::NotFound { what: format!("{what} of the month from {month}, version {version}") }
}

/// Fills `buffer` from `offset` on and returns the number of bytes read.
pub(super) fn read(
    session: &dyn SqlSession,
    part: i64,
    offset: u64,
    buffer: &mut [u8],
) -> Result<usize, StoreError> {
    let chunk_bytes = CHUNK_BYTES as u64;
    let mut filled = 0;
    while filled < buffer.len() {
        let at = offset + filled as u64;
        let (chunk, first) = (at / chunk_bytes, at % chunk_bytes + 1);
        let wanted = (buffer.len() - filled).min(CHUNK_BYTES) as u64;
        let (context, piece) =
            ("read a part of a closed month", values![part, chunk, first, wanted]);
        let Some(row) = session.find(context, CHUNK, piece)? else { break };
        let bytes: Vec<u8> = row.get(0)?;
        if bytes.is_empty() {
            break;
        }
        buffer[filled..filled + bytes.len()].copy_from_slice(&bytes);
        filled += bytes.len();
    }
    Ok(filled)
}

fn read_part(row: &SqlRow) -> Result<ClosedPart, StoreError> {
    Ok(ClosedPart {
        currency: row.parsed(0, Currency::parse)?,
        kind: row.parsed(1, ClosedPartKind::parse)?,
        bytes: row.get(2)?,
        sha256: row.get(3)?,
        facts: row.get(4)?,
    })
}

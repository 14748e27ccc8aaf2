//! PostgreSQL's binary COPY: rows out of the server and into it without going through text.
//! Every column here is a 64-bit integer or a text.

use bytes::{BufMut, Bytes, BytesMut};
use futures::{FutureExt, SinkExt, StreamExt};
use model::catalogue::{Column, Table};
use model::cell::{Cell, CellRef};
use model::id::{ProviderId, Revision};
use tokio_postgres::CopyInSink;

use super::engine::Session;
use super::errors::{damaged, failed};
use crate::error::StoreError;
use crate::port::{RowKey, RowVisitor, StoredRow};

const SIGNATURE: &[u8; 11] = b"PGCOPY\n\xff\r\n\0";
/// Flags and the length of an extension, both 0.
const HEADER_REST: [u8; 8] = [0; 8];
/// In place of the number of columns: the end.
const TRAILER: i16 = -1;
/// Rows fetched while the caller waits once. A bound of memory, and cheap per row.
const ROWS_AT_ONCE: usize = 512;
/// Position of the revision in a row that is read.
const REVISION: usize = 1;
/// Position of the table's first column in a row that is read.
const FIRST_COLUMN: usize = 2;

/// Visits the rows of `COPY (…) TO STDOUT (FORMAT binary)`: provider, revision, the columns.
pub(super) fn visit(
    session: &Session<'_>,
    table: &'static Table,
    question: &str,
    visit: &mut RowVisitor<'_>,
) -> Result<(), StoreError> {
    let read = failed("read rows");
    let sql = format!("COPY ({question}) TO STDOUT (FORMAT binary)");
    let stream = session.engine.wait(session.client.copy_out(&sql)).map_err(read)?;
    let mut stream = Box::pin(stream);
    let mut decoder = Decoder::new(table);
    let mut messages = Vec::with_capacity(ROWS_AT_ONCE);
    loop {
        // The visitor may ask the store for something else: it is not called while waiting.
        let is_over = session.engine.wait(async {
            match stream.next().await {
                None => return Ok(true),
                Some(message) => messages.push(message?),
            }
            while messages.len() < ROWS_AT_ONCE {
                match stream.next().now_or_never() {
                    None => return Ok(false),
                    Some(None) => return Ok(true),
                    Some(Some(message)) => messages.push(message?),
                }
            }
            Ok(false)
        });
        let is_over = is_over.map_err(read)?;
        for message in messages.drain(..) {
            decoder.visit(message, visit)?;
        }
        if is_over {
            return Ok(());
        }
    }
}

/// Takes messages apart. The server sends one row per message, the header with the first one.
struct Decoder {
    table: &'static Table,
    has_begun: bool,
    columns: Vec<Option<(usize, usize)>>,
}

impl Decoder {
    fn new(table: &'static Table) -> Self {
        Self { table, has_begun: false, columns: Vec::with_capacity(table.columns.len()) }
    }

    fn visit(&mut self, message: Bytes, visit: &mut RowVisitor<'_>) -> Result<(), StoreError> {
        let mut at = 0;
        if !self.has_begun {
            at = SIGNATURE.len() + HEADER_REST.len();
            if !message.starts_with(SIGNATURE) || message.len() < at {
                return Err(torn());
            }
            self.has_begun = true;
        }
        while at < message.len() {
            let count = i16::from_be_bytes(take(&message, &mut at)?);
            if count == TRAILER {
                return Ok(());
            }
            self.columns.clear();
            for _ in 0..count {
                let length = i32::from_be_bytes(take(&message, &mut at)?);
                let column = usize::try_from(length).ok().map(|length| (at, at + length));
                at = column.map_or(at, |(_, end)| end);
                self.columns.push(column);
            }
            if at > message.len() {
                return Err(torn());
            }
            let row = CopiedRow { table: self.table, message: &message, columns: &self.columns };
            row.check()?;
            visit(&row)?;
        }
        Ok(())
    }
}

fn take<const N: usize>(message: &[u8], at: &mut usize) -> Result<[u8; N], StoreError> {
    let bytes = message.get(*at..*at + N).and_then(|bytes| bytes.try_into().ok());
    *at += N;
    bytes.ok_or_else(torn)
}

fn torn() -> StoreError {
    damaged("a row of COPY that ends early")
}

struct CopiedRow<'r> {
    table: &'static Table,
    message: &'r [u8],
    /// Where each column stands; none = null.
    columns: &'r [Option<(usize, usize)>],
}

impl<'r> CopiedRow<'r> {
    /// Whether every value is of its column's kind.
    fn check(&self) -> Result<(), StoreError> {
        let is_int = |at: usize| self.int(at).is_some();
        let has_key = is_int(0) && is_int(REVISION) && is_int(FIRST_COLUMN);
        let is_right = |(position, column): (usize, &Column)| {
            let at = position + FIRST_COLUMN;
            match (self.bytes(at), column.is_integer()) {
                (None, _) => true,
                (Some(_), true) => is_int(at),
                (Some(bytes), false) => std::str::from_utf8(bytes).is_ok(),
            }
        };
        let has_columns = self.columns.len() == self.table.columns.len() + FIRST_COLUMN;
        match has_key && has_columns && self.table.columns.iter().enumerate().all(is_right) {
            true => Ok(()),
            false => Err(damaged(format!("a row of {} cannot be read", self.table.name))),
        }
    }

    fn bytes(&self, at: usize) -> Option<&'r [u8]> {
        let (start, end) = self.columns.get(at).copied().flatten()?;
        self.message.get(start..end)
    }

    fn int(&self, at: usize) -> Option<i64> {
        self.bytes(at)?.try_into().ok().map(i64::from_be_bytes)
    }
}

impl StoredRow for CopiedRow<'_> {
    fn key(&self) -> RowKey {
        let id = self.int(FIRST_COLUMN).unwrap_or_default();
        RowKey { provider: ProviderId(self.int(0).unwrap_or_default()), id }
    }

    fn revision(&self) -> Revision {
        Revision(self.int(REVISION).unwrap_or_default())
    }

    fn cell(&self, position: usize) -> CellRef<'_> {
        let at = position + FIRST_COLUMN;
        let Some(bytes) = self.bytes(at) else { return CellRef::Null };
        match self.table.columns[position].is_integer() {
            true => self.int(at).map_or(CellRef::Null, CellRef::Int),
            false => std::str::from_utf8(bytes).map_or(CellRef::Null, CellRef::Text),
        }
    }
}

/// Writes rows with `COPY … FROM STDIN (FORMAT binary)`: provider, revision, the cells of each.
pub(super) fn write<'r>(
    session: &Session<'_>,
    table: &Table,
    (provider, revision): (i64, Revision),
    rows: impl Iterator<Item = &'r [Cell]>,
) -> Result<(), StoreError> {
    let names: Vec<_> = table.columns.iter().map(|c| format!("\"{}\"", c.name)).collect();
    let sql = format!(
        "COPY \"{}\" (provider_id, rev, {}) FROM STDIN (FORMAT binary)",
        table.name,
        names.join(", ")
    );
    let body = encode(table, (provider, revision), rows);
    let work = async {
        let sink: CopyInSink<Bytes> = session.client.copy_in(&sql).await?;
        let mut sink = std::pin::pin!(sink);
        sink.send(body).await?;
        sink.finish().await
    };
    session.engine.wait(work).map(drop).map_err(failed("write rows"))
}

fn encode<'r>(
    table: &Table,
    (provider, revision): (i64, Revision),
    rows: impl Iterator<Item = &'r [Cell]>,
) -> Bytes {
    let columns = i16::try_from(table.columns.len() + FIRST_COLUMN).unwrap_or(i16::MAX);
    let mut body = BytesMut::new();
    body.put_slice(SIGNATURE);
    body.put_slice(&HEADER_REST);
    for cells in rows {
        body.put_i16(columns);
        put_int(&mut body, provider);
        put_int(&mut body, revision.0);
        for cell in cells {
            match cell {
                Cell::Absent | Cell::Null => body.put_i32(-1),
                Cell::Int(value) => put_int(&mut body, *value),
                Cell::Text(text) => {
                    body.put_i32(i32::try_from(text.len()).unwrap_or(i32::MAX));
                    body.put_slice(text.as_bytes());
                }
            }
        }
    }
    body.put_i16(TRAILER);
    body.freeze()
}

fn put_int(body: &mut BytesMut, value: i64) {
    body.put_i32(8);
    body.put_i64(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded() {
        let table = model::catalogue::table("sites").unwrap();
        let row = |id: i64, name: Cell| {
            let mut cells = vec![Cell::Null; table.columns.len()];
            (cells[0], cells[1]) = (Cell::Int(id), name);
            cells
        };
        let rows = [
            row(i64::MAX, Cell::text("eight678")),
            row(-1, Cell::text("")),
            row(5, Cell::text("é".repeat(5000))),
            row(6, Cell::Null),
        ];
        let body = encode(table, (7, Revision(9)), rows.iter().map(Vec::as_slice));
        let mut seen = Vec::new();
        let mut visit = |row: &dyn StoredRow| {
            assert_eq!((row.key().provider, row.revision()), (ProviderId(7), Revision(9)));
            let cells = (0..table.columns.len()).map(|position| row.cell(position).to_cell());
            seen.push(cells.collect::<Vec<_>>());
            Ok(())
        };
        let mut decoder = Decoder::new(table);
        decoder.visit(body.clone(), &mut visit).unwrap();
        assert_eq!(seen, rows);
        for length in 0..body.len() - 2 {
            let mut decoder = Decoder::new(table);
            let decoded = decoder.visit(body.slice(..length), &mut |_| Ok(()));
            let is_whole = length >= 19 && decoded.is_ok();
            assert!(!is_whole || is_boundary(&body, length), "{length}");
        }
    }

    /// Whether a row ends at `length`.
    fn is_boundary(body: &Bytes, length: usize) -> bool {
        let mut at = 19;
        while at < length {
            let count = i16::from_be_bytes(take(body, &mut at).unwrap());
            for _ in 0..count.max(0) {
                let length = i32::from_be_bytes(take(body, &mut at).unwrap());
                at += usize::try_from(length).unwrap_or_default();
            }
        }
        at == length
    }
}

//! Reads and writes rows in bulk with PostgreSQL's binary COPY, without converting them to text.

use bytes::{BufMut, Bytes, BytesMut};
use futures::{FutureExt, SinkExt, StreamExt};
use model::catalogue::{Column, Table};
use model::cell::{Cell, CellRef};
use model::id::{ProviderId, Revision};
use tokio_postgres::CopyInSink;

use super::connections::PostgresSession;
use super::errors::{damaged, failed};
use crate::error::StoreError;
use crate::port::{RowKey, RowVisitor, StoredRow};

const SIGNATURE: &[u8; 11] = b"PGCOPY\n\xff\r\n\0";
/// The flags and the length of the header extension, both 0.
const HEADER_REST: [u8; 8] = [0; 8];
/// Ends the data: it stands where a row has its number of columns.
const TRAILER: i16 = -1;
/// The number of rows fetched per call into the runtime: bounds the memory, and is cheap per row.
const ROWS_AT_ONCE: usize = 512;
/// The position of the revision in a selected row.
const REVISION: usize = 1;
/// The position of the table's first column in a selected row.
const FIRST_COLUMN: usize = 2;

/// Visits the rows of a query that selects provider, revision and the columns of `table`.
pub(super) fn visit(
    session: &PostgresSession<'_>,
    table: &'static Table,
    query: &str,
    visit: &mut RowVisitor<'_>,
) -> Result<(), StoreError> {
    read_rows(session, query, &mut |fields| {
        let row = CopiedRow { table, fields };
        row.check()?;
        visit(&row)
    })
}

/// Runs `COPY (…) TO STDOUT (FORMAT binary)` and passes each row to `on_row`.
pub(super) fn read_rows(
    session: &PostgresSession<'_>,
    query: &str,
    on_row: &mut dyn FnMut(CopiedFields<'_>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let read = failed("read rows");
    let sql = format!("COPY ({query}) TO STDOUT (FORMAT binary)");
    let stream = session.engine.block_on(session.client.copy_out(&sql)).map_err(read)?;
    let mut stream = Box::pin(stream);
    let mut decoder = CopyDecoder::default();
    let mut messages = Vec::with_capacity(ROWS_AT_ONCE);
    loop {
        // The callback may query the store itself, so it must not run inside the runtime.
        let is_over = session.engine.block_on(async {
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
            decoder.decode_message(&message, on_row)?;
        }
        if is_over {
            return Ok(());
        }
    }
}

/// Splits messages into rows and fields. The server sends one row per message; the first message
/// also has the header.
#[derive(Default)]
struct CopyDecoder {
    has_begun: bool,
    columns: Vec<Option<(usize, usize)>>,
}

impl CopyDecoder {
    fn decode_message(
        &mut self,
        message: &[u8],
        on_row: &mut dyn FnMut(CopiedFields<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut at = 0;
        if !self.has_begun {
            at = SIGNATURE.len() + HEADER_REST.len();
            if !message.starts_with(SIGNATURE) || message.len() < at {
                return Err(truncated_row());
            }
            self.has_begun = true;
        }
        while at < message.len() {
            let count = i16::from_be_bytes(read_bytes(message, &mut at)?);
            if count == TRAILER {
                return Ok(());
            }
            self.columns.clear();
            for _ in 0..count {
                let length = i32::from_be_bytes(read_bytes(message, &mut at)?);
                let column = usize::try_from(length).ok().map(|length| (at, at + length));
                at = column.map_or(at, |(_, end)| end);
                self.columns.push(column);
            }
            if at > message.len() {
                return Err(truncated_row());
            }
            on_row(CopiedFields { message, columns: &self.columns })?;
        }
        Ok(())
    }
}

fn read_bytes<const N: usize>(message: &[u8], at: &mut usize) -> Result<[u8; N], StoreError> {
    let bytes = message.get(*at..*at + N).and_then(|bytes| bytes.try_into().ok());
    *at += N;
    bytes.ok_or_else(truncated_row)
}

fn truncated_row() -> StoreError {
    damaged("a row of COPY that ends early")
}

/// The fields of one row, as the server sent them.
#[derive(Clone, Copy)]
pub(super) struct CopiedFields<'r> {
    message: &'r [u8],
    /// The start and the end of each field in the message; none = null.
    columns: &'r [Option<(usize, usize)>],
}

impl<'r> CopiedFields<'r> {
    /// Returns the bytes of a field; none when it is null.
    pub(super) fn bytes(self, at: usize) -> Option<&'r [u8]> {
        let (start, end) = self.columns.get(at).copied().flatten()?;
        self.message.get(start..end)
    }

    fn int(self, at: usize) -> Option<i64> {
        self.bytes(at)?.try_into().ok().map(i64::from_be_bytes)
    }
}

struct CopiedRow<'r> {
    table: &'static Table,
    fields: CopiedFields<'r>,
}

impl CopiedRow<'_> {
    /// Checks that every value is of its column's kind.
    fn check(&self) -> Result<(), StoreError> {
        let is_int = |at: usize| self.fields.int(at).is_some();
        let has_key = is_int(0) && is_int(REVISION) && is_int(FIRST_COLUMN);
        let is_right = |(position, column): (usize, &Column)| {
            let at = position + FIRST_COLUMN;
            match (self.fields.bytes(at), column.is_integer()) {
                (None, _) => true,
                (Some(_), true) => is_int(at),
                (Some(bytes), false) => std::str::from_utf8(bytes).is_ok(),
            }
        };
        let has_columns = self.fields.columns.len() == self.table.columns.len() + FIRST_COLUMN;
        if has_key && has_columns && self.table.columns.iter().enumerate().all(is_right) {
            Ok(())
        } else {
            Err(damaged(format!("a row of {} cannot be read", self.table.name)))
        }
    }
}

impl StoredRow for CopiedRow<'_> {
    fn key(&self) -> RowKey {
        let int = |at| self.fields.int(at).unwrap_or_default();
        RowKey { provider: ProviderId(int(0)), id: int(FIRST_COLUMN) }
    }

    fn revision(&self) -> Revision {
        Revision(self.fields.int(REVISION).unwrap_or_default())
    }

    fn cell(&self, position: usize) -> CellRef<'_> {
        let at = position + FIRST_COLUMN;
        let Some(bytes) = self.fields.bytes(at) else { return CellRef::Null };
        if self.table.columns[position].is_integer() {
            self.fields.int(at).map_or(CellRef::Null, CellRef::Int)
        } else {
            std::str::from_utf8(bytes).map_or(CellRef::Null, CellRef::Text)
        }
    }
}

/// Writes rows with `COPY … FROM STDIN (FORMAT binary)`: the provider and the revision, then each
/// row's cells.
pub(super) fn write_rows<'r>(
    session: &PostgresSession<'_>,
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
    session.engine.block_on(work).map(drop).map_err(failed("write rows"))
}

fn encode<'r>(
    table: &Table,
    (provider, revision): (i64, Revision),
    rows: impl Iterator<Item = &'r [Cell]>,
) -> Bytes {
    let mut body = BytesMut::new();
    put_header(&mut body);
    let (provider, revision) = (provider.to_be_bytes(), revision.0.to_be_bytes());
    for cells in rows {
        put_count(&mut body, table.columns.len() + FIRST_COLUMN);
        put_field(&mut body, Some(&provider));
        put_field(&mut body, Some(&revision));
        for cell in cells {
            match cell {
                Cell::Absent | Cell::Null => put_field(&mut body, None),
                Cell::Int(value) => put_field(&mut body, Some(&value.to_be_bytes())),
                Cell::Text(text) => put_field(&mut body, Some(text.as_bytes())),
            }
        }
    }
    put_trailer(&mut body);
    body.freeze()
}

/// Writes the header that begins the data.
pub(super) fn put_header(body: &mut BytesMut) {
    body.put_slice(SIGNATURE);
    body.put_slice(&HEADER_REST);
}

/// Begins a row of that many columns.
pub(super) fn put_count(body: &mut BytesMut, columns: usize) {
    body.put_i16(i16::try_from(columns).unwrap_or(i16::MAX));
}

/// Adds a field to the row.
pub(super) fn put_field(body: &mut BytesMut, field: Option<&[u8]>) {
    match field {
        None => body.put_i32(-1),
        Some(bytes) => {
            body.put_i32(i32::try_from(bytes.len()).unwrap_or(i32::MAX));
            body.put_slice(bytes);
        }
    }
}

/// Writes the trailer that ends the data.
pub(super) fn put_trailer(body: &mut BytesMut) {
    body.put_i16(TRAILER);
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
        let mut on_row = |fields: CopiedFields<'_>| {
            let row = CopiedRow { table, fields };
            row.check()?;
            assert_eq!((row.key().provider, row.revision()), (ProviderId(7), Revision(9)));
            let cells = (0..table.columns.len()).map(|position| row.cell(position).to_cell());
            seen.push(cells.collect::<Vec<_>>());
            Ok(())
        };
        CopyDecoder::default().decode_message(&body, &mut on_row).unwrap();
        assert_eq!(seen, rows);
        for length in 0..body.len() - 2 {
            let decoded = CopyDecoder::default().decode_message(&body[..length], &mut |_| Ok(()));
            assert_eq!(decoded.is_ok(), is_boundary(&body, length), "{length}");
        }
    }

    /// Returns true if a row ends at `length`.
    fn is_boundary(body: &[u8], length: usize) -> bool {
        let mut at = 19;
        while at < length {
            let count = i16::from_be_bytes(read_bytes(body, &mut at).unwrap());
            for _ in 0..count.max(0) {
                let length = i32::from_be_bytes(read_bytes(body, &mut at).unwrap());
                at += usize::try_from(length).unwrap_or_default();
            }
        }
        at == length
    }
}

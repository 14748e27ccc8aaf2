//! Writes the tables of a store that is moved into this database.

use std::collections::HashMap;

use bytes::{Bytes, BytesMut};
use futures::SinkExt;
use tokio_postgres::CopyInSink;

use super::connect::PostgresOptions;
use super::connections::{PostgresConnections, PostgresTransaction};
use super::copy;
use super::errors::{damaged, failed};
use super::migrate;
use super::row::get;
use crate::error::StoreError;
use crate::store_move::{
    ColumnKind, MovedTable, MovedValue, StoreFingerprint, StoredTable, TableDigest,
};

/// The number of bytes sent at once.
const SENT_AT_ONCE: usize = 1 << 20;

/// One row per table that has been copied, and one row with an empty name for the move itself.
const CREATE: &str = "CREATE TABLE IF NOT EXISTS rollbook_move ( \
    table_name TEXT NOT NULL PRIMARY KEY, source TEXT NOT NULL)";
const IS_MOVING: &str = "SELECT to_regclass('rollbook_move') IS NOT NULL";
const SOURCE: &str = "SELECT source FROM rollbook_move WHERE table_name = ''";
const IS_NEW: &str = "SELECT current = 0 AND NOT EXISTS (SELECT 1 FROM tokens) \
    AND NOT EXISTS (SELECT 1 FROM secrets) AND NOT EXISTS (SELECT 1 FROM jobs) FROM revision";
const NOTE: &str = "INSERT INTO rollbook_move (table_name, source) VALUES ($1, $2)";
const HAS: &str = "SELECT 1 FROM rollbook_move WHERE table_name = $1";
const FINISH: &str = "DROP TABLE rollbook_move; CREATE TABLE rollbook_moved ( \
    table_name TEXT NOT NULL PRIMARY KEY, source TEXT NOT NULL, row_count BIGINT NOT NULL, \
    sha256 TEXT NOT NULL)";
const KEEP: &str =
    "INSERT INTO rollbook_moved (table_name, source, row_count, sha256) VALUES ($1, $2, $3, $4)";
const WAS_MOVED: &str = "SELECT to_regclass('rollbook_moved') IS NOT NULL \
    AND to_regclass('rollbook_move') IS NULL";
const KEPT: &str = "SELECT table_name, source, row_count, sha256 FROM rollbook_moved";

/// Returns [`StoreError::Unavailable`] while a move into the database is unfinished.
pub(super) fn check_no_move_runs(engine: &PostgresConnections) -> Result<(), StoreError> {
    let moving = engine.lookup()?.one("look for a move", IS_MOVING, &[])?;
    if !get(&moving, 0)? {
        Ok(())
    } else {
        let reason = "a store is being moved into this database, and not all of it is there: \
            run the move again to its end";
        Err(StoreError::Unavailable { reason: reason.to_owned() })
    }
}

/// A database that a store is moved into.
pub(crate) struct MoveTarget {
    engine: PostgresConnections,
    source: StoreFingerprint,
    /// The contents of the tables at the end of an earlier move of the same store; none if that
    /// move has not finished.
    finished_digests: Option<HashMap<String, TableDigest>>,
}

impl MoveTarget {
    /// Opens the database for a move of the store `source`.
    ///
    /// Errors: [`StoreError::Exists`] when it holds another store, or part of another.
    pub(crate) fn open(
        url: &str,
        options: &PostgresOptions,
        source: &StoreFingerprint,
    ) -> Result<Self, StoreError> {
        let engine = PostgresConnections::start(url, options)?;
        migrate::migrate(&engine)?;
        let kept = read_finished_digests(&engine, source)?;
        let target = Self { engine, source: source.clone(), finished_digests: kept };
        if target.finished_digests.is_none() {
            target.begin_move()?;
        }
        Ok(target)
    }

    /// Returns the contents of the tables at the end of an earlier move; none if it has not
    /// finished.
    pub(crate) fn kept(&self) -> Option<&HashMap<String, TableDigest>> {
        self.finished_digests.as_ref()
    }

    fn begin_move(&self) -> Result<(), StoreError> {
        let context = "begin a move";
        self.engine.write(|session| {
            let is_moving = get(&session.one(context, IS_MOVING, &[])?, 0)?;
            if is_moving {
                let noted = session.one(context, SOURCE, &[])?;
                if get::<&str>(&noted, 0)? == self.source.to_string() {
                    return Ok(());
                }
                let what = "part of another store, or of an earlier state of this one, in the \
                    target (empty the database to begin anew)";
                return Err(StoreError::Exists { what: what.to_owned() });
            }
            if !get::<bool>(&session.one(context, IS_NEW, &[])?, 0)? {
                return Err(StoreError::Exists { what: "a store in the target".to_owned() });
            }
            session.run_script(context, CREATE)?;
            session.run(context, NOTE, &[&"", &self.source.to_string()]).map(drop)
        })
    }

    /// Returns true if the table has been copied, now or by an earlier run.
    pub(crate) fn has_copied(&self, table: &StoredTable) -> Result<bool, StoreError> {
        let session = self.engine.lookup()?;
        Ok(session.find("look for a moved table", HAS, &[&table.name])?.is_some())
    }

    /// Empties a table and begins to write it.
    pub(crate) fn begin_table(
        &self,
        table: &'static StoredTable,
    ) -> Result<MovedTableWriter<'_>, StoreError> {
        let transaction = self.engine.begin_long_write()?;
        transaction.run_script("empty a table", &format!("DELETE FROM \"{}\"", table.name))?;
        let names: Vec<_> = table.columns.iter().map(|c| format!("\"{}\"", c.name)).collect();
        let (name, names) = (table.name, names.join(", "));
        let sql = format!("COPY \"{name}\" ({names}) FROM STDIN (FORMAT binary)");
        let sink = transaction.engine.block_on(transaction.client.copy_in(&sql));
        let sink = Box::pin(sink.map_err(failed("write a table"))?);
        let mut body = BytesMut::with_capacity(SENT_AT_ONCE * 2);
        copy::put_header(&mut body);
        Ok(MovedTableWriter { table, source: self.source.to_string(), sink, body, transaction })
    }

    /// Visits every row of a table, ordered by key.
    pub(crate) fn read(
        &self,
        table: &'static StoredTable,
        visit: &mut dyn FnMut(&[MovedValue<'_>]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let key = table.columns[..table.key_columns].iter().map(|column| match column.kind {
            ColumnKind::Text => format!("\"{}\" COLLATE \"C\"", column.name),
            _ => format!("\"{}\"", column.name),
        });
        let key = key.collect::<Vec<_>>().join(", ");
        let names: Vec<_> = table.columns.iter().map(|c| format!("\"{}\"", c.name)).collect();
        let query = format!("SELECT {} FROM \"{}\" ORDER BY {key}", names.join(", "), table.name);
        copy::read_rows(&*self.engine.begin_snapshot()?, &query, &mut |fields| {
            let values = table.columns.iter().enumerate().map(|(at, column)| {
                value(column.kind, fields.bytes(at))
                    .ok_or_else(|| damaged(format!("{}.{}", table.name, column.name)))
            });
            visit(&values.collect::<Result<Vec<_>, _>>()?)
        })
    }

    /// Marks the move as finished: from now on the database opens as a store.
    pub(crate) fn finish(&self, tables: &[MovedTable]) -> Result<(), StoreError> {
        let (context, source) = ("finish a move", self.source.to_string());
        self.engine.write(|session| {
            session.run_script(context, FINISH)?;
            for table in tables {
                let TableDigest { rows, sha256 } = &table.content;
                let rows = rows.cast_signed();
                session.run(context, KEEP, &[&table.name, &source, &rows, sha256])?;
            }
            Ok(())
        })
    }
}

/// Returns the contents that were recorded when this store was moved here, at whatever revision.
fn read_finished_digests(
    engine: &PostgresConnections,
    source: &StoreFingerprint,
) -> Result<Option<HashMap<String, TableDigest>>, StoreError> {
    let (context, session) = ("look for a finished move", engine.lookup()?);
    if !get::<bool>(&session.one(context, WAS_MOVED, &[])?, 0)? {
        return Ok(None);
    }
    let mut kept = HashMap::new();
    for row in session.all(context, KEPT, &[])? {
        let (name, of): (String, &str) = (get(&row, 0)?, get(&row, 1)?);
        if !source.is_same_store(of) {
            return Ok(None);
        }
        let rows = get::<i64>(&row, 2)?.cast_unsigned();
        kept.insert(name, TableDigest { rows, sha256: get(&row, 3)? });
    }
    Ok(Some(kept))
}

/// A table that is being written, in its own transaction.
pub(crate) struct MovedTableWriter<'t> {
    table: &'static StoredTable,
    source: String,
    sink: std::pin::Pin<Box<CopyInSink<Bytes>>>,
    body: BytesMut,
    transaction: PostgresTransaction<'t>,
}

impl MovedTableWriter<'_> {
    pub(crate) fn push(&mut self, row: &[MovedValue<'_>]) -> Result<(), StoreError> {
        copy::put_count(&mut self.body, row.len());
        for (value, column) in row.iter().zip(&self.table.columns) {
            match (value, column.kind) {
                (MovedValue::Null, _) => copy::put_field(&mut self.body, None),
                (MovedValue::Int(value), ColumnKind::Bool) => {
                    copy::put_field(&mut self.body, Some(&[u8::from(*value != 0)]));
                }
                (MovedValue::Int(value), _) => {
                    copy::put_field(&mut self.body, Some(&value.to_be_bytes()))
                }
                (MovedValue::Text(text), _) => {
                    copy::put_field(&mut self.body, Some(text.as_bytes()))
                }
                (MovedValue::Bytes(bytes), _) => copy::put_field(&mut self.body, Some(bytes)),
            }
        }
        if self.body.len() >= SENT_AT_ONCE { self.send() } else { Ok(()) }
    }

    fn send(&mut self) -> Result<(), StoreError> {
        let body = self.body.split().freeze();
        let sent = self.transaction.engine.block_on(self.sink.send(body));
        sent.map_err(failed("write a table"))
    }

    /// Ends the table. The next number it assigns will be above `last_id`.
    pub(crate) fn finish(mut self, last_id: Option<i64>) -> Result<(), StoreError> {
        copy::put_trailer(&mut self.body);
        self.send()?;
        let finished = self.transaction.engine.block_on(self.sink.as_mut().finish());
        finished.map_err(failed("write a table"))?;
        let name = self.table.name;
        if let Some(last_id) = last_id.filter(|last_id| *last_id > 0) {
            let sql = format!("SELECT setval(pg_get_serial_sequence('{name}', 'id'), {last_id})");
            self.transaction.run_script("set the last number", &sql)?;
        }
        self.transaction.run("note a moved table", NOTE, &[&name, &self.source])?;
        self.transaction.commit("write a table")
    }
}

fn value(kind: ColumnKind, bytes: Option<&[u8]>) -> Option<MovedValue<'_>> {
    let Some(bytes) = bytes else { return Some(MovedValue::Null) };
    Some(match kind {
        ColumnKind::Int => MovedValue::Int(i64::from_be_bytes(bytes.try_into().ok()?)),
        ColumnKind::Bool => MovedValue::Int(i64::from(*bytes.first()?)),
        ColumnKind::Text => MovedValue::Text(std::str::from_utf8(bytes).ok()?),
        ColumnKind::Bytes => MovedValue::Bytes(bytes),
    })
}

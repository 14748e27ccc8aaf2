//! Temporary tables for what a call must remember until its end, so that memory stays bounded
//! however many rows come. They are part of the transaction, so a rollback empties them.

use rusqlite::Connection;

use crate::error::StoreError;
use crate::sqlite::errors::failed;

const CREATE: &str = "
CREATE TEMP TABLE pending_references (
    source INTEGER NOT NULL, position INTEGER NOT NULL, id INTEGER NOT NULL,
    line INTEGER NOT NULL, target INTEGER NOT NULL, target_id INTEGER NOT NULL);
CREATE TEMP TABLE pending_allotments (
    source INTEGER NOT NULL, position INTEGER NOT NULL, id INTEGER NOT NULL,
    line INTEGER NOT NULL, offering_type_id INTEGER NOT NULL,
    is_course INTEGER NOT NULL, path TEXT NOT NULL);
CREATE TEMP TABLE pending_currencies (
    source INTEGER NOT NULL, id INTEGER NOT NULL, line INTEGER NOT NULL,
    invoice_id INTEGER NOT NULL, currency TEXT NOT NULL, PRIMARY KEY (source, id)) WITHOUT ROWID;
CREATE TEMP TABLE unfilled (
    source INTEGER NOT NULL, id INTEGER NOT NULL, line INTEGER NOT NULL,
    PRIMARY KEY (source, id)) WITHOUT ROWID;
CREATE TEMP TABLE altered (
    source INTEGER NOT NULL, id INTEGER NOT NULL, line INTEGER NOT NULL,
    PRIMARY KEY (source, id)) WITHOUT ROWID;
CREATE TEMP TABLE removed (
    source INTEGER NOT NULL, id INTEGER NOT NULL, line INTEGER NOT NULL,
    PRIMARY KEY (source, id)) WITHOUT ROWID;
CREATE TEMP TABLE blocked (
    source INTEGER NOT NULL, id INTEGER NOT NULL, by_table INTEGER NOT NULL,
    by_id INTEGER NOT NULL, PRIMARY KEY (source, id)) WITHOUT ROWID;
CREATE TEMP TABLE bumps (
    id INTEGER NOT NULL PRIMARY KEY, updated_at INTEGER NOT NULL);
CREATE TEMP TABLE seen (
    source INTEGER NOT NULL, how INTEGER NOT NULL, id INTEGER NOT NULL,
    PRIMARY KEY (source, how, id)) WITHOUT ROWID;
";

const EMPTY: &str = "
DELETE FROM temp.pending_references;
DELETE FROM temp.pending_allotments;
DELETE FROM temp.pending_currencies;
DELETE FROM temp.unfilled;
DELETE FROM temp.altered;
DELETE FROM temp.removed;
DELETE FROM temp.blocked;
DELETE FROM temp.bumps;
DELETE FROM temp.seen;
";

/// Creates the temporary tables of the writing connection.
pub(super) fn create_temp_tables(connection: &Connection) -> Result<(), StoreError> {
    connection.execute_batch(CREATE).map_err(failed("prepare for imports"))
}

/// Empties the temporary tables at the end of a call.
pub(super) fn empty_temp_tables(connection: &Connection) -> Result<(), StoreError> {
    connection.execute_batch(EMPTY).map_err(failed("forget an import"))
}

//! Runs one statement, which stays prepared.

use rusqlite::{Connection, OptionalExtension, Params, Row};

use super::errors::failed;
use crate::error::StoreError;

/// Runs a statement and returns the number of rows that it changed.
pub(super) fn run(
    connection: &Connection,
    context: &'static str,
    sql: &str,
    params: impl Params,
) -> Result<usize, StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(failed(context))?;
    statement.execute(params).map_err(failed(context))
}

/// Returns the first row of a query, if it has one.
pub(super) fn find<T>(
    connection: &Connection,
    context: &'static str,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Option<T>, StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(failed(context))?;
    statement.query_row(params, read).optional().map_err(failed(context))
}

/// Returns the row of a query that always has one.
pub(super) fn one<T>(
    connection: &Connection,
    context: &'static str,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<T, StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(failed(context))?;
    statement.query_row(params, read).map_err(failed(context))
}

/// Returns all rows of a query.
pub(super) fn all<T>(
    connection: &Connection,
    context: &'static str,
    sql: &str,
    params: impl Params,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(failed(context))?;
    let rows = statement.query_map(params, read).map_err(failed(context))?;
    rows.collect::<Result<_, _>>().map_err(failed(context))
}

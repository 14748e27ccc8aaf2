//! Reads the values of selected rows.

use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use super::errors::{damaged, failed};
use crate::error::StoreError;

/// Reads the value in column `position`.
pub(super) fn get<'r, T: FromSql<'r>>(row: &'r Row, position: usize) -> Result<T, StoreError> {
    row.try_get(position).map_err(failed("read a row"))
}

/// Reads a count, or any other 64-bit number that is never negative.
pub(super) fn get_unsigned(row: &Row, position: usize) -> Result<u64, StoreError> {
    let value: i64 = get(row, position)?;
    u64::try_from(value).map_err(|_| damaged("a count below 0"))
}

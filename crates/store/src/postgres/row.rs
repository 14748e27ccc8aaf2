//! Reads the values of selected rows.

use model::time::Instant;
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

/// Reads a number that must fit the smaller type `T`.
pub(super) fn get_narrow<T: TryFrom<i64>>(row: &Row, position: usize) -> Result<T, StoreError> {
    let value: i64 = get(row, position)?;
    T::try_from(value).map_err(|_| damaged("a number out of its bounds"))
}

pub(super) fn get_instant(row: &Row, position: usize) -> Result<Instant, StoreError> {
    Ok(Instant::from_micros(get(row, position)?))
}

pub(super) fn get_optional_instant(
    row: &Row,
    position: usize,
) -> Result<Option<Instant>, StoreError> {
    Ok(get::<Option<i64>>(row, position)?.map(Instant::from_micros))
}

/// Reads a name in column `position` and parses it.
pub(super) fn get_parsed<T>(
    row: &Row,
    position: usize,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<T, StoreError> {
    let name: &str = get(row, position)?;
    parse(name).ok_or_else(|| damaged(format!("unknown name {name}")))
}

/// Converts a number to the signed type that the database stores.
pub(super) fn to_signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

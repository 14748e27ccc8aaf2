//! Reads the rows of a table whose key is one of given ids or lies within given bounds.

use std::collections::HashSet;

use accounting::records::{Reader, Record};
use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::datatypes::Int64Type;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, lit};
use datafusion::prelude::col;
use mirror::Session;
use model::catalogue;

use super::cells::read_batch;
use super::error::BooksError;

/// The rows whose key lies within bounds and is accepted by `is_member`.
pub(super) struct Wanted<'a> {
    /// The column that holds the key.
    pub(super) key: &'static str,
    /// The smallest key.
    pub(super) first: i64,
    /// The largest key.
    pub(super) last: i64,
    /// Returns true if a key within the bounds is wanted.
    pub(super) is_member: &'a dyn Fn(i64) -> bool,
    /// A further condition, which the plan checks.
    pub(super) filter: Option<Expr>,
}

/// Reads the wanted rows of a table as records.
pub(super) fn records<R: Record>(
    session: &Session,
    wanted: Wanted<'_>,
) -> Result<Vec<R>, BooksError> {
    let reader = Reader::<R>::default();
    let mut positions: Vec<usize> = reader.positions().collect();
    let table = catalogue::table(R::TABLE);
    let key = table.and_then(|table| table.position_of(wanted.key)).unwrap_or(catalogue::ID);
    if !positions.contains(&key) {
        positions.push(key);
    }
    let names = table.iter().flat_map(|table| positions.iter().map(|at| table.columns[*at].name));
    let columns: Vec<Expr> = names.map(|name| col(format!("t.{name}")).alias(name)).collect();
    let column = col(format!("t.{}", wanted.key));
    let within = column.clone().gt_eq(lit(wanted.first)).and(column.lt_eq(lit(wanted.last)));
    let filter = wanted.filter.into_iter().fold(within, Expr::and);
    let plan = session.scan(R::TABLE, "t").map_err(BooksError::from)?;
    let plan = plan.filter(filter)?.project(columns)?.build()?;
    let place = positions.iter().position(|position| *position == key).unwrap_or_default();
    let mut records = Vec::new();
    each_batch(session, plan, |batch| {
        let keys = batch.column(place).as_primitive::<Int64Type>();
        let is_wanted = |row: usize| keys.is_valid(row) && (wanted.is_member)(keys.value(row));
        read_batch(&reader, batch, &positions, is_wanted, &mut records)
    })?;
    Ok(records)
}

/// Reads the rows of a table with the given ids as records.
pub(super) fn with_ids<R: Record>(
    session: &Session,
    ids: &HashSet<i64>,
) -> Result<Vec<R>, BooksError> {
    with_keys(session, "id", ids)
}

/// Reads the rows of a table whose `key` is one of `keys`.
pub(super) fn with_keys<R: Record>(
    session: &Session,
    key: &'static str,
    keys: &HashSet<i64>,
) -> Result<Vec<R>, BooksError> {
    let (Some(first), Some(last)) = (keys.iter().min(), keys.iter().max()) else {
        return Ok(Vec::new());
    };
    let is_member = &|key: i64| keys.contains(&key);
    let wanted = Wanted { key, first: *first, last: *last, is_member, filter: None };
    records(session, wanted)
}

/// Reads all rows of a small table.
pub(super) fn all<R: Record>(session: &Session) -> Result<Vec<R>, BooksError> {
    let is_member = &|_: i64| true;
    let (first, last) = (i64::MIN, i64::MAX);
    records(session, Wanted { key: "id", first, last, is_member, filter: None })
}

/// Runs a plan on this thread and visits its batches.
pub(super) fn each_batch(
    session: &Session,
    plan: LogicalPlan,
    mut visit: impl FnMut(&RecordBatch) -> Result<(), BooksError>,
) -> Result<(), BooksError> {
    let mut batches = session.stream(plan);
    while let Some(batch) = batches.next_blocking() {
        visit(&batch?)?;
    }
    Ok(())
}

/// Visits the integer columns of a plan, row by row. A null value is none.
pub(super) fn each_row<const N: usize>(
    session: &Session,
    plan: LogicalPlanBuilder,
    mut visit: impl FnMut([Option<i64>; N]),
) -> Result<(), BooksError> {
    each_batch(session, plan.build()?, |batch| {
        let columns: Vec<_> =
            batch.columns().iter().map(|column| column.as_primitive::<Int64Type>()).collect();
        for row in 0..batch.num_rows() {
            visit(std::array::from_fn(|at| {
                columns.get(at).filter(|column| column.is_valid(row)).map(|c| c.value(row))
            }));
        }
        Ok(())
    })
}

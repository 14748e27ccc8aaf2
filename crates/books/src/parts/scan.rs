//! Reads the rows of a table whose key is one of given ids or lies within given bounds.

use std::collections::HashSet;

use accounting::records::{RecordReader, TableRecord};
use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::datatypes::Int64Type;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, lit};
use datafusion::prelude::col;
use mirror::MirrorSession;
use model::catalogue;

use super::cells::read_batch;
use super::error::BooksError;

/// The rows whose key lies within bounds and is accepted by `is_member`.
pub(super) struct KeyedScan<'a> {
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
pub(super) fn read_records<R: TableRecord>(
    session: &MirrorSession,
    wanted: KeyedScan<'_>,
) -> Result<Vec<R>, BooksError> {
    let reader = RecordReader::<R>::default();
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
    visit_batches(session, plan, |batch| {
        let keys = batch.column(place).as_primitive::<Int64Type>();
        let is_wanted = |row: usize| keys.is_valid(row) && (wanted.is_member)(keys.value(row));
        read_batch(&reader, batch, &positions, is_wanted, &mut records)
    })?;
    Ok(records)
}

/// Reads the rows of a table with the given ids as records.
pub(super) fn read_with_ids<R: TableRecord>(
    session: &MirrorSession,
    ids: &HashSet<i64>,
) -> Result<Vec<R>, BooksError> {
    read_with_keys(session, "id", ids)
}

/// Reads the rows of a table whose `key` is one of `keys`.
pub(super) fn read_with_keys<R: TableRecord>(
    session: &MirrorSession,
    key: &'static str,
    keys: &HashSet<i64>,
) -> Result<Vec<R>, BooksError> {
    let (Some(first), Some(last)) = (keys.iter().min(), keys.iter().max()) else {
        return Ok(Vec::new());
    };
    let is_member = &|key: i64| keys.contains(&key);
    let wanted = KeyedScan { key, first: *first, last: *last, is_member, filter: None };
    read_records(session, wanted)
}

/// Reads all rows of a small table.
pub(super) fn read_all<R: TableRecord>(session: &MirrorSession) -> Result<Vec<R>, BooksError> {
    let is_member = &|_: i64| true;
    let (first, last) = (i64::MIN, i64::MAX);
    read_records(session, KeyedScan { key: "id", first, last, is_member, filter: None })
}

/// Runs a plan on this thread and visits its batches.
pub(super) fn visit_batches(
    session: &MirrorSession,
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
pub(super) fn visit_rows<const N: usize>(
    session: &MirrorSession,
    plan: LogicalPlanBuilder,
    mut visit: impl FnMut([Option<i64>; N]),
) -> Result<(), BooksError> {
    visit_batches(session, plan.build()?, |batch| {
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

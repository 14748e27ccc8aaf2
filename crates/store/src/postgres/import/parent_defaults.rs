//! Defaults that are copied from a referenced row. They are filled at the end of the call, because
//! the referenced row may come later in the call. Rule: spec/data-model.md §2.

use model::catalogue::{Table, tables};
use model::cell::Cell;

use super::number_of;
use crate::error::StoreError;
use crate::import::problem::{Problem, Problems};
use crate::import::table_plan::{self, ParentDefault};
use crate::postgres::connections::PostgresSession;
use crate::postgres::row::get;

/// Stores as pending the rows that still lack a value from their parent.
pub(super) const ADD_UNFILLED: &str = "INSERT INTO pg_temp.unfilled (source, id, line) \
    SELECT $1::bigint, * FROM unnest($2::bigint[], $3::bigint[]) ON CONFLICT DO NOTHING";

/// Returns the present value of the default; null when the parent does not exist or the product
/// does not fit 64 bits.
pub(super) fn present_default(
    session: &PostgresSession<'_>,
    provider: i64,
    default: &ParentDefault,
    cells: &[Cell],
) -> Result<Cell, StoreError> {
    let Some(parent) = cells[default.via].as_int() else { return Ok(Cell::Null) };
    let (table, column) = (default.parent.name, default.source);
    let sql = format!("SELECT \"{column}\" FROM \"{table}\" WHERE provider_id = $1 AND id = $2");
    let found = session.find("look up a default", &sql, &[&provider, &parent])?;
    let Some(row) = found else { return Ok(Cell::Null) };
    let is_integer = default.parent.columns.iter().any(|c| c.name == column && c.is_integer());
    if !is_integer {
        let text: Option<&str> = get(&row, 0)?;
        return Ok(text.map_or(Cell::Null, Cell::text));
    }
    let value: Option<i64> = get(&row, 0)?;
    let times = default.times.and_then(|times| cells[times].as_int()).unwrap_or(1);
    Ok(value.and_then(|value| value.checked_mul(times)).map_or(Cell::Null, Cell::Int))
}

/// Fills the defaults that are still null, and reports products that do not fit 64 bits.
pub(super) fn fill_defaults(
    session: &PostgresSession<'_>,
    provider: i64,
    problems: &mut Problems,
) -> Result<(), StoreError> {
    for table in tables() {
        for default in &table_plan::for_table(table).parent_defaults {
            fill_column(session, provider, table, default)?;
            report_unfilled(session, provider, table, default, problems)?;
        }
    }
    Ok(())
}

fn fill_column(
    session: &PostgresSession<'_>,
    provider: i64,
    table: &Table,
    default: &ParentDefault,
) -> Result<(), StoreError> {
    let column = |position: usize| table.columns[position].name;
    let (name, target, via) = (table.name, column(default.position), column(default.via));
    let (parent, source) = (default.parent.name, default.source);
    // A product that does not fit 64 bits stays null and is reported.
    let value = match default.times {
        None => format!("p.\"{source}\""),
        Some(times) => {
            let product = format!("p.\"{source}\"::numeric * t.\"{}\"", column(times));
            let (min, max) = (i64::MIN, i64::MAX);
            format!("CASE WHEN {product} BETWEEN {min} AND {max} THEN ({product})::bigint END")
        }
    };
    let sql = format!(
        "UPDATE \"{name}\" t SET \"{target}\" = {value} FROM \"{parent}\" p, pg_temp.unfilled u \
         WHERE u.source = $2 AND t.provider_id = $1 AND t.id = u.id AND t.\"{target}\" IS NULL \
         AND p.provider_id = $1 AND p.id = t.\"{via}\""
    );
    session.run("fill defaults", &sql, &[&provider, &number_of(table)]).map(drop)
}

/// Reports defaults that are still null although the parent exists. If the parent does not exist,
/// the reference is reported as missing instead.
fn report_unfilled(
    session: &PostgresSession<'_>,
    provider: i64,
    table: &Table,
    default: &ParentDefault,
    problems: &mut Problems,
) -> Result<(), StoreError> {
    let column = |position: usize| table.columns[position].name;
    let (name, target, via) = (table.name, column(default.position), column(default.via));
    let (parent, source) = (default.parent.name, default.source);
    let sql = format!(
        "SELECT u.id, u.line FROM pg_temp.unfilled u \
         JOIN \"{name}\" t ON t.provider_id = $1 AND t.id = u.id \
         JOIN \"{parent}\" p ON p.provider_id = $1 AND p.id = t.\"{via}\" \
         WHERE u.source = $2 AND t.\"{target}\" IS NULL ORDER BY u.line"
    );
    for row in session.all("fill defaults", &sql, &[&provider, &number_of(table)])? {
        let (id, line): (i64, i64) = (get(&row, 0)?, get(&row, 1)?);
        let times = default.times.map(column);
        let problem = Problem::default_too_large(target, source, via, times);
        problems.report(table, problem.at(line.cast_unsigned(), id));
    }
    Ok(())
}

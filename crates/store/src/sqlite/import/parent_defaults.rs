//! Defaults that are copied from a referenced row. They are filled at the end of the call, because
//! the referenced row may come later in the call. Rule: spec/data-model.md §2.

use model::catalogue::{Table, tables};
use model::cell::{Cell, CellRef};
use rusqlite::Connection;

use crate::error::StoreError;
use crate::import::problem::{Problem, Problems};
use crate::import::table_plan::{self, ParentDefault};
use crate::sqlite::errors::failed;
use crate::sqlite::snapshot::cell_at;

const ADD_UNFILLED: &str =
    "INSERT OR IGNORE INTO temp.unfilled (source, id, line) VALUES (?1, ?2, ?3)";

/// Stores as pending that a row still lacks a value from its parent.
pub(super) fn add_unfilled(
    connection: &Connection,
    table: &Table,
    id: i64,
    line: u64,
) -> Result<(), StoreError> {
    let wait = failed("remember rows to fill");
    let row = (table.position, id, line.cast_signed());
    let mut statement = connection.prepare_cached(ADD_UNFILLED).map_err(wait)?;
    statement.execute(row).map(drop).map_err(wait)
}

/// Returns the present value of the default; null when the parent does not exist or the product
/// does not fit 64 bits.
pub(super) fn present_default(
    connection: &Connection,
    provider: i64,
    default: &ParentDefault,
    cells: &[Cell],
) -> Result<Cell, StoreError> {
    let look = failed("look up a default");
    let Some(parent) = cells[default.via].as_int() else { return Ok(Cell::Null) };
    let (table, column) = (default.parent.name, default.source);
    let sql = format!("SELECT \"{column}\" FROM \"{table}\" WHERE provider_id = ?1 AND id = ?2");
    let mut statement = connection.prepare_cached(&sql).map_err(look)?;
    let mut rows = statement.query((provider, parent)).map_err(look)?;
    let Some(row) = rows.next().map_err(look)? else { return Ok(Cell::Null) };
    let value = cell_at(row, 0).unwrap_or(CellRef::Null);
    Ok(match (value, default.times.and_then(|times| cells[times].as_int())) {
        (CellRef::Int(value), Some(times)) => {
            value.checked_mul(times).map_or(Cell::Null, Cell::Int)
        }
        (value, _) => value.to_cell(),
    })
}

/// Fills the defaults that are still null, and reports products that do not fit 64 bits.
pub(super) fn fill_defaults(
    connection: &Connection,
    provider: i64,
    problems: &mut Problems,
) -> Result<(), StoreError> {
    for table in tables() {
        for default in &table_plan::for_table(table).parent_defaults {
            fill_column(connection, provider, table, default)?;
            report_unfilled(connection, provider, table, default, problems)?;
        }
    }
    Ok(())
}

fn fill_column(
    connection: &Connection,
    provider: i64,
    table: &Table,
    default: &ParentDefault,
) -> Result<(), StoreError> {
    let column = |position: usize| table.columns[position].name;
    let (name, target, via) = (table.name, column(default.position), column(default.via));
    let (parent, source) = (default.parent.name, default.source);
    // On overflow, SQLite's product is a real number; the row then stays null and is reported.
    let value = match default.times {
        None => format!("p.\"{source}\""),
        Some(times) => {
            let product = format!("p.\"{source}\" * t.\"{}\"", column(times));
            format!("CASE WHEN typeof({product}) = 'integer' THEN {product} END")
        }
    };
    let sql = format!(
        "UPDATE main.\"{name}\" AS t SET \"{target}\" = (SELECT {value} FROM main.\"{parent}\" p \
         WHERE p.provider_id = ?1 AND p.id = t.\"{via}\") \
         WHERE t.provider_id = ?1 AND t.\"{target}\" IS NULL \
         AND t.id IN (SELECT id FROM temp.unfilled WHERE source = ?2)"
    );
    let params = (provider, table.position);
    connection.execute(&sql, params).map(drop).map_err(failed("fill defaults"))
}

/// Reports defaults that are still null although the parent exists. If the parent does not exist,
/// the reference is reported as missing instead.
fn report_unfilled(
    connection: &Connection,
    provider: i64,
    table: &Table,
    default: &ParentDefault,
    problems: &mut Problems,
) -> Result<(), StoreError> {
    let fill = failed("fill defaults");
    let column = |position: usize| table.columns[position].name;
    let (name, target, via) = (table.name, column(default.position), column(default.via));
    let (parent, source) = (default.parent.name, default.source);
    let sql = format!(
        "SELECT u.id, u.line FROM temp.unfilled u \
         CROSS JOIN main.\"{name}\" t ON t.provider_id = ?1 AND t.id = u.id \
         CROSS JOIN main.\"{parent}\" p ON p.provider_id = ?1 AND p.id = t.\"{via}\" \
         WHERE u.source = ?2 AND t.\"{target}\" IS NULL ORDER BY u.line"
    );
    let mut statement = connection.prepare_cached(&sql).map_err(fill)?;
    let mut rows = statement.query((provider, table.position)).map_err(fill)?;
    while let Some(row) = rows.next().map_err(fill)? {
        let (id, line): (i64, i64) = row.try_into().map_err(fill)?;
        let times = default.times.map(column);
        let problem = Problem::default_too_large(target, source, via, times);
        problems.report(table, problem.at(line.cast_unsigned(), id));
    }
    Ok(())
}

//! Defaults that are copied from a referenced row. They are filled at the end of the call, because
//! the referenced row may come later in the call. Rule: spec/data-model.md §2.

use model::catalogue::{Table, tables};
use model::cell::Cell;
use model::import::ERRORS_COUNTED_MAX;

use super::import_session::ImportSession;
use super::number_of;
use super::problem::{Problem, Problems};
use super::table_plan::{self, ParentDefault};
use crate::error::StoreError;
use crate::sql::session::SqlDialect;
use crate::sql::value::values;

/// Returns the present value of the default; null when the parent does not exist or the product
/// does not fit 64 bits.
pub(super) fn present_default(
    session: &dyn ImportSession,
    provider: i64,
    default: &ParentDefault,
    cells: &[Cell],
) -> Result<Cell, StoreError> {
    let Some(parent) = cells[default.via].as_int() else { return Ok(Cell::Null) };
    let (table, column) = (default.parent.name, default.source);
    let sql = format!("SELECT \"{column}\" FROM \"{table}\" WHERE provider_id = ?1 AND id = ?2");
    let found = session.find("look up a default", &sql, values![provider, parent])?;
    let Some(row) = found else { return Ok(Cell::Null) };
    let is_integer = default.parent.columns.iter().any(|c| c.name == column && c.is_integer());
    if !is_integer {
        let text: Option<String> = row.get(0)?;
        return Ok(text.map_or(Cell::Null, Cell::text));
    }
    let value: Option<i64> = row.get(0)?;
    let times = default.times.and_then(|times| cells[times].as_int()).unwrap_or(1);
    Ok(value.and_then(|value| value.checked_mul(times)).map_or(Cell::Null, Cell::Int))
}

/// Fills the defaults that are still null, and reports products that do not fit 64 bits.
pub(super) fn fill_defaults(
    session: &dyn ImportSession,
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
    session: &dyn ImportSession,
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
        Some(times) => product(session.dialect(), source, column(times)),
    };
    let sql = format!(
        "UPDATE \"{name}\" AS t SET \"{target}\" = (SELECT {value} FROM \"{parent}\" p \
         WHERE p.provider_id = ?1 AND p.id = t.\"{via}\") \
         WHERE t.provider_id = ?1 AND t.\"{target}\" IS NULL \
         AND t.id IN (SELECT id FROM unfilled WHERE source = ?2)"
    );
    session.run("fill defaults", &sql, values![provider, number_of(table)]).map(drop)
}

/// Returns the product of the parent's column `source` and the row's column `times`, which is null
/// when it does not fit 64 bits. SQLite's product is then a real number.
fn product(dialect: SqlDialect, source: &str, times: &str) -> String {
    match dialect {
        SqlDialect::Sqlite => {
            let product = format!("p.\"{source}\" * t.\"{times}\"");
            format!("CASE WHEN typeof({product}) = 'integer' THEN {product} END")
        }
        SqlDialect::Postgres => {
            let product = format!("p.\"{source}\"::numeric * t.\"{times}\"");
            let (min, max) = (i64::MIN, i64::MAX);
            format!("CASE WHEN {product} BETWEEN {min} AND {max} THEN ({product})::bigint END")
        }
    }
}

/// Reports defaults that are still null although the parent exists. If the parent does not exist,
/// the reference is reported as missing instead.
fn report_unfilled(
    session: &dyn ImportSession,
    provider: i64,
    table: &Table,
    default: &ParentDefault,
    problems: &mut Problems,
) -> Result<(), StoreError> {
    let column = |position: usize| table.columns[position].name;
    let (name, target, via) = (table.name, column(default.position), column(default.via));
    let (parent, source) = (default.parent.name, default.source);
    let sql = format!(
        "SELECT u.id, u.line FROM unfilled u \
         {{join}} \"{name}\" t ON t.provider_id = ?1 AND t.id = u.id \
         {{join}} \"{parent}\" p ON p.provider_id = ?1 AND p.id = t.\"{via}\" \
         WHERE u.source = ?2 AND t.\"{target}\" IS NULL ORDER BY u.line \
         LIMIT {ERRORS_COUNTED_MAX}"
    );
    for row in session.all("fill defaults", &sql, values![provider, number_of(table)])? {
        let (id, line): (i64, i64) = (row.get(0)?, row.get(1)?);
        let times = default.times.map(column);
        let problem = Problem::default_too_large(target, source, via, times);
        problems.report(table, problem.at(line.cast_unsigned(), id));
    }
    Ok(())
}

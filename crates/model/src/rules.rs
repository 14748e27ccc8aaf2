//! Defaults and rules that depend on one row only. Rule: spec/data-model.md §1, §2.

use crate::catalogue::{Column, ColumnDefault, Presence, RowRule, Table};
use crate::cell::Cell;
use crate::import::{CellError, ImportCode};
use crate::time::Instant;

/// Fills the defaults of a new row: absent columns, and nulls in columns that are never null.
///
/// `cells` has one cell per column of the table. A column that is never null and still has no value
/// afterwards is either an error ([`missing_columns`]) or a [`ColumnDefault::Parent`], which the store fills from
/// the referenced row after the whole call has been read.
pub fn fill_defaults(table: &Table, cells: &mut [Cell], now: Instant) {
    for position in 0..table.columns.len() {
        let default = match (&table.columns[position].presence, &cells[position]) {
            (Presence::Default(default), Cell::Absent | Cell::Null) => Some(*default),
            (Presence::NullableDefault(default), Cell::Absent) => Some(*default),
            _ => None,
        };
        match default {
            Some(ColumnDefault::Column(_)) => {}
            Some(default) => cells[position] = default_value(table, cells, default, now),
            None if !cells[position].is_given() => cells[position] = Cell::Null,
            None => {}
        }
    }
    fill_copies(table, cells);
}

/// Returns true if the stored value of a derived column equals the value derived from its source
/// columns. Such a value is updated when its sources change; any other value was given by a caller
/// and stays.
///
/// False for columns whose default is a constant, the clock, or another row's column, and for
/// `updated_at`, which has rules of its own.
pub fn follows_its_sources(table: &Table, stored: &[Cell], position: usize) -> bool {
    let default = match table.columns[position].presence {
        Presence::Default(default) | Presence::NullableDefault(default) => default,
        Presence::Required | Presence::Nullable => return false,
    };
    let derived = match default {
        ColumnDefault::FullName => full_name(table, stored),
        ColumnDefault::Recognition => recognition(table, stored),
        ColumnDefault::AmountRemaining => amount_remaining(table, stored),
        ColumnDefault::Column(source) if position != table.updated_at() => {
            named(table, stored, source).clone()
        }
        ColumnDefault::Column(_) | ColumnDefault::Parent { .. } => return false,
        ColumnDefault::Int(_) | ColumnDefault::Text(_) | ColumnDefault::ImportInstant => {
            return false;
        }
    };
    stored[position] == derived
}

/// Fills columns that copy another column. Runs last, when the copied column has its own default.
fn fill_copies(table: &Table, cells: &mut [Cell]) {
    for position in 0..table.columns.len() {
        if let Presence::Default(ColumnDefault::Column(source)) = table.columns[position].presence
            && !cells[position].is_value()
        {
            cells[position] = named(table, cells, source).clone();
        }
    }
}

fn default_value(table: &Table, cells: &[Cell], default: ColumnDefault, now: Instant) -> Cell {
    match default {
        ColumnDefault::Int(value) => Cell::Int(value),
        ColumnDefault::Text(value) => Cell::text(value),
        ColumnDefault::ImportInstant => Cell::Int(now.micros()),
        ColumnDefault::FullName => full_name(table, cells),
        ColumnDefault::Recognition => recognition(table, cells),
        ColumnDefault::AmountRemaining => amount_remaining(table, cells),
        ColumnDefault::Column(_) | ColumnDefault::Parent { .. } => Cell::Null,
    }
}

fn full_name(table: &Table, cells: &[Cell]) -> Cell {
    let part = |name| named(table, cells, name).as_text().unwrap_or_default().trim();
    let name = [part("first_name"), part("last_name")].join(" ");
    match name.trim() {
        "" => Cell::Null,
        name => Cell::text(name),
    }
}

fn recognition(table: &Table, cells: &[Cell]) -> Cell {
    let shipments = named(table, cells, "shipments_per_interval").as_int().unwrap_or(0);
    Cell::text(if shipments > 0 { "shipments" } else { "time" })
}

fn amount_remaining(table: &Table, cells: &[Cell]) -> Cell {
    let amount = |name| i128::from(named(table, cells, name).as_int().unwrap_or(0));
    let rest = amount("total") - amount("amount_paid") - amount("credit_applied");
    Cell::Int(i64::try_from(rest.max(0)).unwrap_or(i64::MAX))
}

/// Returns the columns that require a value and have none after [`fill_defaults`].
pub fn missing_columns<'t>(
    table: &'t Table,
    cells: &'t [Cell],
) -> impl Iterator<Item = &'t Column> {
    let columns = table.columns.iter().zip(cells);
    let empty = columns.filter(|(column, cell)| !cell.is_value() && !column.is_nullable());
    empty.map(|(column, _)| column).filter(|column| {
        !matches!(column.presence, Presence::Default(ColumnDefault::Parent { .. }))
    })
}

/// Returns the first broken rule of a complete row: the column at fault and the error.
///
/// [`RowRule::InvoiceCurrency`] needs the invoice's row, so the store checks it.
pub fn first_broken_rule(table: &Table, cells: &[Cell]) -> Option<(&'static str, CellError)> {
    table.rules.iter().find_map(|rule| {
        let message = broken_rule_message(*rule, table, cells)?;
        let column = rule.columns().first().copied().unwrap_or("id");
        Some((column, CellError::new(ImportCode::RowInvalid, message)))
    })
}

fn broken_rule_message(rule: RowRule, table: &Table, cells: &[Cell]) -> Option<String> {
    let int = |name| named(table, cells, name).as_int();
    let text = |name| named(table, cells, name).as_text();
    let given = |name| named(table, cells, name).is_value();
    match rule {
        RowRule::RequiredWhen { column, when, is } => (text(when) == Some(is) && !given(column))
            .then(|| format!("{column} is required when {when} is {is}")),
        RowRule::NotNegative(column) => int(column)
            .filter(|amount| *amount < 0)
            .map(|amount| format!("{column} must not be negative, got {amount}")),
        RowRule::Sum { left, right, total } => {
            let (a, b, sum) = (int(left)?, int(right)?, int(total)?);
            (i128::from(a) + i128::from(b) != i128::from(sum))
                .then(|| format!("{left} + {right} must be {total}: {a} + {b} is not {sum}"))
        }
        RowRule::NotBefore { last, first } => {
            (int(last)? < int(first)?).then(|| format!("{last} must not be before {first}"))
        }
        RowRule::OneOf { first, amount } => match (given(first), given(amount)) {
            (true, true) => Some(format!("give either {first} or {amount}, not both")),
            (false, false) => Some(format!("give one of {first} and {amount}")),
            (false, true) if !given("currency") => Some(format!("{amount} needs a currency")),
            _ => None,
        },
        RowRule::SignAgrees => {
            let amount = int("amount")?;
            match text("type")? {
                "credit" if amount > 0 => {
                    Some(format!("a credit is stored as amount <= 0, got {amount}"))
                }
                "debit" if amount < 0 => {
                    Some(format!("a debit is stored as amount >= 0, got {amount}"))
                }
                _ => None,
            }
        }
        RowRule::InvoiceCurrency => None,
    }
}

fn named<'c>(table: &Table, cells: &'c [Cell], column: &str) -> &'c Cell {
    table.position_of(column).and_then(|position| cells.get(position)).unwrap_or(&Cell::Null)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::table;

    fn row(table_name: &str, given: &[(&str, Cell)]) -> (&'static Table, Vec<Cell>) {
        let table = table(table_name).unwrap();
        let mut cells = vec![Cell::Absent; table.columns.len()];
        for (name, cell) in given {
            cells[table.position_of(name).unwrap()] = cell.clone();
        }
        fill_defaults(table, &mut cells, Instant::from_micros(77));
        (table, cells)
    }

    #[test]
    fn defaults_follow_the_row() {
        let (table, cells) = row(
            "invoices",
            &[
                ("total", Cell::Int(1000)),
                ("amount_paid", Cell::Int(300)),
                ("created_at", Cell::Int(5)),
            ],
        );
        let get = |name| named(table, &cells, name).clone();
        assert_eq!(get("amount_remaining"), Cell::Int(700));
        assert_eq!(get("date"), Cell::Int(5));
        assert_eq!(get("updated_at"), Cell::Int(5));
        let missing: Vec<_> = missing_columns(table, &cells).map(|c| c.name).collect();
        assert_eq!(missing, ["id", "customer_id", "status", "currency", "subtotal"]);

        let (table, cells) =
            row("customers", &[("first_name", Cell::text("Ann")), ("is_lead", Cell::Null)]);
        assert_eq!(*named(table, &cells, "name"), Cell::text("Ann"));
        assert_eq!(*named(table, &cells, "is_lead"), Cell::Int(0));
        assert_eq!(*named(table, &cells, "created_at"), Cell::Int(77));

        let (table, cells) = row("plans", &[("shipments_per_interval", Cell::Int(4))]);
        assert_eq!(*named(table, &cells, "recognition"), Cell::text("shipments"));
    }

    #[test]
    fn each_rule_names_its_column() {
        for (table_name, given, column) in [
            ("invoices", vec![("status", Cell::text("void"))], Some("voided_at")),
            ("invoices", vec![("status", Cell::text("open"))], None),
            ("payments", vec![("amount", Cell::Int(-1))], Some("amount")),
            (
                "credit_notes",
                vec![("amount", Cell::Int(5)), ("tax", Cell::Int(1)), ("total", Cell::Int(5))],
                Some("total"),
            ),
            (
                "balance_transactions",
                vec![("type", Cell::text("credit")), ("amount", Cell::Int(5))],
                Some("amount"),
            ),
            (
                "customer_membership_holds",
                vec![("start_date", Cell::Int(5)), ("end_date", Cell::Int(4))],
                Some("end_date"),
            ),
            (
                "customer_membership_holds",
                vec![("start_date", Cell::Int(5)), ("end_date", Cell::Int(5))],
                None,
            ),
            ("coupons", vec![], Some("percent_off")),
            ("coupons", vec![("amount_off", Cell::Int(5))], Some("percent_off")),
        ] {
            let (table, cells) = row(table_name, &given);
            let blamed = first_broken_rule(table, &cells).map(|(column, _)| column);
            assert_eq!(blamed, column, "{table_name} {given:?}");
        }
    }
}

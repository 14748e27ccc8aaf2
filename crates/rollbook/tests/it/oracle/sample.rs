//! Random rows of every table with awkward values: nulls, deletions, several currencies, unusual
//! texts, days around today. They satisfy the rules of an import (spec/data-model.md §2).

use std::collections::BTreeMap;

use model::catalogue::{Column, ColumnType, RowRule, Table, tables};
use model::cell::Cell;
use model::time::Instant;
use serde_json::json;

use super::generate::TestRandom;

const DAY: i64 = 86_400_000_000;
const CURRENCIES: &[&str] = &["gbp", "gbp", "gbp", "gbp", "eur", "jpy", "kwd"];
const TEXTS: &[&str] = &[
    "Ann",
    "ann",
    "ANN",
    "Bob Lee",
    "Lee, Jr",
    "Ann \"A\" Lee",
    "=SUM(A1)",
    "+1 (2) 3",
    "-5",
    "-5 applied",
    "@x",
    " lead",
    "trail ",
    "",
    "Zoë",
    "Änne",
    "ÄNNE",
    "ß",
    "ΣΑΣ",
    "a\nb",
    "01",
    "\t tab",
    "Gold",
    "gold",
    "Silver",
    "🎉",
];
const ZONES: &[&str] = &["Europe/London", "America/New_York", "Pacific/Auckland", "UTC"];
/// Line types and codes, few enough for equal values to occur.
const CODES: &[&str] = &["SPRING", "spring", "TEN", "flat_fee", "service_fee", "store_order"];

/// Returns rows around `now` with ids from 1 for every table, in catalogue order: `count` rows per
/// table, or the number in `counts`.
pub(crate) fn sample(
    seed: u64,
    now: Instant,
    count: i64,
    counts: &[(&str, i64)],
) -> Vec<(&'static str, Vec<Cell>)> {
    let count_of = |table: &str| {
        let own = counts.iter().find(|(name, _)| *name == table);
        own.map_or(count, |(_, count)| *count)
    };
    let mut dice = TestRandom::new(seed);
    let mut rows = Vec::new();
    let mut invoice_currencies = BTreeMap::new();
    for table in tables() {
        for id in 1..=count_of(table.name) {
            let mut row = Vec::new();
            for column in &table.columns {
                row.push(match column.name {
                    "id" => Cell::Int(id),
                    _ => cell(&mut dice, table, column, now, &count_of),
                });
            }
            satisfy_rules(table, &mut row, &invoice_currencies);
            if table.name == "invoices" {
                invoice_currencies.insert(id, get(table, &row, "currency").clone());
            }
            rows.push((table.name, row));
        }
    }
    rows
}

fn cell(
    dice: &mut TestRandom,
    table: &Table,
    column: &Column,
    now: Instant,
    count_of: &impl Fn(&str) -> i64,
) -> Cell {
    let null = match column.name {
        "deleted_at" => 88,
        "cancellation_reason" | "end_date" => 40,
        _ => 25,
    };
    if column.is_nullable() && dice.chance(null) {
        return Cell::Null;
    }
    let around = |dice: &mut TestRandom| dice.pick(&[3, 40, 40, 400, 800]);
    match column.kind {
        ColumnType::Int { min, max } => match column.references {
            Some(target) if column.is_nullable() && count_of(target) == 0 => Cell::Null,
            // Half of all references go to few rows, so that some rows have many.
            Some(target) => {
                let most = count_of(target);
                let most = if dice.chance(50) { most / 10 + 1 } else { most };
                Cell::Int(dice.between(1, most))
            }
            None => Cell::Int(dice.between(min.max(0), max.min(30))),
        },
        ColumnType::Bool => Cell::Int(dice.between(0, 1)),
        ColumnType::Date => {
            let days = now.micros().div_euclid(DAY);
            let reach = if column.name == "date_of_birth" { 30_000 } else { around(dice) };
            let later = if column.name == "date_of_birth" { 0 } else { reach };
            Cell::Int(days + dice.between(-reach, later))
        }
        ColumnType::Instant => {
            let reach = around(dice);
            let hour = 3_600_000_000;
            let hours = now.micros() / hour + dice.between(-reach * 24, reach * 6);
            let micros = dice.pick(&[0, 0, 0, 1, 500_000, 59 * 60_000_000 + 999_999]);
            Cell::Int(hours * hour + micros)
        }
        ColumnType::Money => {
            let below_zero = ["amount", "total", "subtotal"].contains(&column.name);
            let first = if below_zero { -2000 } else { 0 };
            let amount = dice.between(first, 20_000);
            Cell::Int(dice.pick(&[0, amount, amount, amount * 1_000, 4500]))
        }
        ColumnType::Percent => Cell::Int(dice.between(0, 1_000_000)),
        ColumnType::Enum(words) => Cell::text(dice.pick(words)),
        ColumnType::Currency => Cell::text(dice.pick(CURRENCIES)),
        ColumnType::Country => Cell::text(dice.pick(&["GB", "DE", "US"])),
        ColumnType::Json => {
            let value =
                dice.pick(&[json!("x"), json!("=1"), json!(12), json!(true), json!([1, "a"])]);
            let object = [json!({}), json!({"tier": value}), json!({"tier": "b", "ref-no": value})];
            Cell::text(dice.pick(&object).to_string())
        }
        ColumnType::Allotment => Cell::text("{}"),
        ColumnType::TextList => Cell::text("[]"),
        ColumnType::IntList => {
            let target = column.references.map_or(1, count_of);
            let mut ids = (0..dice.below(3)).map(|_| dice.between(1, target)).collect::<Vec<_>>();
            ids.dedup();
            Cell::text(json!(ids).to_string())
        }
        ColumnType::Text => Cell::text(match (table.name, column.name) {
            ("sites", "timezone") => dice.pick(ZONES),
            (_, "code" | "discount_code") | ("invoice_lines", "type") => dice.pick(CODES),
            _ => dice.pick(TEXTS),
        }),
    }
}

fn get<'r>(table: &Table, row: &'r [Cell], column: &str) -> &'r Cell {
    &row[table.position_of(column).expect("a column")]
}

fn set(table: &Table, row: &mut [Cell], column: &str, cell: Cell) {
    row[table.position_of(column).expect("a column")] = cell;
}

fn number(table: &Table, row: &[Cell], column: &str) -> i64 {
    get(table, row, column).as_int().unwrap_or_default()
}

/// Changes a random row so that it satisfies the rules of its table.
fn satisfy_rules(
    table: &'static Table,
    row: &mut [Cell],
    invoice_currencies: &BTreeMap<i64, Cell>,
) {
    for rule in table.rules {
        match *rule {
            RowRule::RequiredWhen { column, .. } => {
                if !get(table, row, column).is_value() {
                    set(table, row, column, row[table.created_at()].clone());
                }
            }
            RowRule::NotNegative(column) => {
                let amount = number(table, row, column).abs();
                set(table, row, column, Cell::Int(amount));
            }
            RowRule::Sum { left, right, total } => {
                let sum = number(table, row, left) + number(table, row, right);
                set(table, row, total, Cell::Int(sum));
            }
            RowRule::NotBefore { last, first } => {
                let (a, b) = (get(table, row, first).as_int(), get(table, row, last).as_int());
                if let (Some(a), Some(b)) = (a, b)
                    && b < a
                {
                    set(table, row, last, Cell::Int(a));
                    set(table, row, first, Cell::Int(b));
                }
            }
            RowRule::OneOf { first, amount } => {
                if !get(table, row, first).is_value() {
                    set(table, row, first, Cell::Int(100_000));
                }
                set(table, row, amount, Cell::Null);
                set(table, row, "currency", Cell::Null);
            }
            RowRule::SignAgrees => {
                let amount = number(table, row, "amount").abs();
                let is_credit = get(table, row, "type").as_text() == Some("credit");
                set(table, row, "amount", Cell::Int(if is_credit { -amount } else { amount }));
            }
            RowRule::InvoiceCurrency => {
                let invoice = get(table, row, "invoice_id").as_int();
                if let Some(currency) = invoice.and_then(|id| invoice_currencies.get(&id)) {
                    set(table, row, "currency", currency.clone());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use model::catalogue::table;
    use model::rules;

    use super::*;

    #[test]
    fn sampled_rows_keep_the_rules_of_an_import() {
        let now = Instant::parse("2026-02-14T12:00:00Z").unwrap();
        for (name, cells) in sample(1, now, 50, &[]) {
            let table = table(name).unwrap();
            let missing = rules::missing_columns(table, &cells).map(|column| column.name);
            assert_eq!(missing.collect::<Vec<_>>(), Vec::<&str>::new(), "{name}");
            assert!(rules::first_broken_rule(table, &cells).is_none(), "{name} {cells:?}");
        }
    }
}

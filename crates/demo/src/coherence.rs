//! Tests of the generated rows: they can be imported, cover every case, and their amounts add up.

use std::collections::{BTreeMap, BTreeSet};

use model::catalogue::{self, ColumnType, Table};
use model::cell::Cell;
use model::parse::{self, InputValue};
use model::{allotment, rules};

use super::row::{DemoRow, DemoValue};
use super::{DemoBusinesses, ROWS, SEED, TODAY};

/// Number of rows that is enough for every case to occur.
const TESTED_ROWS: u64 = 30_000;

/// The cells of all generated rows, by table and id.
struct GeneratedRows {
    tables: BTreeMap<&'static str, BTreeMap<i64, Vec<Cell>>>,
}

fn input<'a>(value: DemoValue<'a>, buffer: &'a mut String) -> InputValue<'a> {
    match value {
        DemoValue::Null => InputValue::Null,
        DemoValue::Int(number) => InputValue::Int(number),
        DemoValue::Bool(flag) => InputValue::Bool(flag),
        DemoValue::Text(text) => InputValue::Text(text),
        DemoValue::Json(text) => InputValue::Json(text),
        DemoValue::Date(date) => {
            *buffer = date.to_string();
            InputValue::Text(buffer)
        }
        DemoValue::Instant(instant) => {
            *buffer = instant.to_string();
            InputValue::Text(buffer)
        }
    }
}

fn cells(row: &DemoRow<'_>) -> Vec<Cell> {
    let mut cells = vec![Cell::Absent; row.table.columns.len()];
    for (name, value) in row.columns() {
        let position = row.table.position_of(name).unwrap();
        let mut buffer = String::new();
        let parsed = parse::parse_cell(&row.table.columns[position], input(value, &mut buffer));
        cells[position] = parsed.unwrap_or_else(|error| {
            panic!("{} {} {name}: {}", row.table.name, row.id, error.message)
        });
    }
    cells
}

impl GeneratedRows {
    fn generate(business: &DemoBusinesses, provider: usize) -> Self {
        let mut tables: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
        let mut sink = |row: &DemoRow<'_>| {
            let cells = cells(row);
            assert!(cells.iter().all(Cell::is_given), "{} leaves columns out", row.table.name);
            let known = tables.entry(row.table.name).or_default();
            assert_eq!(known.insert(row.id, cells), None, "{} {}", row.table.name, row.id);
            Ok(())
        };
        business.generate(&business.providers()[provider], &mut sink).unwrap();
        Self { tables }
    }

    fn rows(&self, table: &str) -> impl Iterator<Item = GeneratedRecord<'_>> {
        let definition = catalogue::table(table).unwrap();
        let rows = self.tables.get(table).into_iter().flatten();
        rows.map(move |(id, cells)| GeneratedRecord { table: definition, id: *id, cells })
    }

    fn has(&self, table: &str, id: i64) -> bool {
        self.tables.get(table).is_some_and(|rows| rows.contains_key(&id))
    }

    /// Returns the sums of `amount` by the id in the column `link`, over the rows that `keep`
    /// accepts.
    fn sums(
        &self,
        table: &str,
        link: &str,
        keep: impl Fn(&GeneratedRecord<'_>) -> bool,
    ) -> BTreeMap<i64, i64> {
        let mut sums = BTreeMap::new();
        for row in self.rows(table).filter(|row| keep(row)) {
            if let Some(id) = row.int(link) {
                *sums.entry(id).or_default() += row.amount("amount");
            }
        }
        sums
    }
}

#[derive(Clone, Copy)]
struct GeneratedRecord<'a> {
    table: &'static Table,
    id: i64,
    cells: &'a [Cell],
}

impl<'a> GeneratedRecord<'a> {
    fn cell(&self, column: &str) -> &'a Cell {
        &self.cells[self.table.position_of(column).unwrap()]
    }

    fn int(&self, column: &str) -> Option<i64> {
        self.cell(column).as_int()
    }

    fn amount(&self, column: &str) -> i64 {
        self.int(column).unwrap()
    }

    fn text(&self, column: &str) -> &'a str {
        self.cell(column).as_text().unwrap_or_default()
    }
}

fn generate_both_providers() -> [GeneratedRows; 2] {
    let business = DemoBusinesses::new(SEED, TESTED_ROWS, TODAY);
    [GeneratedRows::generate(&business, 0), GeneratedRows::generate(&business, 1)]
}

#[test]
fn every_table_word_and_null_occurs() {
    let told = generate_both_providers();
    let mut absent = Vec::new();
    for table in catalogue::tables() {
        let rows: Vec<_> = told.iter().flat_map(|told| told.rows(table.name)).collect();
        assert!(!rows.is_empty(), "{} has no rows", table.name);
        for column in &table.columns {
            let mut words = BTreeSet::new();
            let mut has_null = false;
            let mut has_value = false;
            for cell in rows.iter().map(|row| row.cell(column.name)) {
                has_null |= *cell == Cell::Null;
                has_value |= cell.is_value();
                if matches!(column.kind, ColumnType::Enum(_)) {
                    words.extend(cell.as_text());
                }
            }
            if let ColumnType::Enum(all) = column.kind {
                let missing: Vec<_> = all.iter().filter(|word| !words.contains(**word)).collect();
                if !missing.is_empty() {
                    absent.push(format!("{}.{}: {missing:?}", table.name, column.name));
                }
            }
            if column.is_nullable() && !(has_null && has_value) {
                absent.push(format!(
                    "{}.{}: null {has_null}, value {has_value}",
                    table.name, column.name
                ));
            }
        }
    }
    assert_eq!(absent, Vec::<String>::new());
}

#[test]
fn every_row_obeys_the_rules_and_names_rows_that_exist() {
    for told in generate_both_providers() {
        for table in catalogue::tables() {
            for row in told.rows(table.name) {
                let mut filled = row.cells.to_vec();
                rules::fill_defaults(table, &mut filled, TODAY);
                let lacking: Vec<_> =
                    rules::missing_columns(table, &filled).map(|c| c.name).collect();
                assert_eq!(lacking, Vec::<&str>::new(), "{} {}", table.name, row.id);
                assert_eq!(
                    rules::first_broken_rule(table, &filled),
                    None,
                    "{} {}",
                    table.name,
                    row.id
                );
                check_references(&told, &row);
                check_instants(&row);
            }
        }
    }
}

fn check_references(told: &GeneratedRows, row: &GeneratedRecord<'_>) {
    for column in &row.table.columns {
        let cell = row.cell(column.name);
        let (Some(target), true) = (column.references, cell.is_value()) else { continue };
        let ids = match cell {
            Cell::Int(id) => vec![*id],
            cell => serde_json::from_str(cell.as_text().unwrap()).unwrap(),
        };
        for id in ids {
            assert!(told.has(target, id), "{} {}: {} {id}", row.table.name, row.id, column.name);
        }
    }
    for column in row.table.columns.iter().filter(|column| column.kind == ColumnType::Allotment) {
        let Some(text) = row.cell(column.name).as_text() else { continue };
        for (path, id, limit) in allotment::parse_allotment(text).unwrap().offering_types() {
            let mut known = told.rows("offering_types").filter(|known| known.id == id);
            let kind = known.next().map(|known| known.text("kind"));
            assert!(kind.is_some_and(|kind| limit.offering_kinds().contains(&kind)), "{path}");
        }
    }
}

fn check_instants(row: &GeneratedRecord<'_>) {
    let (created, updated) = (row.amount("created_at"), row.amount("updated_at"));
    assert!(created <= updated && updated <= TODAY.micros(), "{} {}", row.table.name, row.id);
    for (column, may_lie_ahead) in [
        ("deleted_at", false),
        ("paid_at", false),
        ("voided_at", false),
        ("checked_in_at", false),
        ("canceled_at", false),
        ("cancelled_at", false),
        ("approved_at", false),
        ("succeeded_at", false),
        ("trial_end", true),
    ] {
        let Some(position) = row.table.position_of(column) else { continue };
        let is_ahead = row.cells[position].as_int().is_some_and(|at| at > TODAY.micros());
        assert!(!is_ahead || may_lie_ahead, "{} {}: {column} lies ahead", row.table.name, row.id);
    }
}

#[test]
fn a_row_follows_the_rows_it_names() {
    let business = DemoBusinesses::new(SEED, 20_000, TODAY);
    for provider in business.providers() {
        let mut seen = BTreeSet::new();
        let mut sink = |row: &DemoRow<'_>| {
            for (column, cell) in row.table.columns.iter().zip(cells(row)) {
                if let (Some(target), Some(id)) = (column.references, cell.as_int()) {
                    let is_seen = seen.contains(&(target, id));
                    assert!(is_seen, "{} {}: {} {id}", row.table.name, row.id, column.name);
                }
            }
            seen.insert((row.table.name, row.id));
            Ok(())
        };
        business.generate(&provider, &mut sink).unwrap();
    }
}

#[test]
fn invoices_add_up() {
    for told in generate_both_providers() {
        let lines = told.sums("invoice_lines", "invoice_id", |_| true);
        let paid = told.sums("payments", "invoice_id", |row| row.text("status") == "succeeded");
        let applied = told.sums("balance_transactions", "invoice_id", |row| {
            row.text("kind").ends_with("_invoice")
        });
        let noted: BTreeMap<i64, i64> = told
            .rows("credit_notes")
            .filter(|note| note.text("type") == "pre_payment")
            .map(|note| (note.amount("invoice_id"), note.amount("total")))
            .collect();
        let of = |sums: &BTreeMap<i64, i64>, id| sums.get(&id).copied().unwrap_or_default();
        for row in told.rows("invoices") {
            let id = row.id;
            let total = row.amount("total");
            assert!(total >= 0, "{id}");
            assert_eq!(of(&lines, id) + row.amount("tax"), total, "lines of {id}");
            let net = row.amount("subtotal") - row.amount("discount");
            assert_eq!(net + row.amount("tax"), total, "sums of {id}");
            assert_eq!(of(&paid, id), row.amount("amount_paid"), "payments of {id}");
            assert_eq!(of(&applied, id), row.amount("credit_applied"), "credit of {id}");
            let left = total - row.amount("amount_paid") - row.amount("credit_applied");
            let left = if row.amount("is_credit_note") == 1 { 0 } else { left - of(&noted, id) };
            assert_eq!(row.amount("amount_remaining"), left, "rest of {id}");
            assert_eq!(row.text("status") == "paid", row.cell("paid_at").is_value(), "{id}");
            assert_eq!(row.text("status") == "void", row.cell("voided_at").is_value(), "{id}");
            if row.text("status") == "paid" {
                assert_eq!(left, 0, "{id} is paid");
            }
        }
    }
}

#[test]
fn children_have_the_currency_of_their_invoice() {
    for told in generate_both_providers() {
        let currencies: BTreeMap<i64, &str> =
            told.rows("invoices").map(|row| (row.id, row.text("currency"))).collect();
        for table in
            ["invoice_lines", "payments", "refunds", "credit_notes", "balance_transactions"]
        {
            for row in told.rows(table) {
                if let Some(invoice) = row.int("invoice_id") {
                    assert_eq!(row.text("currency"), currencies[&invoice], "{table} {}", row.id);
                }
            }
        }
    }
}

#[test]
fn nobody_uses_credit_they_do_not_have() {
    for told in generate_both_providers() {
        let mut movements: Vec<_> = told
            .rows("balance_transactions")
            .map(|row| {
                let key = (row.amount("customer_id"), row.text("currency"));
                (key, row.amount("date"), row.id, row.amount("amount"))
            })
            .collect();
        movements.sort_unstable();
        let mut balances: BTreeMap<(i64, &str), i64> = BTreeMap::new();
        for (key, _, id, amount) in movements {
            let balance = balances.entry(key).or_default();
            *balance += amount;
            assert!(*balance <= 0, "transaction {id} of {key:?}: {balance}");
        }
    }
}

#[test]
fn refunds_do_not_exceed_payments() {
    for told in generate_both_providers() {
        let refunded = told.sums("refunds", "payment_id", |row| row.text("status") == "succeeded");
        for row in told.rows("payments") {
            let back = row.amount("amount_refunded");
            assert!(back <= row.amount("amount"), "{}", row.id);
            if let Some(total) = refunded.get(&row.id) {
                assert_eq!(*total, back, "payment {}", row.id);
            }
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_does_not() {
    let bytes = |seed| {
        let mut bytes = Vec::new();
        let business = DemoBusinesses::new(seed, 8_000, TODAY);
        for provider in business.providers() {
            let mut sink = |row: &DemoRow<'_>| super::files::write_json(&mut bytes, row);
            business.generate(&provider, &mut sink).unwrap();
        }
        bytes
    };
    let first = bytes(1);
    assert!(first == bytes(1));
    assert!(first != bytes(2));
}

#[test]
fn the_number_of_rows_is_about_what_was_asked_for() {
    for rows in [ROWS, 250_000] {
        let business = DemoBusinesses::new(SEED, rows, TODAY);
        let mut told: u64 = 0;
        for provider in business.providers() {
            let mut sink = |_: &DemoRow<'_>| {
                told += 1;
                Ok(())
            };
            business.generate(&provider, &mut sink).unwrap();
        }
        assert!(told.abs_diff(rows) * 100 < rows * 4, "{told} of {rows}");
    }
}

#[test]
fn the_present_may_be_moved() {
    let now = model::time::Instant::parse("2024-03-01T00:30:00Z").unwrap();
    let business = DemoBusinesses::new(SEED, 5_000, now);
    for provider in business.providers() {
        let mut latest = model::time::Instant::from_micros(0);
        let mut sink = |row: &DemoRow<'_>| {
            latest = latest.max(row.updated_at);
            Ok(())
        };
        business.generate(&provider, &mut sink).unwrap();
        assert!(latest <= now && latest > now.plus_seconds(-86_400), "{latest}");
    }
}

//! Scenarios as aligned text: table rows above the line, expected postings and balances below.
//!
//! A row is written `invoice 1 total=11000 date=2024-10-15`. It passes through cells and readers by
//! the catalogue's column names, so every scenario tests those, too. An expectation is written
//! `2024-10 payments_received 1 | online 11000 ar -11000`. The postings of a named month must be
//! complete.

use std::collections::BTreeMap;

use accounting::records::{RecordReader, TableRecord};
use accounting::{
    CategoryAmounts, GroupedRecords, Horizon, Issue, LedgerCategory, LedgerRules, LedgerSettings,
    LedgerSpan, Month, Posting, ProviderCalendar, RecordTables, group_records,
};
use model::catalogue::{self, ColumnDefault as Preset, ColumnType, Presence};
use model::cell::Cell;
use model::time::{Date, Instant, Zone};

/// The rows that every scenario has unless it replaces them.
const DEFAULT_ROWS: &str = "
    customer 1 name=Ada email=ada@example.org
    product 1 name=Daily
    plan 1 product_id=1 name=Monthly amount=10000
    subscription 1 customer_id=1 plan_id=1 status=active started_at=2018-01-01
";

/// A scenario: records, zone, settings.
pub(crate) struct LedgerScenario {
    pub(crate) rows: &'static str,
    pub(crate) zone: &'static str,
    pub(crate) settings: LedgerSettings,
}

impl LedgerScenario {
    pub(crate) fn from_rows(rows: &'static str) -> Self {
        Self { rows, zone: "UTC", settings: LedgerSettings::default() }
    }

    pub(crate) fn books(&self) -> LedgerRules {
        let zone = Zone::parse(self.zone).unwrap();
        LedgerRules { calendar: ProviderCalendar::new(zone), settings: self.settings.clone() }
    }

    pub(crate) fn grouped(&self) -> GroupedRecords {
        group_records(tables(self.rows), &self.books().calendar)
    }

    /// Returns all postings and issues up to the end of a month.
    pub(crate) fn run(&self, last: Month) -> (Vec<Posting>, Vec<Issue>) {
        let books = self.books();
        let until = Horizon::end_of_month(last, &books.calendar);
        run(&books, &self.grouped(), &LedgerSpan::until(until))
    }

    /// Checks the expectations, which are written as the module's documentation says.
    pub(crate) fn expect(&self, expectations: &str) {
        let lines: Vec<_> =
            expectations.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let last = lines.iter().map(|line| month(&line[..7])).max().unwrap();
        let (postings, _) = self.run(last);
        let named: Vec<_> = lines.iter().map(|line| month(&line[..7])).collect();
        let mut found: Vec<String> = postings
            .iter()
            .filter(|posting| named.contains(&posting.month))
            .map(|posting| shown(posting.month, &source(posting), posting.amounts))
            .collect();
        let mut expected: Vec<String> = Vec::new();
        for line in &lines {
            let (head, amounts) = line.split_once('|').expect("head | amounts");
            let (month_text, what) = head.trim().split_once(' ').unwrap();
            let amounts = parse_amounts(amounts);
            let month = month(month_text);
            expected.push(shown(month, what.trim(), amounts));
            if what.trim() == "closing" {
                let until = postings.iter().filter(|posting| posting.month <= month);
                let closing =
                    until.fold(CategoryAmounts::ZERO, |sum, posting| sum + posting.amounts);
                found.push(shown(month, "closing", closing));
            }
        }
        // A month whose only line is its closing balance is not compared row by row.
        for month in named {
            let head = format!("{month} ");
            let is_of = |line: &&String| line.starts_with(&head);
            if expected.iter().filter(is_of).all(|line| line.contains(" closing ")) {
                found.retain(|line| !line.starts_with(&head) || line.contains(" closing "));
            }
        }
        found.sort();
        expected.sort();
        assert_eq!(found.join("\n"), expected.join("\n"), "\n{}", self.rows);
    }

    /// Returns the codes and ids of all issues, as `code table id`.
    pub(crate) fn issues(&self, last: &str) -> Vec<String> {
        let (_, issues) = self.run(month(last));
        issues.iter().map(|i| format!("{} {} {}", i.code.as_str(), i.table, i.id)).collect()
    }
}

pub(crate) fn run(
    books: &LedgerRules,
    grouped: &GroupedRecords,
    span: &LedgerSpan,
) -> (Vec<Posting>, Vec<Issue>) {
    let mut postings = Vec::new();
    let mut issues = grouped.issues.clone();
    for records in &grouped.invoices {
        let ledger = books.invoice_ledger(records, &grouped.directory, span);
        accounting::invariants::check_invoice(&ledger).unwrap();
        postings.extend(ledger.postings);
        issues.extend(ledger.issues);
    }
    let untied = books.unlinked_ledger(&grouped.untied, &grouped.directory, span);
    postings.extend(untied.postings);
    issues.extend(untied.issues);
    for posting in &postings {
        accounting::invariants::check_posting(posting).unwrap();
    }
    issues.sort_unstable();
    (postings, issues)
}

pub(crate) fn month(text: &str) -> Month {
    Month::parse(text).unwrap_or_else(|| panic!("{text} is not a month"))
}

pub(crate) fn instant(text: &str) -> Instant {
    let full = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    Instant::parse(&full).unwrap_or_else(|| panic!("{text} is not an instant"))
}

fn source(posting: &Posting) -> String {
    let id = posting.source_id.map_or("residual".to_owned(), |id| id.to_string());
    format!("{} {id}", posting.file.as_str())
}

fn shown(month: Month, what: &str, amounts: CategoryAmounts) -> String {
    let amounts: Vec<_> = amounts
        .non_zero()
        .map(|(category, amount)| format!("{} {amount}", short(category)))
        .collect();
    format!("{month} {what} | {}", amounts.join(" "))
}

fn short(category: LedgerCategory) -> &'static str {
    match category {
        LedgerCategory::CashOffline => "offline",
        LedgerCategory::CashOnline => "online",
        LedgerCategory::CustomerBalance => "balance",
        LedgerCategory::AccountsReceivable => "ar",
        LedgerCategory::DeferredRevenue => "deferred",
        LedgerCategory::Taxes => "taxes",
        LedgerCategory::RecognizedRevenue => "recognized",
    }
}

fn parse_amounts(text: &str) -> CategoryAmounts {
    let words: Vec<_> = text.split_whitespace().collect();
    let mut amounts = CategoryAmounts::ZERO;
    for pair in words.chunks(2) {
        let category = LedgerCategory::ALL.into_iter().find(|category| short(*category) == pair[0]);
        amounts[category.unwrap_or_else(|| panic!("{} is no category", pair[0]))] =
            pair[1].parse().unwrap();
    }
    amounts
}

/// Returns the rows of a scenario together with the default rows. A scenario's row replaces the
/// default row with the same id.
pub(crate) fn tables(rows: &str) -> RecordTables {
    let mut named: BTreeMap<(String, i64), String> = BTreeMap::new();
    let mut order = Vec::new();
    for line in DEFAULT_ROWS.lines().chain(rows.lines()) {
        let line = line.trim();
        let mut words = line.splitn(3, ' ');
        let (Some(table), Some(id)) = (words.next(), words.next()) else { continue };
        let key = (table.to_owned(), id.parse().unwrap());
        order.push(key.clone());
        named.insert(key, words.next().unwrap_or_default().to_owned());
    }
    order.sort();
    order.dedup();
    let mut tables = RecordTables::default();
    for key in order {
        add(&mut tables, &key.0, key.1, &named[&key]);
    }
    tables
}

fn add(tables: &mut RecordTables, table: &str, id: i64, values: &str) {
    let directory = &mut tables.directory;
    match table {
        "customer" => drop(directory.customers.insert(id, read(id, values))),
        "product" => drop(directory.products.insert(id, read(id, values))),
        "plan" => drop(directory.plans.insert(id, read(id, values))),
        "sku" => drop(directory.skus.insert(id, read(id, values))),
        "subscription" => drop(directory.subscriptions.insert(id, read(id, values))),
        "invoice" => tables.invoices.push(read(id, values)),
        "line" => tables.lines.push(read(id, values)),
        "order" => tables.orders.push(read(id, values)),
        "item" => tables.order_items.push(read(id, values)),
        "payment" => tables.payments.push(read(id, values)),
        "refund" => tables.refunds.push(read(id, values)),
        "note" => tables.credit_notes.push(read(id, values)),
        "balance" => tables.balance_transactions.push(read(id, values)),
        "shipment" => tables.shipments.push(read(id, values)),
        _ => panic!("{table} is no table of a scenario"),
    }
}

fn read<R: TableRecord>(id: i64, values: &str) -> R {
    let table = catalogue::table(R::TABLE).unwrap();
    let mut given: BTreeMap<&str, &str> = BTreeMap::new();
    for pair in values.split_whitespace() {
        let (name, value) = pair.split_once('=').unwrap_or_else(|| panic!("{pair}"));
        match name {
            "period" => {
                let (start, end) = value.split_once("..").unwrap();
                given.insert("period_start", start);
                given.insert("period_end", end);
            }
            _ => {
                assert!(table.position_of(name).is_some(), "{}.{name}", R::TABLE);
                given.insert(name, value);
            }
        }
    }
    let cells: Vec<Cell> = table
        .columns
        .iter()
        .map(|column| match (column.name, given.get(column.name)) {
            ("id", _) => Cell::Int(id),
            (_, Some(value)) => cell(column.kind, value),
            (name, None) => preset(name, column, &given),
        })
        .collect();
    RecordReader::<R>::default().read(&|at| cells[at].as_ref()).unwrap()
}

fn cell(kind: ColumnType, value: &str) -> Cell {
    match kind {
        ColumnType::Instant => Cell::Int(instant(value).micros()),
        ColumnType::Date => Cell::Int(i64::from(Date::parse(value).unwrap().days())),
        ColumnType::Bool => Cell::Int(i64::from(value == "true")),
        ColumnType::Int { .. } | ColumnType::Money | ColumnType::Percent => {
            Cell::Int(value.parse().unwrap())
        }
        _ => Cell::text(value),
    }
}

fn preset(name: &str, column: &catalogue::Column, given: &BTreeMap<&str, &str>) -> Cell {
    let number = |name: &str| given.get(name).map_or(0, |v| v.parse::<i64>().unwrap());
    match (name, column.presence, column.kind) {
        ("customer_id", Presence::Required, _) => Cell::Int(1),
        ("total", ..) => Cell::Int(number("amount").wrapping_add(number("tax"))),
        ("amount", ..) => Cell::Int(number("total").wrapping_sub(number("tax"))),
        ("subtotal", ..) => Cell::Int(number("total").wrapping_sub(number("tax"))),
        ("amount_remaining", ..) => {
            Cell::Int((number("total") - number("amount_paid") - number("credit_applied")).max(0))
        }
        (_, Presence::Nullable | Presence::NullableDefault(_), _) => Cell::Null,
        (_, Presence::Default(Preset::Column(other)), kind) => match given.get(other) {
            Some(value) => cell(kind, value),
            None => Cell::Int(instant("2018-01-01").micros()),
        },
        (_, Presence::Default(Preset::Int(value)), _) => Cell::Int(value),
        (_, Presence::Default(Preset::Text(value)), _) => Cell::text(value),
        (_, Presence::Default(Preset::Recognition), _) => {
            Cell::text(if number("shipments_per_interval") > 0 { "shipments" } else { "time" })
        }
        (_, _, ColumnType::Currency) => Cell::text("usd"),
        (_, _, ColumnType::Instant) => Cell::Int(instant("2018-01-01").micros()),
        // The default status is in force, and the default channel is online.
        ("status", ..) => Cell::text(match column.kind {
            ColumnType::Enum(words) if words.contains(&"succeeded") => "succeeded",
            ColumnType::Enum(words) if words.contains(&"paid") => "paid",
            _ => "approved",
        }),
        (_, _, ColumnType::Enum(words)) => Cell::text(words[0]),
        (_, _, ColumnType::Text) => Cell::text(""),
        _ => Cell::Int(0),
    }
}

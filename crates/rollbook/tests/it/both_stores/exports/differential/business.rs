//! A random business: many rows share instants, and half of them are only in the delta.

use model::catalogue::{self, Table};
use model::cell::Cell;
use model::provider::Provider;
use model::time::Instant;

use crate::differential::{DifferentialData, delete, now, upsert};
use crate::oracle::{OracleTables, TestRandom, sample};
use crate::server::Server;

/// Settings for any number of exports at once, of any range.
const SETTINGS: &str = "[exports]\nmin_free_disk_mb = 0\nmax_range_months = 0\n\
    one_per_type = false\nmax_queued = 1000\nmax_running = 2\n";
/// Number of rows of tables that no export reads.
const OTHER_ROWS: i64 = 3;
const ROWS: &[(&str, i64)] = &[
    ("sites", 3),
    ("customers", 50),
    ("addresses", 90),
    ("newsletters", 60),
    ("payment_processors", 3),
    ("products", 7),
    ("plans", 10),
    ("skus", 8),
    ("coupons", 5),
    ("subscriptions", 90),
    ("orders", 70),
    ("order_items", 160),
    ("invoices", 100),
    ("invoice_lines", 200),
    ("payments", 100),
    ("credit_notes", 70),
    ("refunds", 80),
    ("balance_transactions", 120),
    ("campaigns", 8),
    ("campaign_runs", 70),
];
/// Instants at which many rows are created and changed: ends of days, months and years in London,
/// and both clock changes.
pub(super) const CRITICAL_INSTANTS: &[&str] = &[
    "2025-03-30T00:59:59Z",
    "2025-03-30T01:00:00Z",
    "2025-06-30T22:59:59Z",
    "2025-06-30T23:00:00Z",
    "2025-10-26T00:30:00Z",
    "2025-10-26T01:00:00Z",
    "2025-10-26T01:30:00Z",
    "2025-12-31T23:59:59Z",
    "2026-01-01T00:00:00Z",
    "2026-02-14T10:30:00Z",
];
/// Offsets from these instants in microseconds, within and beside the second.
const OFFSETS_MICROS: &[i64] = &[0, 0, 0, 500_000, 999_999, 1_000_000, -1];
const METADATA: &[&str] = &[
    "{}",
    "{}",
    r#"{"size":"L","n":1.50,"ok":true,"none":null}"#,
    r#"{"=k":"=1","a,b":"x\ny","Z":"","a":" lead"}"#,
    r#"{"ärger":[1,"a"],"size":{"a":1}}"#,
    r#"{"🎉":"party","ﬀ":"ligature","big":123456789012345678901234567890}"#,
    r#"{"e":1e5,"u":"\u00e9\"\\","size":"=SUM(A1)"}"#,
];
const LISTS: &[&str] =
    &["[]", r#"["weekly"]"#, r#"["weekly","a, \"b\""]"#, r#"["=x","é"]"#, r#"[" lead",""]"#];

const EMAILS: &[&str] = &["Änne@example.com", "änne@Example.com", "ANN@example.com"];

/// A server with all rows, and the content of its store.
pub(super) struct RandomBusiness {
    pub(super) world: DifferentialData,
    pub(super) server: Server,
    pub(super) token: String,
    pub(super) tables: OracleTables,
    pub(super) provider: Provider,
}

type NamedRow = (&'static str, Vec<Cell>);

impl RandomBusiness {
    /// Creates the business of a seed.
    pub(super) fn new(seed: u64) -> Self {
        let world = DifferentialData::configured(SETTINGS);
        let rows = rows(seed);
        let is_late = |(name, cells): &&NamedRow| is_leaf(name) && id(cells) % 3 == 0;
        import(&world, rows.iter().filter(|row| !is_late(row)));
        let token = world.data.token(1);
        let server = world.data.serve();
        server.get(&token, "/api/v2/reports/customers/data?page_size=0").ok();

        import(&world, rows.iter().filter(is_late));
        import(&world, changed(&rows, seed + 1).iter());
        let gone = |(name, cells): &&NamedRow| is_leaf(name) && id(cells) % 7 == 0;
        let deleted = rows.iter().filter(gone);
        world.import(deleted.map(|(name, cells)| delete(table(name), id(cells))).collect());
        import(&world, rows.iter().filter(gone).filter(|(_, cells)| id(cells) % 2 == 0));
        let (tables, provider) = world.tables();
        Self { world, server, token, tables, provider }
    }
}

fn import<'r>(world: &DifferentialData, rows: impl Iterator<Item = &'r NamedRow>) {
    world.import(rows.map(|(name, cells)| upsert(table(name), cells)).collect());
}

fn table(name: &str) -> &'static Table {
    catalogue::table(name).unwrap()
}

fn id(cells: &[Cell]) -> i64 {
    cells[catalogue::ID].as_int().unwrap()
}

/// Returns true for tables that no other table refers to.
fn is_leaf(name: &str) -> bool {
    ["invoice_lines", "newsletters", "campaign_runs", "balance_transactions"].contains(&name)
}

fn rows(seed: u64) -> Vec<NamedRow> {
    let mut rows = sample(seed, now(), OTHER_ROWS, ROWS);
    let mut dice = TestRandom::new(seed ^ 0xE4_90_27);
    for (name, cells) in &mut rows {
        for column in ["created_at", "updated_at"] {
            if dice.chance(55) {
                let micros = mark(&mut dice, CRITICAL_INSTANTS) + dice.pick(OFFSETS_MICROS);
                set(name, cells, column, Cell::Int(micros));
            }
        }
        if dice.chance(60) {
            let micros = mark(&mut dice, &CRITICAL_INSTANTS[..3]);
            set(name, cells, "date", Cell::Int(micros));
        }
        set(name, cells, "lists", Cell::text(dice.pick(LISTS)));
        oddities(&mut dice, name, cells);
    }
    rows
}

fn mark(dice: &mut TestRandom, marks: &[&str]) -> i64 {
    Instant::parse(dice.pick(marks)).unwrap().micros()
}

/// Gives a row values that matter to a type and are rare in the plain sample.
fn oddities(dice: &mut TestRandom, name: &str, cells: &mut [Cell]) {
    match name {
        "customers" => set(name, cells, "metadata", Cell::text(dice.pick(METADATA))),
        "addresses" if dice.chance(15) => set(name, cells, "first_name", Cell::text("\t tab")),
        "addresses" | "refunds" if dice.chance(30) => {
            let now = Cell::Int(now().micros());
            set(name, cells, "deleted_at", now);
        }
        "refunds" if dice.chance(50) => set(name, cells, "status", Cell::text("succeeded")),
        "payments" if dice.chance(20) => {
            let amount = cells[table(name).position_of("amount").unwrap()].clone();
            set(name, cells, "amount_refunded", amount);
        }
        "invoices" if dice.chance(20) => set(name, cells, "status", Cell::text("draft")),
        "newsletters" if dice.chance(40) => {
            set(name, cells, "email", Cell::text(dice.pick(EMAILS)));
        }
        "products" if id(cells) == 1 => set(name, cells, "kind", Cell::text("membership")),
        _ => {}
    }
}

/// Sets a column if the table has it.
fn set(name: &str, cells: &mut [Cell], column: &str, cell: Cell) {
    if let Some(position) = table(name).position_of(column) {
        cells[position] = cell;
    }
}

/// Returns some rows with the values of another sample. Rows with money keep their currency.
fn changed(rows: &[NamedRow], seed: u64) -> Vec<NamedRow> {
    let others = self::rows(seed);
    let pairs = rows.iter().zip(&others);
    let pairs = pairs.filter(|((name, cells), _)| {
        [
            "customers",
            "subscriptions",
            "orders",
            "order_items",
            "invoices",
            "campaigns",
            "addresses",
        ]
        .contains(name)
            && id(cells) % 4 == 0
    });
    let changed = pairs.map(|((name, before), (_, after))| {
        let mut cells = after.clone();
        if let Some(position) = table(name).position_of("currency") {
            cells[position] = before[position].clone();
        }
        (*name, cells)
    });
    changed.collect()
}

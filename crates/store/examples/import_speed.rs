//! Measures the write path and scans: `cargo run --release -p store --example import_speed`.
//!
//! For SQLite, times are processor times (Linux), which a busy machine disturbs less. For
//! PostgreSQL they are elapsed times, because the server does the work. Arguments: rows of
//! customer_memberships (1,000,000), customers (300,000), URL of an empty PostgreSQL database
//! (none: SQLite).

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use model::catalogue::{Table, table};
use model::cell::Cell;
use model::id::{ProviderId, Revision};
use model::import::{Change, InputRow};
use model::provider::Provider;
use store::postgres::{PostgresOptions, PostgresStore};
use store::sqlite::{SqliteOptions, SqliteStore};
use store::{ImportStart, KeyRange, Snapshot, Store, StoredRow};

const PROVIDER: ProviderId = ProviderId(1);
const BATCH_ROWS: i64 = 4096;
const MEMBERSHIPS: i64 = 200;

static IS_ELSEWHERE: AtomicBool = AtomicBool::new(false);
static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default| arguments.next().map_or(Ok(default), |text| text.parse::<i64>());
    let (rows, customers) = (number(1_000_000)?, number(300_000)?);
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("store.db");
    let store: Box<dyn Store> = match arguments.next() {
        Some(url) => {
            IS_ELSEWHERE.store(true, Ordering::Relaxed);
            Box::new(PostgresStore::open(&url, &PostgresOptions::default())?)
        }
        None => Box::new(SqliteStore::open(&path, SqliteOptions::default())?),
    };
    let store = &*store;
    store.create_provider(&Provider::new(PROVIDER, "Speed"))?;

    import(store, "customers", customers, &|_| vec![])?;
    import(store, "memberships", MEMBERSHIPS, &|_| {
        vec![
            ("name", Cell::text("Ten classes")),
            ("type", Cell::text("pack")),
            ("price", Cell::Int(9000)),
            ("currency", Cell::text("usd")),
        ]
    })?;
    let membership = |id: i64| {
        vec![
            ("customer_id", Cell::Int(id * 7919 % customers + 1)),
            ("membership_id", Cell::Int(id % MEMBERSHIPS + 1)),
            ("type", Cell::text("pack")),
            ("status", Cell::text("active")),
            ("purchased_at", Cell::Int(1_700_000_000_000_000 + id * 1_000_000)),
            ("start_date", Cell::Int(19_000 + id % 1000)),
            ("expiration_date", Cell::Int(19_100 + id % 1000)),
            ("billed_price", Cell::Int(9000 + id % 50)),
            ("currency", Cell::text("usd")),
            ("created_at", Cell::Int(1_700_000_000_000_000 + id * 1_000_000)),
        ]
    };
    import(store, "customer_memberships", rows, &membership)?;
    import(store, "customer_memberships", rows, &membership)?;
    if let Ok(file) = std::fs::metadata(&path) {
        let mib = file.len() >> 20;
        println!("file {mib} MiB, {} bytes per row", (mib << 20) / rows.unsigned_abs());
    }
    let snapshot = store.snapshot()?;
    scan(&*snapshot, "all 24 cells", 24)?;
    scan(&*snapshot, "all 24 cells again", 24)?;
    scan(&*snapshot, "4 cells", 4)?;
    let table = named("customer_memberships")?;
    let started = processor_time();
    let mut count = 0_u64;
    snapshot.rows_changed_since(table, Revision(snapshot.revision().0 - 1), &mut |_| {
        count += 1;
        Ok(())
    })?;
    report("delta", count, processor_time().saturating_sub(started));
    Ok(())
}

fn named(name: &str) -> Outcome<&'static Table> {
    table(name).ok_or_else(|| format!("no table {name}").into())
}

/// Returns the processor time of this thread, or the elapsed time where a server does the work.
fn processor_time() -> Duration {
    if IS_ELSEWHERE.load(Ordering::Relaxed) {
        return STARTED.elapsed();
    }
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text.split(' ').next().and_then(|first| first.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or_default())
}

fn report(what: &str, rows: u64, took: Duration) {
    let per_second = u128::from(rows) * 1_000_000 / took.as_micros().max(1);
    println!("{what:<40} {rows:>9} rows in {took:>12.3?}: {per_second:>9} rows/s");
}

fn import(
    store: &dyn Store,
    name: &str,
    rows: i64,
    cells: &dyn Fn(i64) -> Vec<(&'static str, Cell)>,
) -> Outcome<()> {
    let table = named(name)?;
    let now = model::time::Instant::from_micros(1_800_000_000_000_000);
    let ImportStart::Started(mut import) = store.begin_import(PROVIDER, now, None)? else {
        return Err("the import did not start".into());
    };
    let mut applying = Duration::ZERO;
    let mut first = 1;
    while first <= rows {
        let last = (first + BATCH_ROWS - 1).min(rows);
        let batch = (first..=last).map(|id| Change::Upsert(row(table, id, cells(id)))).collect();
        first = last + 1;
        let started = processor_time();
        import.apply(table, batch)?;
        applying += processor_time().saturating_sub(started);
    }
    let started = processor_time();
    let outcome = import.commit()?.into_result().map_err(|errors| format!("{errors:?}"))?;
    let counts = outcome.tables.get(name).copied().unwrap_or_default();
    let what = format!("{name} +{} ={}", counts.inserted, counts.unchanged);
    report(&what, counts.received, applying);
    report("  with commit", counts.received, applying + processor_time().saturating_sub(started));
    Ok(())
}

fn row(table: &Table, id: i64, given: Vec<(&'static str, Cell)>) -> InputRow {
    let mut cells = vec![Cell::Absent; table.columns.len()];
    cells[0] = Cell::Int(id);
    for (name, cell) in given {
        if let Some(position) = table.position_of(name) {
            cells[position] = cell;
        }
    }
    InputRow { id, line: id.unsigned_abs(), cells }
}

fn scan(snapshot: &dyn Snapshot, what: &str, cells: usize) -> Outcome<()> {
    let started = processor_time();
    let mut count = 0_u64;
    let mut present = 0_u64;
    snapshot.rows(named("customer_memberships")?, KeyRange::ALL, &mut |row: &dyn StoredRow| {
        count += 1;
        present += (0..cells).map(|position| u64::from(has_value(row, position))).sum::<u64>();
        Ok(())
    })?;
    report(
        &format!("scan, {what} ({present} values)"),
        count,
        processor_time().saturating_sub(started),
    );
    Ok(())
}

fn has_value(row: &dyn StoredRow, position: usize) -> bool {
    row.cell(position) != model::cell::CellRef::Null
}

//! A mirror in a temporary folder, and its rows compared with the store's.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use datafusion::arrow::datatypes::{
    Date32Type, Decimal128Type, Int64Type, TimestampMicrosecondType,
};
use datafusion::logical_expr::LogicalPlan;
use model::catalogue::{self, Column, ColumnType, Table};
use model::cell::Cell;
use model::id::{ProviderId, Revision};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use store::RecordStore;
use tempfile::TempDir;

use super::memory::{MemoryStore, RowsById};
use crate::row_index;
use crate::{
    Mirror, MirrorOptions, MirrorRole, MirrorSession, PlanEngine, PlanEngineOptions, ScanKeys,
    ScanRequest,
};

/// Tables that cover every kind of column.
pub(crate) const TABLES: [&str; 5] =
    ["customers", "newsletters", "coupons", "offering_types", "customer_memberships"];

pub(crate) struct MirrorFixture {
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) engine: Arc<PlanEngine>,
    pub(crate) folder: TempDir,
}

pub(crate) fn table(name: &str) -> &'static Table {
    catalogue::table(name).unwrap()
}

pub(crate) fn engine(change: impl FnOnce(&mut PlanEngineOptions)) -> Arc<PlanEngine> {
    let mut options = PlanEngineOptions::new(2, 64 << 20, std::env::temp_dir());
    change(&mut options);
    Arc::new(PlanEngine::start(&options).unwrap())
}

/// Options with small segments, row groups and pages, so that a few rows fill many of them.
pub(crate) fn options(role: MirrorRole) -> MirrorOptions {
    MirrorOptions {
        segment_rows: 40,
        group_rows: 16,
        refresh_after_rows: 1_000_000,
        ..MirrorOptions::new(role)
    }
}

impl MirrorFixture {
    pub(crate) fn new(providers: i64) -> Self {
        let store = MemoryStore::new(providers);
        Self { store, engine: engine(|_| ()), folder: TempDir::new().unwrap() }
    }

    pub(crate) fn open(&self) -> Mirror {
        self.open_with(options(MirrorRole::Writer)).unwrap()
    }

    pub(crate) fn open_with(&self, options: MirrorOptions) -> Result<Mirror, crate::MirrorError> {
        let store: Arc<dyn RecordStore> = Arc::<MemoryStore>::clone(&self.store);
        Mirror::open(self.folder.path(), store, Arc::clone(&self.engine), options)
    }

    /// Puts rows with random cells.
    pub(crate) fn put(
        &self,
        rng: &mut ChaCha8Rng,
        name: &str,
        provider: i64,
        ids: impl IntoIterator<Item = i64>,
    ) -> Revision {
        let table = table(name);
        self.store.commit(|commit| {
            for id in ids {
                commit.put(table, provider, random_row(rng, table, id));
            }
        })
    }

    pub(crate) fn delete(
        &self,
        name: &str,
        provider: i64,
        ids: impl IntoIterator<Item = i64>,
    ) -> Revision {
        let table = table(name);
        self.store.commit(|commit| {
            ids.into_iter().for_each(|id| commit.delete(table, provider, id));
        })
    }

    /// Files of the mirror with this ending.
    pub(crate) fn files(&self, ending: &str) -> Vec<PathBuf> {
        let files = std::fs::read_dir(self.folder.path()).unwrap();
        let files = files.map(|file| file.unwrap().path());
        let mut files: Vec<_> =
            files.filter(|path| path.to_string_lossy().ends_with(ending)).collect();
        files.sort();
        files
    }

    /// Checks that a session of every provider shows exactly what the store has.
    pub(crate) fn check(&self, mirror: &Mirror, providers: i64) {
        for provider in 1..=providers {
            let session = mirror.session(ProviderId(provider)).unwrap();
            assert_eq!(session.revision(), self.store.revision().unwrap());
            self.expected(provider).check(&session);
        }
    }

    /// Returns the rows that a session opened now must show for as long as it lives.
    pub(crate) fn expected(&self, provider: i64) -> ExpectedRows {
        let tables = TABLES.iter().map(|name| (*name, self.store.rows_of(table(name), provider)));
        ExpectedRows { tables: tables.collect() }
    }
}

pub(crate) struct ExpectedRows {
    tables: BTreeMap<&'static str, RowsById>,
}

impl ExpectedRows {
    pub(crate) fn check(&self, session: &MirrorSession) {
        for (name, expected) in &self.tables {
            let actual = rows(session, name);
            assert!(actual == *expected, "{name}: {}", difference(expected, &actual));
            check_rows_by_key(session, name, expected);
        }
    }
}

/// Checks that the rows with given keys are those that a search through all rows finds, for few
/// keys and for many.
fn check_rows_by_key(session: &MirrorSession, name: &str, expected: &RowsById) {
    let columns = table(name).columns.iter().enumerate();
    let searched = |(position, column): &(usize, &Column)| {
        *position == catalogue::ID || row_index::is_indexed(column)
    };
    for (position, column) in columns.filter(searched) {
        let keys: BTreeSet<i64> =
            expected.values().flat_map(|row| keys_in(&row[position])).chain([0, 3]).collect();
        let keys: Vec<i64> = keys.into_iter().collect();
        let few = &keys[keys.len() / 2..=keys.len() / 2];
        for (chosen, is_by_id) in [(few, false), (few, true), (&keys[keys.len() / 3..], false)] {
            let has_key =
                |row: &Vec<Cell>| keys_in(&row[position]).iter().any(|key| chosen.contains(key));
            let keys = ScanKeys::new(name, column.name, chosen);
            let rows = session.scan_as(name, "t", ScanRequest { is_by_id, keys }).unwrap();
            let found = cells(table(name), &run(session, rows.build().unwrap()));
            for (id, row) in &found {
                assert_eq!(Some(row), expected.get(id), "{name} {id}");
            }
            for (id, row) in expected.iter().filter(|(_, row)| has_key(row)) {
                assert!(found.contains_key(id), "{name}.{} in {chosen:?}: {row:?}", column.name);
            }
        }
    }
}

/// Returns the ids in a cell that holds an id or a list of ids.
fn keys_in(cell: &Cell) -> Vec<i64> {
    match cell {
        Cell::Int(key) => vec![*key],
        Cell::Text(list) => serde_json::from_str(list).unwrap(),
        _ => vec![],
    }
}

fn difference(expected: &RowsById, actual: &RowsById) -> String {
    let ids = expected.keys().chain(actual.keys());
    let found = ids.filter(|id| expected.get(id) != actual.get(id));
    let ids: Vec<_> = found.take(3).collect();
    let of = |rows: &RowsById| ids.iter().map(|id| rows.get(id).cloned()).collect::<Vec<_>>();
    format!("rows {ids:?}: expected {:?}, found {:?}", of(expected), of(actual))
}

pub(crate) fn run(session: &MirrorSession, plan: LogicalPlan) -> Vec<RecordBatch> {
    try_run(session, plan).unwrap()
}

pub(crate) fn try_run(
    session: &MirrorSession,
    plan: LogicalPlan,
) -> Result<Vec<RecordBatch>, crate::MirrorError> {
    futures::executor::block_on(session.collect(plan))
}

/// Returns all rows of a table as cells. Panics if a row appears twice.
pub(crate) fn rows(session: &MirrorSession, name: &str) -> RowsById {
    let plan = session.scan(name, "t").unwrap().build().unwrap();
    cells(table(name), &run(session, plan))
}

pub(crate) fn cells(table: &'static Table, batches: &[RecordBatch]) -> RowsById {
    let mut rows = RowsById::new();
    for batch in batches {
        for row in 0..batch.num_rows() {
            let columns = table.columns.iter().zip(batch.columns());
            let cells: Vec<Cell> =
                columns.map(|(column, array)| cell(column.kind, array, row)).collect();
            let id = cells[catalogue::ID].as_int().unwrap();
            assert!(rows.insert(id, cells).is_none(), "{}: row {id} twice", table.name);
        }
    }
    rows
}

/// Converts a value to a cell. Independent of the mirror's own conversion, in order to check it.
fn cell(kind: ColumnType, array: &ArrayRef, row: usize) -> Cell {
    if array.is_null(row) {
        return Cell::Null;
    }
    match kind {
        ColumnType::Int { .. } | ColumnType::Money => {
            Cell::Int(array.as_primitive::<Int64Type>().value(row))
        }
        ColumnType::Bool => Cell::Int(i64::from(array.as_boolean().value(row))),
        ColumnType::Date => Cell::Int(array.as_primitive::<Date32Type>().value(row).into()),
        ColumnType::Instant => {
            Cell::Int(array.as_primitive::<TimestampMicrosecondType>().value(row))
        }
        ColumnType::Percent => {
            let value = array.as_primitive::<Decimal128Type>().value(row);
            Cell::Int(value.try_into().unwrap())
        }
        ColumnType::TextList => {
            let items = array.as_list::<i32>().value(row);
            let items: Vec<_> = items.as_string_view().iter().map(Option::unwrap).collect();
            Cell::text(serde_json::to_string(&items).unwrap())
        }
        ColumnType::IntList => {
            let items = array.as_list::<i32>().value(row);
            let items = items.as_primitive::<Int64Type>().values().to_vec();
            Cell::text(serde_json::to_string(&items).unwrap())
        }
        ColumnType::Text
        | ColumnType::Enum(_)
        | ColumnType::Currency
        | ColumnType::Country
        | ColumnType::Json
        | ColumnType::Allotment => Cell::text(array.as_string_view().value(row)),
    }
}

pub(crate) fn random_row(rng: &mut ChaCha8Rng, table: &'static Table, id: i64) -> Vec<Cell> {
    let columns = table.columns.iter().enumerate();
    let cells = columns.map(|(position, column)| match position {
        catalogue::ID => Cell::Int(id),
        _ if column.is_nullable() && rng.random_bool(0.3) => Cell::Null,
        _ if row_index::is_indexed(column) && column.kind == ColumnType::IntList => {
            let ids = (0..rng.random_range(0..4)).map(|_| rng.random_range(1..=30));
            Cell::text(serde_json::to_string(&ids.collect::<Vec<i64>>()).unwrap())
        }
        _ if row_index::is_indexed(column) => Cell::Int(rng.random_range(1..=30)),
        _ => random_cell(rng, column.kind),
    });
    cells.collect()
}

const TEXTS: [&str; 6] =
    ["", "a", "Zoë Ångström", "\"quoted\"", "more than twelve bytes of text", "🎟"];

fn random_cell(rng: &mut ChaCha8Rng, kind: ColumnType) -> Cell {
    let text = |rng: &mut ChaCha8Rng| TEXTS[rng.random_range(0..TEXTS.len())];
    match kind {
        ColumnType::Int { min, max } => Cell::Int(rng.random_range(min..=max)),
        ColumnType::Money => Cell::Int(rng.random_range(-1_000_000..1_000_000)),
        ColumnType::Bool => Cell::Int(rng.random_range(0..=1)),
        ColumnType::Date => Cell::Int(rng.random_range(-30_000..60_000)),
        ColumnType::Instant => Cell::Int(rng.random_range(-(1 << 50)..1 << 51)),
        ColumnType::Percent => Cell::Int(rng.random_range(0..=1_000_000)),
        ColumnType::Text => {
            let number: u32 = rng.random_range(0..50);
            Cell::text(format!("{}{number}", text(rng)))
        }
        ColumnType::Enum(words) => Cell::text(words[rng.random_range(0..words.len())]),
        ColumnType::Currency => Cell::text(["usd", "jpy", "kwd"][rng.random_range(0..3)]),
        ColumnType::Country => Cell::text(["DE", "US"][rng.random_range(0..2)]),
        ColumnType::Json | ColumnType::Allotment => {
            Cell::text(serde_json::json!({ "note": text(rng) }).to_string())
        }
        ColumnType::TextList => {
            let items: Vec<_> = (0..rng.random_range(0..4)).map(|_| text(rng)).collect();
            Cell::text(serde_json::to_string(&items).unwrap())
        }
        ColumnType::IntList => {
            let items: Vec<i64> = (0..rng.random_range(0..4)).map(|_| rng.random()).collect();
            Cell::text(serde_json::to_string(&items).unwrap())
        }
    }
}

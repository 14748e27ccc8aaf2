//! The mirror over the SQLite store.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::Int64Type;
use model::catalogue::{self, Table};
use model::cell::Cell;
use model::id::ProviderId;
use model::import::{Change, InputRow};
use model::provider::Provider;
use model::time::Instant;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use store::sqlite::{SqliteOptions, SqliteStore};
use store::{ImportStart, RecordStore};
use tempfile::TempDir;

use super::bench::{engine, options, run, table};
use crate::{Mirror, MirrorOptions, MirrorRole};

struct SqliteFixture {
    store: Arc<SqliteStore>,
    folder: TempDir,
}

impl SqliteFixture {
    fn new(providers: i64) -> Self {
        let folder = TempDir::new().unwrap();
        let store =
            SqliteStore::open(&folder.path().join("store.db"), SqliteOptions::default()).unwrap();
        for id in 1..=providers {
            store.create_provider(&Provider::new(ProviderId(id), "p")).unwrap();
        }
        Self { store: Arc::new(store), folder }
    }

    fn open(&self, options: MirrorOptions) -> Mirror {
        let store: Arc<dyn RecordStore> = Arc::<SqliteStore>::clone(&self.store);
        Mirror::open(&self.folder.path().join("mirror"), store, engine(|_| ()), options).unwrap()
    }

    fn import(&self, provider: i64, changes: Vec<(&'static Table, Vec<Change>)>) {
        let now = Instant::from_micros(1_700_000_000_000_000);
        let started = self.store.begin_import(ProviderId(provider), now, None).unwrap();
        let ImportStart::Started(mut import) = started else { panic!("no key was given") };
        for (table, changes) in changes {
            import.apply(table, changes).unwrap();
        }
        import.commit().unwrap().into_result().unwrap();
    }
}

/// A row of `customers` or `sites` with a name.
fn named(table: &Table, id: i64, name: String) -> Change {
    let mut cells = vec![Cell::Absent; table.columns.len()];
    cells[catalogue::ID] = Cell::Int(id);
    cells[table.position_of("name").unwrap()] = Cell::text(name);
    Change::Upsert(InputRow { id, line: 1, cells })
}

#[test]
fn the_mirror_follows_imports_into_sqlite() {
    let (folder, mut rng) = (SqliteFixture::new(2), ChaCha8Rng::seed_from_u64(5));
    let pair = [table("customers"), table("sites")];
    let mirror = folder.open(options(MirrorRole::Writer));
    for step in 0..25 {
        let provider = rng.random_range(1..=2);
        let first = rng.random_range(1..100);
        let ids = first..first + rng.random_range(1..40);
        let changes = pair.map(|table| {
            let ids = ids.clone();
            let change = |id| match rng.random_range(0..4) {
                0 => Change::Delete { id, line: 1 },
                _ => named(table, id, format!("{step}")),
            };
            (table, ids.map(change).collect())
        });
        folder.import(provider, changes.into());
        if step % 7 == 3 {
            mirror.refresh().unwrap();
        }
        let report = mirror.verify().unwrap();
        assert!(report.is_clean(), "step {step}: {report:?}");
        assert_eq!(report.revision, folder.store.revision().unwrap());
    }
    assert!(mirror.verify().unwrap().rows > 0);
    drop(mirror);
    let mirror = folder.open(options(MirrorRole::Reader));
    assert!(mirror.verify().unwrap().is_clean());
}

/// Every import puts the same ids into two tables. No session may see an import in only one of
/// them.
#[test]
fn sessions_over_sqlite_see_each_import_whole() {
    let folder = SqliteFixture::new(1);
    let busy =
        MirrorOptions { refresh_after_rows: 30, delta_rows_max: 80, ..options(MirrorRole::Writer) };
    let mirror = folder.open(busy);
    let pair = [table("customers"), table("sites")];
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 1..=60 {
                let rows = |table| {
                    let put = (number..number + 3).map(|id| named(table, id, number.to_string()));
                    let delete = Change::Delete { id: number - 20, line: 1 };
                    let delete = (number > 20).then_some(delete);
                    (table, put.chain(delete).collect())
                };
                folder.import(1, pair.map(rows).into());
            }
            is_done.store(true, Ordering::Release);
        });
        scope.spawn(|| {
            let mut last = 0;
            while !is_done.load(Ordering::Acquire) {
                let session = mirror.session(ProviderId(1)).unwrap();
                let ids = pair.map(|table| {
                    let plan = session.scan(table.name, "t").unwrap().build().unwrap();
                    let batches = run(&session, plan);
                    let ids = batches.iter().flat_map(|batch| {
                        batch.column(catalogue::ID).as_primitive::<Int64Type>().values()
                    });
                    let mut ids: Vec<i64> = ids.copied().collect();
                    ids.sort_unstable();
                    ids
                });
                assert_eq!(ids[0], ids[1]);
                let newest = ids[0].last().copied().unwrap_or(0);
                assert!(newest >= last, "a later session never sees less");
                last = newest;
            }
        });
    });
    assert!(mirror.verify().unwrap().is_clean());
}

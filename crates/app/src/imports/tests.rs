//! Tests of imports of small files into a real store: when other writers wait, and what ends an
//! import early.

use std::path::Path;
use std::sync::Mutex;
use std::sync::mpsc::{SyncSender, sync_channel};

use model::catalogue::table;
use model::file_format::FileFormat;
use model::import::{ERRORS_COUNTED_MAX, ERRORS_LISTED_MAX};
use model::provider::Provider;
use store::port::{ImportStart, KeyRange, RecordStore};
use store::sqlite::{SqliteOptions, SqliteStore};
use tempfile::TempDir;

use super::*;

const P: ProviderId = ProviderId(1);
const Q: ProviderId = ProviderId(2);

/// A store whose writers do not wait for each other, and a folder for files.
struct ImportBench {
    folder: TempDir,
    store: SqliteStore,
}

impl ImportBench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteOptions { write_wait: Duration::ZERO, ..SqliteOptions::default() };
        let store = SqliteStore::open(&folder.path().join("store.db"), options).unwrap();
        for provider in [P, Q] {
            store.create_provider(&Provider::new(provider, "P")).unwrap();
        }
        std::fs::create_dir(folder.path().join("temp")).unwrap();
        Self { folder, store }
    }

    fn temp(&self) -> std::path::PathBuf {
        self.folder.path().join("temp")
    }

    /// Returns an import of a file with customers in NDJSON.
    fn import(&self, provider: ProviderId, text: &str) -> Import {
        let path = self.folder.path().join(format!("customers-{provider}"));
        std::fs::write(&path, text).unwrap();
        let target = ImportTarget::Table(table("customers").unwrap(), ImportMode::Upsert);
        let (format, compression) = (FileFormat::Ndjson, Compression::None);
        Import {
            provider,
            now: Instant::from_micros(1),
            key: None,
            sources: vec![ImportSource { path, target, format, compression }],
            bounds: UnpackLimits::default(),
            temp_dir: self.temp(),
            time_max: None,
            waits_without_limit: false,
        }
    }

    fn run(
        &self,
        import: &Import,
        watcher: &dyn ImportObserver,
    ) -> Result<ImportAnswer, ImportFailure> {
        run_import(&self.store, import, watcher)
    }

    /// Returns the number of customers.
    fn customers(&self, provider: ProviderId) -> usize {
        let mut count = 0;
        let snapshot = self.store.snapshot().unwrap();
        let mut visit = |_: &dyn store::StoredRow| {
            count += 1;
            Ok(())
        };
        snapshot
            .rows(table("customers").unwrap(), KeyRange::for_provider(provider), &mut visit)
            .unwrap();
        count
    }

    fn is_empty_of(&self, folder: &Path) -> bool {
        std::fs::read_dir(folder).unwrap().next().is_none()
    }
}

fn rows(count: usize) -> String {
    (1..=count).map(|id| format!("{{\"id\":{id},\"name\":\"A\"}}\n")).collect()
}

fn errors(answer: Result<ImportAnswer, ImportFailure>) -> ImportErrors {
    match answer.unwrap() {
        ImportAnswer::Invalid(errors) => errors,
        answer => panic!("{answer:?}"),
    }
}

fn is_done(answer: &Result<ImportAnswer, ImportFailure>) -> bool {
    matches!(answer, Ok(ImportAnswer::Done(_)))
}

/// An observer that does nothing and never cancels.
struct Nobody;

impl ImportObserver for Nobody {}

#[test]
fn rows_that_cannot_be_read_take_no_turn() {
    let bench = ImportBench::new();
    let held = bench.store.begin_import(Q, Instant::from_micros(1), None).unwrap();
    let errors = errors(bench.run(&bench.import(P, "{\"id\":1}\nx\n{\"nope\":1}\n"), &Nobody));
    let lines: Vec<_> = errors.errors.iter().map(|error| error.line).collect();
    assert_eq!((lines, errors.error_count), (vec![Some(2), Some(3), Some(3)], 3));
    // Valid rows need the store's write transaction, which another import holds here.
    let busy = bench.run(&bench.import(P, &rows(1)), &Nobody);
    assert!(matches!(busy, Err(ImportFailure::Store(StoreError::Busy))), "{busy:?}");
    drop(held);
    assert!(is_done(&bench.run(&bench.import(P, &rows(1)), &Nobody)));
    assert!(bench.is_empty_of(&bench.temp()));
}

/// An observer that runs imports of another provider meanwhile.
struct Beside<'b> {
    bench: &'b ImportBench,
    imported: Mutex<Vec<&'static str>>,
}

impl Beside<'_> {
    fn import(&self, when: &'static str) {
        let answer = self.bench.run(&self.bench.import(Q, &rows(3)), &Nobody);
        if is_done(&answer) {
            self.imported.lock().unwrap().push(when);
        }
    }
}

impl ImportObserver for Beside<'_> {
    fn reading(&self, _: usize, _: &read::ReadProgress) {
        self.import("reading");
    }

    fn waiting(&self) {
        self.import("waiting");
    }

    fn storing(&self, _: u64, _: u64) {
        self.import("storing");
    }
}

#[test]
fn others_import_while_one_is_read() {
    let bench = ImportBench::new();
    let beside = Beside { bench: &bench, imported: Mutex::default() };
    assert!(is_done(&bench.run(&bench.import(P, &rows(10)), &beside)));
    assert_eq!(beside.imported.into_inner().unwrap(), ["reading", "waiting"]);
    assert_eq!((bench.customers(P), bench.customers(Q)), (10, 3));
}

#[test]
fn reading_ends_after_a_bounded_number_of_errors() {
    struct Reading(Mutex<Option<read::ReadProgress>>);
    impl ImportObserver for Reading {
        fn reading(&self, _: usize, progress: &read::ReadProgress) {
            *self.0.lock().unwrap() = Some(progress.clone());
        }
    }
    let bench = ImportBench::new();
    let reading = Reading(Mutex::default());
    let found = errors(bench.run(&bench.import(P, &"x\n".repeat(4 << 20)), &reading));
    assert_eq!(found.errors.len(), ERRORS_LISTED_MAX);
    assert_eq!(found.error_count, ERRORS_COUNTED_MAX);
    let progress = reading.0.into_inner().unwrap().unwrap();
    assert!(progress.bytes_read() < progress.bytes_total().unwrap() / 2, "{progress:?}");

    // Errors that only storing finds.
    let unknown: String =
        (1..=20_000).map(|id| format!("{{\"id\":{id},\"currency\":\"usd\"}}\n")).collect();
    let mut import = bench.import(P, &unknown);
    import.sources[0].target = ImportTarget::Table(table("invoices").unwrap(), ImportMode::Upsert);
    let found = errors(bench.run(&import, &Nobody));
    assert!(found.is_full() && found.error_count < 2 * 4096 * 5 + ERRORS_COUNTED_MAX, "{found:?}");
}

/// An observer that cancels at a given stage.
struct UntilStage {
    stage: &'static str,
    is_there: Mutex<bool>,
}

impl UntilStage {
    fn is_at(&self, stage: &str) {
        *self.is_there.lock().unwrap() |= self.stage == stage;
    }
}

impl ImportObserver for UntilStage {
    fn reading(&self, _: usize, _: &read::ReadProgress) {
        self.is_at("reading");
    }

    fn storing(&self, _: u64, _: u64) {
        self.is_at("storing");
    }

    fn committing(&self) {
        self.is_at("committing");
    }

    fn is_canceled(&self) -> bool {
        *self.is_there.lock().unwrap()
    }
}

#[test]
fn an_import_that_nobody_wants_ends_until_its_commit_begins() {
    let bench = ImportBench::new();
    let revision = bench.store.revision().unwrap();
    let import = bench.import(P, &rows(5000));
    for stage in ["reading", "storing"] {
        let until = UntilStage { stage, is_there: Mutex::default() };
        let ended = bench.run(&import, &until);
        assert!(matches!(ended, Err(ImportFailure::Stopped)), "{stage}: {ended:?}");
        assert_eq!(bench.store.revision().unwrap(), revision);
        assert_eq!(bench.customers(P), 0);
        assert!(bench.is_empty_of(&bench.temp()), "{stage}");
    }
    let until = UntilStage { stage: "committing", is_there: Mutex::default() };
    assert!(is_done(&bench.run(&import, &until)));
}

#[test]
fn an_import_ends_when_its_time_is_over() {
    let bench = ImportBench::new();
    let import = Import { time_max: Some(Duration::ZERO), ..bench.import(P, &rows(1)) };
    let ended = bench.run(&import, &Nobody);
    assert!(matches!(ended, Err(ImportFailure::OutOfTime { .. })), "{ended:?}");
    assert_eq!(bench.customers(P), 0);
    let import = Import { time_max: Some(Duration::from_secs(3600)), ..import };
    assert!(is_done(&bench.run(&import, &Nobody)));
}

/// An observer that reports each time it is asked whether to go on waiting.
struct Waiting {
    told: SyncSender<()>,
    is_waiting: Mutex<bool>,
}

impl ImportObserver for Waiting {
    fn waiting(&self) {
        *self.is_waiting.lock().unwrap() = true;
    }

    fn is_canceled(&self) -> bool {
        if *self.is_waiting.lock().unwrap() {
            // Nobody listens once the turn is given back.
            let _ = self.told.try_send(());
        }
        false
    }
}

#[test]
fn a_patient_import_waits_past_the_bound_of_the_store() {
    let bench = ImportBench::new();
    let import = Import { waits_without_limit: true, ..bench.import(P, &rows(1)) };
    let held = bench.store.begin_import(Q, Instant::from_micros(1), None).unwrap();
    let (told, is_waiting) = sync_channel(1);
    std::thread::scope(|scope| {
        let watcher = Waiting { told, is_waiting: Mutex::default() };
        let (bench, import) = (&bench, &import);
        let run = scope.spawn(move || bench.run(import, &watcher));
        is_waiting.recv().unwrap();
        assert!(matches!(held, ImportStart::Started(_)));
        drop(held);
        assert!(is_done(&run.join().unwrap()));
    });
}

#[test]
fn a_key_is_looked_up_before_anything_is_read() {
    let bench = ImportBench::new();
    let keyed = |text: &str, hash: u8| {
        let key = IdempotencyKey { key: "k".to_owned(), request_hash: [hash; 32] };
        Import { key: Some(key), ..bench.import(P, text) }
    };
    let first = bench.run(&keyed(&rows(1), 1), &Nobody).unwrap();
    let _held = bench.store.begin_import(Q, Instant::from_micros(1), None).unwrap();
    assert_eq!(bench.run(&keyed(&rows(1), 1), &Nobody).unwrap(), first);
    assert_eq!(bench.run(&keyed("x", 2), &Nobody).unwrap(), ImportAnswer::KeyConflict);
}

#[test]
fn an_import_that_gives_no_rows_ends_when_nobody_wants_it() {
    let bench = ImportBench::new();
    let import = bench.import(P, "");
    // A line of a terabyte, which takes no room on the disk.
    let file = std::fs::OpenOptions::new().write(true).open(&import.sources[0].path).unwrap();
    file.set_len(1 << 40).unwrap();
    let until = UntilStage { stage: "reading", is_there: Mutex::default() };
    let ended = bench.run(&import, &until);
    assert!(matches!(ended, Err(ImportFailure::Stopped)), "{ended:?}");
}

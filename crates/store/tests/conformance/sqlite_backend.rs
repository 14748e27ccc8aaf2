//! The SQLite adapter under test, and tests of it alone.

use std::time::Duration;

use store::sqlite::{SqliteOptions, SqliteStore};
use store::{RecordStore, Store};
use tempfile::TempDir;

use crate::harness::{Backend, NOW, P, WAIT, apply, begin, contents, import, with_base};

pub(crate) struct SqliteBackend(TempDir);

impl SqliteBackend {
    fn path(&self) -> std::path::PathBuf {
        self.0.path().join("store.db")
    }
}

impl Backend for SqliteBackend {
    fn fresh() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn open(&self) -> Box<dyn Store> {
        let options = SqliteOptions { write_wait: WAIT, ..SqliteOptions::default() };
        Box::new(SqliteStore::open(&self.path(), options).unwrap())
    }
}

#[test]
fn a_file_is_read_beside_its_writer_without_writing() {
    let backend = SqliteBackend::fresh();
    let missing = SqliteStore::open_read_only(&backend.path(), SqliteOptions::default());
    assert_eq!(missing.unwrap_err().code(), "not_found");
    let missing = SqliteStore::open_existing(&backend.path(), SqliteOptions::default());
    assert_eq!(missing.unwrap_err().code(), "not_found");

    let writer = with_base(&backend);
    let reader = SqliteStore::open_read_only(&backend.path(), SqliteOptions::default()).unwrap();
    assert_eq!(reader.revision().unwrap(), writer.revision().unwrap());
    import(&*writer, "+customers 77");
    assert_eq!(reader.revision().unwrap(), writer.revision().unwrap());
    assert_eq!(reader.check().unwrap(), Vec::<String>::new());
    let refused = reader.create_provider(&model::provider::Provider::new(P, "again"));
    assert_eq!(refused.unwrap_err().code(), "store_unavailable");
    assert_eq!(reader.secret().unwrap_err().code(), "store_unavailable");
}

#[test]
fn writers_past_the_bound_are_told_that_the_store_is_busy() {
    let backend = SqliteBackend::fresh();
    let first = with_base(&backend);
    let options = SqliteOptions { write_wait: Duration::from_millis(20), ..Default::default() };
    let second = SqliteStore::open(&backend.path(), options).unwrap();
    let import = begin(&*first, P, 1, None);
    let busy = second.begin_import(P, crate::harness::at(1), None).map(|_| ());
    assert_eq!(busy.unwrap_err().code(), "store_busy");
    second.mark_token_used(1, model::time::Date::from_days(1)).unwrap();
    drop(import);
    drop(begin(&second, P, 1, None));
}

#[test]
fn snapshots_past_the_bound_are_told_that_the_store_is_busy() {
    let backend = SqliteBackend::fresh();
    let wait = Duration::from_millis(5);
    let options = SqliteOptions { readers_max: 2, write_wait: wait, ..Default::default() };
    let store = SqliteStore::open(&backend.path(), options).unwrap();
    let held = (store.snapshot().unwrap(), store.snapshot().unwrap());
    assert_eq!(store.snapshot().map(|_| ()).unwrap_err().code(), "store_busy");
    assert_eq!(store.revision().unwrap(), held.0.revision(), "short questions do not wait");
    drop(held);
    store.snapshot().unwrap();
}

#[test]
fn a_new_file_may_be_opened_by_many_at_once() {
    let backend = SqliteBackend::fresh();
    std::thread::scope(|scope| {
        let open = || backend.open().revision().unwrap();
        let threads: Vec<_> = (0..6).map(|_| scope.spawn(open)).collect();
        for thread in threads {
            assert_eq!(thread.join().unwrap(), model::id::Revision(0));
        }
    });
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let backend = SqliteBackend::fresh();
    drop(backend.open());
    for path in [backend.path(), SqliteStore::jobs_file_path(&backend.path())] {
        let mode = std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn a_store_without_a_file_for_its_work_gets_one() {
    let backend = SqliteBackend::fresh();
    let store = with_base(&backend);
    let revision = store.revision().unwrap();
    drop(store);
    let work = SqliteStore::jobs_file_path(&backend.path());
    std::fs::remove_file(&work).unwrap();
    let refused = SqliteStore::open_read_only(&backend.path(), SqliteOptions::default());
    assert_eq!(refused.unwrap_err().code(), "not_found");
    let store = backend.open();
    assert_eq!(store.revision().unwrap(), revision);
    crate::job_helpers::finished(&*store, "a", 0);
    assert!(work.is_file());
}

#[test]
fn a_backup_opens_as_a_store() {
    let backend = SqliteBackend::fresh();
    let store = with_base(&backend);
    store.secret().unwrap();
    let job = crate::job_helpers::finished(&*store, "a", 0);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("copy");
    let mut during = begin(&*store, P, NOW, None);
    apply(&mut *during, "customers 70");
    store.backup(&path).unwrap();
    during.commit().unwrap().into_result().unwrap();
    assert_eq!(store.backup(&path).unwrap_err().code(), "exists");
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(!name.ends_with(".unfinished"), "{name}");
    }

    let copy = SqliteStore::open_existing(&path, SqliteOptions::default()).unwrap();
    assert_eq!(copy.revision().unwrap().next(), store.revision().unwrap());
    assert_eq!(copy.secret().unwrap(), store.secret().unwrap());
    assert_eq!(crate::job_helpers::stored(&copy, &job), job);
    assert_eq!(copy.check().unwrap(), Vec::<String>::new());
    import(&copy, "customers 70");
    assert_eq!(contents(&copy), contents(&*store));
}

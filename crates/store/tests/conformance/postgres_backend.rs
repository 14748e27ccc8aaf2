//! The PostgreSQL adapter under test, and tests of it alone.

use std::collections::BTreeSet;
use std::time::Duration;

use store::postgres::{PostgresOptions, PostgresStore};
use store::{RecordStore, Store};

use crate::harness::{Backend, P, WAIT, begin, import, with_base};
use testkit::postgres::{TlsCluster, database, psql, url};

pub(crate) struct PostgresBackend(String);

impl PostgresBackend {
    pub(crate) fn url(&self) -> &str {
        &self.0
    }
}

impl Backend for PostgresBackend {
    fn fresh() -> Self {
        Self(database())
    }

    fn open(&self) -> Box<dyn Store> {
        Box::new(PostgresStore::open(&self.0, &small()).unwrap())
    }
}

/// Options with few connections, because many tests share one server.
fn small() -> PostgresOptions {
    PostgresOptions { wait: WAIT, snapshots_max: 4, lookups_max: 3, ..PostgresOptions::default() }
}

fn refusal(url: &str) -> (String, String) {
    let error = PostgresStore::open(url, &small()).unwrap_err();
    (error.code().to_owned(), error.to_string())
}

/// Selects a line for each column, key and index. Columns have no order, because added ones come
/// last.
const SHAPE: &str = "
    SELECT 'column ' || table_name || '.' || column_name || ' ' || data_type || ' nullable='
        || is_nullable || ' default=' || coalesce(column_default, '') || ' identity=' || is_identity
    FROM information_schema.columns WHERE table_schema = current_schema()
        AND table_name <> 'rollbook_schema'
    UNION SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = current_schema()
        AND tablename <> 'rollbook_schema'
    UNION SELECT 'constraint ' || conrelid::regclass || ' ' || pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = current_schema()::regnamespace
        AND conrelid::regclass::text <> 'rollbook_schema'";

#[test]
fn migrations_arrive_at_the_schema_of_the_catalogue() {
    let shape = |backend: &PostgresBackend| -> BTreeSet<String> {
        psql(&backend.0, SHAPE).lines().map(str::to_owned).collect()
    };
    let (migrated, wanted) = (PostgresBackend::fresh(), PostgresBackend::fresh());
    drop(migrated.open());
    psql(&wanted.0, &store::postgres::schema());
    let (migrated, wanted) = (shape(&migrated), shape(&wanted));
    assert!(wanted.len() > 300, "{wanted:?}");
    let missing: Vec<_> = wanted.difference(&migrated).collect();
    let stray: Vec<_> = migrated.difference(&wanted).collect();
    assert!(
        missing.is_empty() && stray.is_empty(),
        "{missing:#?} {stray:#?}\nadd a migration in crates/store/migrations/postgres"
    );
}

#[test]
fn nodes_may_start_at_the_same_time() {
    let backend = PostgresBackend::fresh();
    std::thread::scope(|scope| {
        let open = || backend.open().revision().unwrap();
        let threads: Vec<_> = (0..6).map(|_| scope.spawn(open)).collect();
        for thread in threads {
            assert_eq!(thread.join().unwrap(), model::id::Revision(0));
        }
    });
}

#[test]
fn a_server_that_cannot_be_used_says_why() {
    let backend = PostgresBackend::fresh();
    for (url, expected) in [
        ("nonsense".to_owned(), "URL"),
        ("postgres://rollbook@%2Fno%2Fsuch%2Ffolder/x".to_owned(), "connect"),
        ("postgres://rollbook@127.0.0.1:1/x?sslmode=disable".to_owned(), "connect"),
        (url("rollbook", "no_such_database"), "does not exist"),
        (url("nobody", "postgres"), "role \"nobody\" does not exist"),
    ] {
        let (code, message) = refusal(&url);
        assert_eq!(code, "store_unavailable", "{url}");
        assert!(message.contains(expected), "{url}: {message}");
    }
    drop(backend.open());
    psql(&backend.0, "UPDATE rollbook_schema SET version = version + 1");
    let (code, message) = refusal(&backend.0);
    assert_eq!(code, "store_too_new", "{message}");
}

#[test]
fn a_role_without_privileges_is_told_so() {
    let backend = PostgresBackend::fresh();
    let store = backend.open();
    let name = backend.0.rsplit('/').next().unwrap();
    psql(&backend.0, &format!("CREATE ROLE reader_{name} LOGIN"));
    let theirs = url(&format!("reader_{name}"), name);
    let (code, message) = refusal(&theirs);
    assert_eq!(code, "store_unavailable");
    assert!(message.contains("lacks a privilege"), "{message}");
    drop(store);
}

#[test]
fn a_restarted_connection_is_replaced() {
    let backend = PostgresBackend::fresh();
    let store = with_base(&backend);
    let revision = store.revision().unwrap();
    let snapshot = store.snapshot().unwrap();
    let import = begin(&*store, P, 1, None);
    psql(
        &backend.0,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    let customers = model::catalogue::table("customers").unwrap();
    assert_eq!(snapshot.count(customers).unwrap_err().code(), "store_unavailable");
    assert_eq!(import.commit().map(|_| ()).unwrap_err().code(), "store_unavailable");
    drop(snapshot);
    while store.revision().is_err() || store.snapshot().is_err() {
        std::thread::yield_now();
    }
    assert_eq!(store.revision().unwrap(), revision);
    crate::harness::import(&*store, "+customers 70");
    assert_eq!(store.revision().unwrap(), revision.next());
}

#[test]
fn writers_past_the_bound_are_told_that_the_store_is_busy() {
    let backend = PostgresBackend::fresh();
    let first = with_base(&backend);
    let options = PostgresOptions { wait: Duration::from_millis(50), ..small() };
    let second = PostgresStore::open(&backend.0, &options).unwrap();
    let import = begin(&*first, P, 1, None);
    let busy = second.begin_import(P, crate::harness::at(1), None).map(|_| ());
    assert_eq!(busy.unwrap_err().code(), "store_busy");
    second.mark_token_used(1, model::time::Date::from_days(1)).unwrap();
    drop(import);
    drop(begin(&second, P, 1, None));
}

#[test]
fn snapshots_past_the_bound_are_told_that_the_store_is_busy() {
    let backend = PostgresBackend::fresh();
    let wait = Duration::from_millis(50);
    let options = PostgresOptions { wait, snapshots_max: 2, ..small() };
    let store = PostgresStore::open(&backend.0, &options).unwrap();
    let held = (store.snapshot().unwrap(), store.snapshot().unwrap());
    assert_eq!(store.snapshot().map(|_| ()).unwrap_err().code(), "store_busy");
    assert_eq!(store.revision().unwrap(), held.0.revision(), "short questions do not wait");
    drop(held);
    store.snapshot().unwrap();
}

#[test]
fn a_visitor_may_ask_the_store() {
    let backend = PostgresBackend::fresh();
    let store = with_base(&backend);
    let snapshot = store.snapshot().unwrap();
    let customers = model::catalogue::table("customers").unwrap();
    let mut seen = 0;
    let mut visit = |row: &dyn store::StoredRow| {
        seen += 1;
        store.revision()?;
        assert!(store.snapshot()?.row(customers, row.key())?.is_some());
        Ok(())
    };
    snapshot.rows(customers, store::KeyRange::ALL, &mut visit).unwrap();
    assert_eq!(seen, 2);
}

#[test]
fn a_store_is_used_from_a_thread_of_another_runtime() {
    let backend = PostgresBackend::fresh();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = with_base(&backend);
        import(&*store, "+customers 70");
        drop(store.snapshot().unwrap());
    });
}

#[test]
fn a_server_elsewhere_is_reached_over_tls_and_must_prove_itself() {
    let cluster = TlsCluster::start();
    let url = |host: &str, mode: &str| {
        format!("postgres://rollbook@{host}:{}/postgres?sslmode={mode}", cluster.port)
    };
    let with = |authority: &str| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../testkit/src/tls");
        let root_certificates = Some(std::path::Path::new(folder).join(authority));
        PostgresOptions { root_certificates, ..small() }
    };
    for mode in ["require", "prefer"] {
        let store = PostgresStore::open(&url("localhost", mode), &with("authority.pem")).unwrap();
        assert_eq!(store.revision().unwrap(), model::id::Revision(0));
    }
    for (host, mode, authority, expected) in [
        ("localhost", "require", "stranger.pem", "certificate"),
        ("localhost", "prefer", "stranger.pem", "certificate"),
        ("127.0.0.1", "require", "authority.pem", "certificate"),
        ("localhost", "disable", "authority.pem", "no encryption"),
        ("localhost", "require", "missing.pem", "missing.pem"),
    ] {
        let error = PostgresStore::open(&url(host, mode), &with(authority)).unwrap_err();
        assert_eq!(error.code(), "store_unavailable", "{host} {mode}: {error}");
        assert!(error.to_string().contains(expected), "{host} {mode}: {error}");
    }
}

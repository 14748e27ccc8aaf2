//! Tests of moving a whole store from SQLite into PostgreSQL.

use store::port::books::ClosedMonths;
use store::postgres::{PostgresOptions, PostgresStore};
use store::sqlite::{SqliteOptions, SqliteStore};
use store::store_move::{MoveReport, MovedTable, MovedTableState, move_to_postgres};
use store::{RecordStore, Store};

use crate::harness::{Backend, P, contents, import, with_base};
use crate::job_helpers::{finished, queue, stored};
use crate::postgres_backend::PostgresBackend;

fn source(folder: &std::path::Path) -> SqliteStore {
    SqliteStore::open(&folder.join("store.db"), SqliteOptions::default()).unwrap()
}

fn moved(folder: &std::path::Path, to: &str) -> Result<MoveReport, store::StoreError> {
    move_to_postgres(&folder.join("store.db"), to, &PostgresOptions::default(), &mut |_| ())
}

/// Fills a store with rows in most tables.
fn fill(store: &dyn Store) {
    crate::harness::with_providers(store);
    import(store, crate::harness::BASE);
    import(store, "customers 2 first_name=Zoë metadata={\"a\":\"\\u00e9\"}\n+customers 70");
    import(store, "delete customers 70");
    store.secret().unwrap();
    store.create_token(&[7; 32], "rbk_aaaa", &grant(), crate::harness::at(3)).unwrap();
    store.identity_number("ann").unwrap();
    crate::job_helpers::webhook(store, P, "https://a", &[]);
    finished(store, "a", 0);
    crate::books::close_some(store);
}

fn grant() -> store::token::TokenGrant {
    store::token::TokenGrant {
        name: None,
        email: Some("ann@example.com".to_owned()),
        providers: vec![P],
        permissions: model::permission::Permissions::default_for_new_token(),
        read_only: true,
        customer_id: None,
        expires_at: None,
    }
}

#[test]
fn a_moved_store_is_the_same_store() {
    let folder = tempfile::tempdir().unwrap();
    let from = source(folder.path());
    fill(&from);
    let backend = PostgresBackend::fresh();
    let MoveReport { tables, was_finished } = moved(folder.path(), backend.url()).unwrap();
    assert!(!was_finished && tables.iter().all(|table| table.state == MovedTableState::Copied));
    let rows = |name: &str| tables.iter().find(|table| table.name == name).unwrap().content.rows;
    assert_eq!((rows("customers"), rows("tokens"), rows("deleted_rows")), (2, 1, 1));
    assert!(rows("closed_chunks") > 1);

    let to = backend.open();
    assert_eq!(contents(&*to), contents(&from));
    assert_eq!(to.revision().unwrap(), from.revision().unwrap());
    assert_eq!(to.secret().unwrap(), from.secret().unwrap());
    assert_eq!(to.tokens().unwrap(), from.tokens().unwrap());
    assert_eq!(to.closed_months(P).unwrap(), from.closed_months(P).unwrap());
    assert_eq!(to.check().unwrap(), Vec::<String>::new());
    // Both stores assign the same next numbers.
    let job = &queue(&*to, &[crate::job_helpers::job("b")], 5)[0];
    assert_eq!(job.id, queue(&from, &[crate::job_helpers::job("b")], 5)[0].id);
    assert_eq!(stored(&*to, job), stored(&from, job));
    import(&*to, "+customers 71");
    assert_eq!(to.revision().unwrap(), from.revision().unwrap().next());
}

#[test]
fn an_interrupted_move_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let from = source(folder.path());
    fill(&from);
    let backend = PostgresBackend::fresh();
    moved(folder.path(), backend.url()).unwrap();
    drop(backend.open());
    // Recreates the state after an interruption: some tables are copied, one only in part.
    let state = format!(
        "DROP TABLE rollbook_moved; CREATE TABLE rollbook_move (table_name TEXT NOT NULL PRIMARY KEY, source TEXT NOT NULL); \
         INSERT INTO rollbook_move SELECT name, '{}' FROM unnest('{{\"\",revision,tokens}}'::text[]) \
         name; DELETE FROM customers WHERE id = 1; DELETE FROM jobs",
        source_name(&from)
    );
    testkit::postgres::psql(backend.url(), &state);
    let refused = PostgresStore::open(backend.url(), &PostgresOptions::default());
    assert_eq!(refused.unwrap_err().code(), "store_unavailable");
    let tables = moved(folder.path(), backend.url()).unwrap().tables;
    let there = tables.iter().filter(|table| table.state == MovedTableState::CopiedBefore);
    let there: Vec<_> = there.map(|table| table.name).collect();
    assert_eq!(there, ["revision", "tokens"]);
    assert_eq!(contents(&*backend.open()), contents(&from));
}

/// Returns the name by which the move identifies the source.
fn source_name(store: &SqliteStore) -> String {
    use sha2::{Digest, Sha256};
    let hash = Sha256::digest(store.secret().unwrap());
    let hash: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("{hash}-{}", store.revision().unwrap())
}

#[test]
fn a_store_is_not_moved_over_another() {
    let folder = tempfile::tempdir().unwrap();
    fill(&source(folder.path()));
    let backend = PostgresBackend::fresh();
    drop(with_base(&backend));
    assert_eq!(moved(folder.path(), backend.url()).unwrap_err().code(), "exists");
    // It is not moved over another moved store either.
    let backend = PostgresBackend::fresh();
    moved(folder.path(), backend.url()).unwrap();
    let other = tempfile::tempdir().unwrap();
    fill(&source(other.path()));
    assert_eq!(moved(other.path(), backend.url()).unwrap_err().code(), "exists");
    // An unfinished move of another store is not continued.
    testkit::postgres::psql(
        backend.url(),
        "CREATE TABLE rollbook_move (table_name TEXT NOT NULL PRIMARY KEY, source TEXT NOT NULL); \
         INSERT INTO rollbook_move VALUES ('', 'another')",
    );
    assert_eq!(moved(folder.path(), backend.url()).unwrap_err().code(), "exists");
    let missing = moved(std::path::Path::new("/no/such/folder"), backend.url());
    assert_eq!(missing.unwrap_err().code(), "not_found");
}

fn used(moved: &MoveReport) -> Vec<&'static str> {
    let used = moved.tables.iter().filter(|table| table.state == MovedTableState::ChangedSince);
    used.map(|table| table.name).collect()
}

#[test]
fn a_finished_move_is_known_again_and_compared_again() {
    let folder = tempfile::tempdir().unwrap();
    let from = source(folder.path());
    fill(&from);
    let backend = PostgresBackend::fresh();
    let first = moved(folder.path(), backend.url()).unwrap();
    let again = moved(folder.path(), backend.url()).unwrap();
    assert!(again.was_finished && again.tables.len() == first.tables.len());
    assert!(again.tables.iter().all(|table| table.state == MovedTableState::CopiedBefore));

    // The target is used as a store.
    let to = backend.open();
    queue(&*to, &[crate::job_helpers::job("b")], 5);
    assert_eq!(used(&moved(folder.path(), backend.url()).unwrap()), ["jobs"]);
    import(&*to, "+customers 72");
    let found = moved(folder.path(), backend.url()).unwrap();
    assert_eq!(used(&found), ["revision", "table_revisions", "jobs", "customers"]);

    // The source is written to by mistake.
    import(&from, "+customers 73");
    let refused = moved(folder.path(), backend.url()).unwrap_err();
    assert_eq!(refused.code(), "exists");
    assert!(refused.to_string().contains("its source has changed since"), "{refused}");
}

#[test]
fn rows_that_change_in_a_finished_move_without_a_commit_are_noticed() {
    let folder = tempfile::tempdir().unwrap();
    fill(&source(folder.path()));
    let backend = PostgresBackend::fresh();
    moved(folder.path(), backend.url()).unwrap();
    testkit::postgres::psql(backend.url(), "DELETE FROM customers WHERE id = 2");
    let error = moved(folder.path(), backend.url()).unwrap_err();
    assert_eq!(error.code(), "store_damaged");
    assert!(error.to_string().contains("customers has changed in the target"), "{error}");
}

#[test]
fn a_row_that_is_lost_on_the_way_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    fill(&source(folder.path()));
    let path = folder.path().join("store.db");
    let backend = PostgresBackend::fresh();
    let mut spoil = |table: &MovedTable| {
        if table.name == "revision" {
            testkit::postgres::psql(
                backend.url(),
                "CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS \
                 'BEGIN IF NEW.id = 2 THEN RETURN NULL; END IF; RETURN NEW; END'; \
                 CREATE TRIGGER lose BEFORE INSERT ON customers FOR EACH ROW \
                 EXECUTE FUNCTION lose()",
            );
        }
    };
    let options = PostgresOptions::default();
    let error = move_to_postgres(&path, backend.url(), &options, &mut spoil).unwrap_err();
    assert_eq!(error.code(), "store_damaged");
    assert!(error.to_string().contains("customers has 2 rows"), "{error}");
}

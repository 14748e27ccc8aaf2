//! Tests of whole calls: all or nothing, revisions, snapshots, idempotency, several handles.
//! Rule: spec/data-model.md §1, §3; spec/product.md, "What always holds".

use model::catalogue::{table, tables};
use model::id::{ProviderId, Revision};
use model::import::{Change, ImportCode, ImportError};
use store::ImportStart;
use store::port::{IdempotencyKey, KeyUse};

use crate::harness::*;

pub(crate) fn a_call_with_an_error_leaves_no_trace(backend: &impl Backend) {
    let store = with_base(backend);
    let (before, revision) = (contents(&*store), store.revision().unwrap());
    let script = "+customers 5\ncustomers 1 phone=7\ndelete customers 2";
    // Dropped, as when the client disconnects.
    let mut import = begin(&*store, P, NOW, None);
    apply(&mut *import, script);
    drop(import);
    // Refused for a row that could not be decoded.
    let mut import = begin(&*store, P, NOW, None);
    apply(&mut *import, script);
    import.reject(ImportError {
        table: None,
        line: Some(4),
        id: None,
        column: None,
        code: ImportCode::JsonInvalid,
        message: "no JSON".to_owned(),
    });
    let errors = import.commit().unwrap().into_result().unwrap_err();
    assert!(shown(&errors).contains(&"- 4 - - json_invalid".to_owned()));
    // Refused for a broken rule.
    assert!(try_import(&*store, &format!("{script}\n+payments 5 amount=-1")).is_err());
    let nobody = store.begin_import(ProviderId(9), at(1), None).map(|_| ());
    assert_eq!(nobody.unwrap_err().code(), "not_found");

    assert_eq!(contents(&*store), before);
    assert_eq!(store.revision().unwrap(), revision);
    let customers = table("customers").unwrap();
    let snapshot = store.snapshot().unwrap();
    assert_eq!(snapshot.keys_deleted_since(customers, Revision(0)).unwrap(), []);
    // A refused call leaves nothing behind for the next one.
    import_at(&*store, P, NOW, "+customers 5\n+payments 5").unwrap();
}

pub(crate) fn revisions_count_commits_that_change_something(backend: &impl Backend) {
    let store = with_base(backend);
    let mut revision = store.revision().unwrap();
    for (script, tables_changed) in [
        ("customers 5", vec!["customers"]),
        ("customers 5", vec![]),
        ("", vec![]),
        ("customers 5 phone=1\n+sites 1", vec!["customers", "sites"]),
        ("delete sites 1", vec!["sites"]),
        ("delete sites 1", vec![]),
    ] {
        let outcome = import(&*store, script);
        let expected = if tables_changed.is_empty() { revision } else { revision.next() };
        assert_eq!(outcome.revision, expected, "{script}");
        assert_eq!(store.revision().unwrap(), expected, "{script}");
        let snapshot = store.snapshot().unwrap();
        assert_eq!(snapshot.revision(), expected);
        let revisions = snapshot.table_revisions().unwrap();
        for table in tables() {
            let is_new = revisions[table.position] > revision;
            assert_eq!(is_new, tables_changed.contains(&table.name), "{script} {}", table.name);
        }
        revision = expected;
    }
    let mut import = begin(&*store, P, NOW, None);
    import.include_table(table("orders").unwrap());
    let outcome = import.commit().unwrap().into_result().unwrap();
    assert_eq!(counts(&outcome, "orders"), "0 0 0 0 0");
    assert_eq!(outcome.tables.len(), 1);
}

pub(crate) fn providers_do_not_see_each_other(backend: &impl Backend) {
    let store = with_base(backend);
    let of_p = |store: &dyn store::Store| {
        contents(store).into_iter().filter(|(_, key, _)| key.provider == P).collect::<Vec<_>>()
    };
    let before = of_p(&*store);
    import_at(&*store, Q, 7, BASE).unwrap();
    import_at(&*store, Q, 8, "customers 1 phone=9\ninvoices 1 currency=eur").unwrap();
    import_at(&*store, Q, 9, "+customer_membership_holds 1\n+plans 1 amount=1").unwrap();
    import_at(&*store, Q, 9, "+subscriptions 1\ndelete customer_memberships 2").unwrap();
    assert_eq!(of_p(&*store), before);
    assert_eq!(show(&*store, "customers", 1, "phone"), "null");
    let count = contents(&*store).len() - before.len();
    assert_eq!(count, before.len() - 1 + 2);
    // The same idempotency key of two providers is two keys.
    let key = || Some(IdempotencyKey { key: "k".to_owned(), request_hash: [1; 32] });
    for provider in [P, Q] {
        begin(&*store, provider, NOW, key()).commit().unwrap().into_result().unwrap();
    }
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
}

pub(crate) fn a_snapshot_stands_still(backend: &impl Backend) {
    let store = with_base(backend);
    let customers = table("customers").unwrap();
    let snapshot = store.snapshot().unwrap();
    let revision = snapshot.revision();
    let before = all_rows(&*snapshot, customers);
    let during = begin(&*store, P, NOW, None);
    assert_eq!(store.revision().unwrap(), revision, "an open import is not seen");
    drop(during);
    import(&*store, "customers 1 phone=1\ncustomers 50\ndelete customers 2");
    assert_eq!(snapshot.revision(), revision);
    assert_eq!(all_rows(&*snapshot, customers), before);
    assert_eq!(snapshot.count(customers).unwrap(), 2);
    assert_eq!(snapshot.keys_deleted_since(customers, Revision(0)).unwrap(), []);
    let later = store.snapshot().unwrap();
    assert_eq!(later.revision(), revision.next());
    assert_ne!(all_rows(&*later, customers), before);
}

pub(crate) fn keys_answer_the_same_request_once(backend: &impl Backend) {
    const DAY: i64 = 86_400;
    let store = with_base(backend);
    let key = |hash: u8| Some(IdempotencyKey { key: "k".to_owned(), request_hash: [hash; 32] });
    // A refused call leaves the key unused.
    let mut import = begin(&*store, P, NOW, key(1));
    apply(&mut *import, "products 9");
    assert!(import.commit().unwrap().into_result().is_err());
    drop(begin(&*store, P, NOW, key(1)));

    let mut import = begin(&*store, P, NOW, key(1));
    apply(&mut *import, "customers 5");
    let outcome = import.commit().unwrap().into_result().unwrap();
    import_at(&*store, P, NOW, "customers 6").unwrap();
    let ask = |store: &dyn store::Store, seconds: i64, hash: u8| match store
        .begin_import(P, at(seconds), key(hash))
        .unwrap()
    {
        ImportStart::Started(_) => "started".to_owned(),
        ImportStart::KeyConflict => "conflict".to_owned(),
        ImportStart::Answered(answer) => format!("answered {}", answer == outcome),
    };
    for (seconds, hash, expected) in [
        (NOW, 1, "answered true"),
        (NOW, 2, "conflict"),
        (NOW + 30 * DAY, 1, "answered true"),
        (NOW + 30 * DAY + 1, 1, "started"),
        (NOW + 30 * DAY + 1, 2, "started"),
    ] {
        assert_eq!(ask(&*store, seconds, hash), expected, "{seconds} {hash}");
        // The answer is known while another import runs, too.
        let held = begin(&*store, P, NOW, None);
        let known = store.find_keyed_import(P, &key(hash).unwrap(), at(seconds)).unwrap();
        let known = match known {
            KeyUse::New => "started".to_owned(),
            KeyUse::Conflict => "conflict".to_owned(),
            KeyUse::Answered(answer) => format!("answered {}", answer == outcome),
        };
        assert_eq!(known, expected, "{seconds} {hash}");
        drop(held);
        assert_eq!(ask(&*backend.open(), seconds, hash), expected, "{seconds} {hash}");
    }
    // Also when nothing changed, and when the key has expired.
    let later = NOW + 31 * DAY;
    let mut import = begin(&*store, P, later, key(3));
    apply(&mut *import, "customers 5");
    let unchanged = import.commit().unwrap().into_result().unwrap();
    assert_eq!(counts(&unchanged, "customers"), "1 0 0 1 0");
    assert_eq!(unchanged.revision, store.revision().unwrap());
    assert_eq!(ask(&*store, later, 3), "answered false");
    assert_eq!(ask(&*store, later, 1), "conflict");
}

pub(crate) fn everything_is_there_after_opening_again(backend: &impl Backend) {
    let store = with_base(backend);
    import(&*store, "delete customers 2\n+customer_membership_holds 1");
    let before = (contents(&*store), store.revision().unwrap());
    let revisions = store.snapshot().unwrap().table_revisions().unwrap();
    drop(store);
    let store = backend.open();
    assert_eq!((contents(&*store), store.revision().unwrap()), before);
    let snapshot = store.snapshot().unwrap();
    assert_eq!(snapshot.table_revisions().unwrap(), revisions);
    let customers = table("customers").unwrap();
    assert_eq!(snapshot.keys_deleted_since(customers, Revision(0)).unwrap().len(), 1);
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
}

pub(crate) fn handles_write_in_turn(backend: &impl Backend) {
    const WRITERS: i64 = 4;
    const CALLS: i64 = 12;
    let first = with_base(backend);
    let start = first.revision().unwrap();
    let write = |store: &dyn store::Store, writer: i64| -> Vec<Revision> {
        let calls = 0..CALLS;
        calls
            .map(|call| {
                let id = 100 + call * WRITERS + writer;
                let script = format!("customers {id}\n+attendances {id} customer_id={id}");
                let before = store.snapshot().unwrap().revision();
                let outcome = import(store, &script);
                assert!(outcome.revision > before);
                outcome.revision
            })
            .collect()
    };
    let handles: Vec<_> = (1..WRITERS).map(|_| backend.open()).collect();
    let mut revisions: Vec<_> = std::thread::scope(|scope| {
        let first = &first;
        // Two threads share a handle; the others have their own, as other processes would.
        let mut threads = vec![scope.spawn(move || write(&**first, 0))];
        for (writer, handle) in (1..).zip(&handles) {
            let handle = if writer == 1 { first } else { handle };
            threads.push(scope.spawn(move || write(&**handle, writer)));
        }
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    revisions.sort();
    let expected: Vec<_> = (1..=WRITERS * CALLS).map(|n| Revision(start.0 + n)).collect();
    assert_eq!(revisions, expected);
    for store in handles.iter().chain([&first]) {
        assert_eq!(store.revision().unwrap(), expected[expected.len() - 1]);
    }
    let customers = table("customers").unwrap();
    let count = first.snapshot().unwrap().count(customers).unwrap();
    assert_eq!(count, 2 + (WRITERS * CALLS).unsigned_abs());
    assert_eq!(first.check().unwrap(), Vec::<String>::new());
}

pub(crate) fn order_and_splitting_do_not_matter(backend: &impl Backend) {
    let store = backend.open();
    with_providers(&*store);
    let script = format!(
        "{BASE}
         +subscriptions 1 quantity=2
         +customer_membership_holds 1 updated_at=2000
         +invoice_lines 1
         +attendances 1
         +customers 3 created_at=3"
    );
    import(&*store, &script);
    let expected = contents(&*store);
    let lines: Vec<_> = changes(&script);
    let count = lines.len();
    // Every rotation, forwards and backwards, in batches of one row.
    for turn in 0..count * 2 {
        let backend_rows = {
            let store = &*store;
            clear(store);
            let mut import = begin(store, P, NOW, None);
            for step in 0..count {
                let step = if turn < count { step } else { count - 1 - step };
                let (table, change) = lines[(step + turn) % count].clone();
                import.apply(table, vec![change]).unwrap();
            }
            import.commit().unwrap().into_result().unwrap();
            contents(store)
        };
        assert_eq!(backend_rows, expected, "turn {turn}");
    }
    // One call per row, parents first.
    clear(&*store);
    for (table, change) in lines {
        let mut import = begin(&*store, P, NOW, None);
        import.apply(table, vec![change]).unwrap();
        import.commit().unwrap().into_result().unwrap();
    }
    assert_eq!(contents(&*store), expected);
}

/// Rows whose texts exceed what a batch holds are written in several batches.
pub(crate) fn rows_too_large_for_one_batch_are_written_in_several(backend: &impl Backend) {
    let store = backend.open();
    with_providers(&*store);
    let long = "x".repeat(1 << 20);
    let customers = 1..=40;
    let each = |text: &str| -> String {
        customers.clone().map(|id| format!("customers {id} {text}\n")).collect()
    };
    import(&*store, &each(&format!("name={long}")));
    let updated = import(&*store, &each("phone=1"));
    assert_eq!(counts(&updated, "customers"), "40 0 40 0 0");
    let again = format!("{}customers 40 phone=1\ncustomers 7 phone=1\n", each("phone=1"));
    let unchanged = import(&*store, &again);
    assert_eq!(counts(&unchanged, "customers"), "42 0 0 42 0");
    for id in customers.clone() {
        assert_eq!(show(&*store, "customers", id, "phone name"), format!("1 {long}"), "{id}");
    }
    let twice = format!("{}customers 3 phone=3", each("phone=2"));
    assert_eq!(try_import(&*store, &twice), Err(vec!["customers 41 3 id duplicate_id".to_owned()]));
}

/// Deletes every row in one call.
fn clear(store: &dyn store::Store) {
    let rows = contents(store);
    let mut import = begin(store, P, NOW, None);
    for (line, (name, key, _)) in (1..).zip(rows) {
        let delete = Change::Delete { id: key.id, line };
        import.apply(table(name).unwrap(), vec![delete]).unwrap();
    }
    import.commit().unwrap().into_result().unwrap();
    assert_eq!(contents(store), []);
}

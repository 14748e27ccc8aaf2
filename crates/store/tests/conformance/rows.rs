//! Tests of single rows: inserts, updates, deletions, defaults. Rule: spec/data-model.md §1, §3.

use model::catalogue::table;
use model::id::Revision;
use store::{KeyRange, RowKey};

use crate::harness::*;

pub(crate) fn absent_keeps_null_clears_and_defaults_fill(backend: &impl Backend) {
    let store = with_base(backend);
    // Each step imports one row, and shows columns of the stored row.
    for (row, columns, expected) in [
        ("customers 5 first_name=Ann last_name=Lee", "name is_lead metadata", "Ann Lee 0 {}"),
        ("customers 5 phone=1", "first_name name phone", "Ann Ann Lee 1"),
        ("customers 5 first_name=null", "first_name name", "null Lee"),
        ("customers 5 name=null is_lead=1", "name is_lead", "null 1"),
        ("customers 5 is_lead=null metadata={\"a\":1}", "is_lead metadata", "0 {\"a\":1}"),
        ("customers 5 metadata=null", "metadata", "{}"),
        ("+invoices 5 total=100 amount_paid=30", "amount_remaining discount", "70 0"),
        ("invoices 5 amount_paid=50", "amount_remaining amount_paid", "50 50"),
        ("invoices 5 amount_remaining=60", "amount_remaining", "60"),
        ("invoices 5 amount_paid=70", "amount_remaining amount_paid", "60 70"),
        ("invoices 5 amount_remaining=null", "amount_remaining", "30"),
        ("+invoices 6 total=1 amount_paid=5 created_at=7", "amount_remaining", "0"),
        ("invoices 6 description=x", "date created_at", "7000000 7000000"),
        ("invoices 6 date=9", "date created_at", "9000000 7000000"),
        ("invoices 6 date=null", "date", "7000000"),
        ("+plans 5 shipments_per_interval=4", "recognition interval", "shipments month"),
        ("+plans 6", "recognition interval_count", "time 1"),
        ("+events 5 instructor_ids=1", "instructor_ids", "[1]"),
        ("events 5 instructor_ids=null", "instructor_ids", "[]"),
    ] {
        let words: Vec<_> = row.split_whitespace().collect();
        let outcome = import(&*store, row);
        let name = words[0].trim_start_matches('+');
        let counts = counts(&outcome, name);
        assert!(["1 1 0 0 0", "1 0 1 0 0"].contains(&counts.as_str()), "{row}: {counts}");
        assert_eq!(show(&*store, name, words[1].parse().unwrap(), columns), expected, "{row}");
        let again = import(&*store, row);
        assert_eq!(self::counts(&again, name), "1 0 0 1 0", "{row} again");
        assert_eq!(again.revision, outcome.revision, "{row} again");
    }
}

pub(crate) fn derived_values_follow_their_sources_until_they_are_given(backend: &impl Backend) {
    let store = with_base(backend);
    import(&*store, "plans 1 amount=1000\n+plans 2 amount=300\n+memberships 2 type=prepaid");
    for (row, columns, expected) in [
        ("+invoices 5 total=11000", "amount_remaining", "11000"),
        ("invoices 5 status=open amount_paid=5000", "amount_remaining", "6000"),
        ("invoices 5 status=paid amount_paid=11000", "amount_remaining", "0"),
        ("invoices 5 total=12000 credit_applied=100", "amount_remaining", "900"),
        ("invoices 5 amount_paid=12000 amount_remaining=7", "amount_remaining", "7"),
        ("invoices 5 amount_paid=1", "amount_remaining", "7"),
        ("customers 5 first_name=Eva last_name=Old", "name", "Eva Old"),
        ("customers 5 last_name=New", "name", "Eva New"),
        ("customers 5 name=Dr.New", "name", "Dr.New"),
        ("customers 5 last_name=Newer", "name", "Dr.New"),
        ("customers 5 name=null", "name", "null"),
        ("customers 5 last_name=Newest", "name", "null"),
        ("customers 6 email=a", "name", "null"),
        ("customers 6 first_name=Ann", "name", "Ann"),
        ("+plans 5", "recognition", "time"),
        ("plans 5 shipments_per_interval=4", "recognition", "shipments"),
        ("plans 5 recognition=time", "recognition", "time"),
        ("plans 5 shipments_per_interval=5", "recognition", "time"),
        ("+balance_transactions 5 created_at=7", "date", "7000000"),
        ("balance_transactions 5 created_at=8", "date", "8000000"),
        ("balance_transactions 5 date=9", "date", "9000000"),
        ("balance_transactions 5 created_at=10", "date", "9000000"),
        ("+subscriptions 5 plan_id=1 quantity=1 amount=null", "amount", "1000"),
        ("subscriptions 5 quantity=3", "amount", "3000"),
        ("subscriptions 5 plan_id=2", "amount", "900"),
        ("subscriptions 5 amount=800", "amount", "800"),
        ("subscriptions 5 quantity=1", "amount", "800"),
        ("subscriptions 5 amount=null", "amount", "300"),
        ("subscriptions 5 quantity=2 plan_id=1", "amount", "2000"),
        ("+customer_memberships 5 membership_id=1 type=null", "type", "pack"),
        ("customer_memberships 5 membership_id=2", "type", "prepaid"),
        ("customer_memberships 5 type=recurring", "type", "recurring"),
        ("customer_memberships 5 membership_id=1", "type", "recurring"),
    ] {
        let words: Vec<_> = row.split(' ').collect();
        import(&*store, row);
        let name = words[0].trim_start_matches('+');
        assert_eq!(show(&*store, name, words[1].parse().unwrap(), columns), expected, "{row}");
        let again = import(&*store, row);
        assert_eq!(counts(&again, name), "1 0 0 1 0", "{row} again");
    }
}

pub(crate) fn the_same_rows_again_change_nothing(backend: &impl Backend) {
    let store = with_base(backend);
    let script =
        "+customer_memberships 5 shared_with=null type=null deleted_at=null created_at=null
        +subscriptions 5 quantity=3 amount=null updated_at=null
        +invoices 5 date=null amount_remaining=null metadata=null
        +events 5 instructor_ids=1;1
        +customer_membership_holds 5 end_date=2024-01-01
        +memberships 5 allotment={\"period_limits\":[]}";
    let first = import_at(&*store, P, NOW, script).unwrap();
    let before = contents(&*store);
    for later in [NOW, NOW + 1, NOW + 1000] {
        let again = import_at(&*store, P, later, script).unwrap();
        assert_eq!(again.revision, first.revision);
        for (name, counts) in &again.tables {
            assert_eq!((counts.received, counts.unchanged), (1, 1), "{name}");
        }
        let base = import_at(&*store, P, later, BASE).unwrap();
        assert_eq!(base.revision, first.revision);
    }
    assert_eq!(contents(&*store), before);
}

pub(crate) fn updated_at_follows_changes_and_never_goes_back(backend: &impl Backend) {
    let store = with_base(backend);
    for (seconds, row, counted, expected) in [
        (10, "customers 5 phone=1", "1 1 0 0 0", "1 10 10"),
        (20, "customers 5 phone=1", "1 0 0 1 0", "1 10 10"),
        (20, "customers 5 phone=2", "1 0 1 0 0", "2 10 20"),
        (30, "customers 5 phone=2 updated_at=25", "1 0 1 0 0", "2 10 25"),
        (40, "customers 5 phone=2 updated_at=24", "1 0 0 1 0", "2 10 25"),
        (40, "customers 5 phone=3 updated_at=24", "1 0 1 0 0", "3 10 25"),
        (40, "customers 5 phone=4 updated_at=26", "1 0 1 0 0", "4 10 26"),
        (50, "customers 5 phone=5 updated_at=null", "1 0 1 0 0", "5 10 50"),
        (60, "customers 5 created_at=null", "1 0 0 1 0", "5 10 50"),
        (60, "customers 5 created_at=4", "1 0 1 0 0", "5 4 60"),
        (60, "customers 6 phone=1 created_at=4", "1 1 0 0 0", "1 4 4"),
    ] {
        let outcome = import_at(&*store, P, seconds, row).unwrap();
        assert_eq!(counts(&outcome, "customers"), counted, "{row}");
        let id = if row.starts_with("customers 6") { 6 } else { 5 };
        let shown = show(&*store, "customers", id, "phone created_at updated_at");
        assert_eq!(shown.replace("000000", ""), expected, "{row}");
    }
}

pub(crate) fn partial_rows_need_a_stored_one(backend: &impl Backend) {
    let store = with_base(backend);
    let errors = try_import(&*store, "invoices 9 total=5\nproducts 9").unwrap_err();
    assert_eq!(
        errors,
        [
            "invoices 1 9 customer_id required_missing",
            "invoices 1 9 status required_missing",
            "invoices 1 9 currency required_missing",
            "invoices 1 9 subtotal required_missing",
            "products 2 9 name required_missing",
        ]
    );
    import(&*store, "invoices 1 total=5\nproducts 1 kind=donation");
    assert_eq!(show(&*store, "invoices", 1, "total subtotal"), "5 10");
    // A rule on two columns sees the stored value of the one that is not given.
    let errors = try_import(&*store, "invoices 1 status=void").unwrap_err();
    assert_eq!(errors, ["invoices 1 1 voided_at row_invalid"]);
    import(&*store, "invoices 1 voided_at=5");
    import(&*store, "invoices 1 status=void");
    assert!(try_import(&*store, "invoices 1 voided_at=null").is_err());
}

pub(crate) fn an_id_twice_in_one_call(backend: &impl Backend) {
    let store = with_base(backend);
    let before = contents(&*store);
    // The expected result of the second line: unchanged, or a duplicate.
    for (script, is_refused) in [
        ("customers 5 phone=1\ncustomers 5 phone=1", false),
        ("customers 5 phone=1\ncustomers 5", false),
        ("customers 5 phone=1\ncustomers 5 phone=2", true),
        ("customers 5 phone=1\ncustomers 5 email=x", true),
        ("customers 5 phone=1\ncustomers 5 phone=null", true),
        ("customers 1 phone=1\ncustomers 1 phone=1", false),
        ("customers 1 phone=1\ncustomers 1 phone=2", true),
        ("customers 1\ncustomers 1", false),
        ("customers 1\ncustomers 1 phone=2", true),
        ("customers 1\n+sites 1\ncustomers 1 phone=2", true),
        ("customers 5 phone=1\ndelete customers 5", true),
        ("customers 1\ndelete customers 1", true),
        ("delete customers 2\ncustomers 2", true),
        ("delete customers 99\ncustomers 99", true),
        ("delete customers 99\ndelete customers 99", false),
        ("+customer_memberships 5\n+customer_memberships 5", false),
        (
            "+customer_memberships 5\n+customer_membership_holds 5 customer_membership_id=5\n\
          +customer_memberships 5",
            false,
        ),
    ] {
        let mut import = begin(&*store, P, NOW, None);
        apply(&mut *import, script);
        let answer = import.commit().unwrap().into_result();
        match answer {
            Ok(_) => assert!(!is_refused, "{script}"),
            Err(errors) => {
                assert!(is_refused, "{script}: {errors:?}");
                let errors = shown(&errors);
                let last = script.lines().count();
                assert_eq!(errors.len(), 1, "{script}: {errors:?}");
                assert!(errors[0].ends_with("id duplicate_id"), "{script}: {errors:?}");
                assert!(errors[0].contains(&format!(" {last} ")), "{script}: {errors:?}");
                continue;
            }
        }
        // Restores the first state, as far as the cases need it.
        import_at(&*store, P, NOW, "customers 1 phone=null").unwrap();
        let undo = "delete customer_membership_holds 5\ndelete customer_memberships 5\n\
            delete customers 5";
        import_at(&*store, P, NOW, undo).unwrap();
    }
    assert_eq!(contents(&*store).len(), before.len());
}

pub(crate) fn new_and_stored_rows_may_alternate(backend: &impl Backend) {
    let store = with_base(backend);
    let line = |id: i64, phone: i64| format!("customers {id} phone={phone}\n");
    let batch =
        |ids: &[i64], phone: i64| -> String { ids.iter().map(|id| line(*id, phone)).collect() };
    let ids: Vec<i64> = (100..300).collect();
    let third: Vec<i64> = ids.iter().copied().filter(|id| id % 3 == 0).collect();
    let seventh: Vec<i64> = ids.iter().copied().filter(|id| id % 7 == 0).collect();
    let backwards: Vec<i64> = ids.iter().rev().copied().collect();
    // Forwards, backwards, and with every id twice: in neighbouring and in distant lines.
    let doubled: Vec<i64> = ids.iter().flat_map(|id| [*id, *id]).collect();
    let repeated: Vec<i64> = ids.iter().chain(&backwards).copied().collect();
    for order in [&ids, &backwards, &doubled, &repeated] {
        import(&*store, &batch(&third, 1));
        import(&*store, &batch(&seventh, 1).replace("phone=1", "email=x"));
        let before = store.revision().unwrap();
        let outcome = import(&*store, &batch(order, 1));
        let stored = ids.iter().filter(|id| *id % 3 == 0 || *id % 7 == 0).count();
        let updated = ids.iter().filter(|id| *id % 3 != 0 && *id % 7 == 0).count();
        let (received, inserted) = (order.len(), ids.len() - stored);
        let unchanged = received - inserted - updated;
        let expected = format!("{received} {inserted} {updated} {unchanged} 0");
        assert_eq!(counts(&outcome, "customers"), expected);
        let snapshot = store.snapshot().unwrap();
        let customers = table("customers").unwrap();
        let changed = collect(customers, |v| snapshot.rows_changed_since(customers, before, v));
        assert_eq!(changed.len(), inserted + updated);
        for id in &ids {
            assert_eq!(show(&*store, "customers", *id, "phone"), "1");
        }
        let deletions: String = ids.iter().map(|id| format!("delete customers {id}\n")).collect();
        import(&*store, &deletions);
    }
    let errors = try_import(&*store, &(batch(&ids, 1) + &batch(&[150, 299], 2))).unwrap_err();
    assert_eq!(errors, ["customers 201 150 id duplicate_id", "customers 202 299 id duplicate_id"]);
}

pub(crate) fn deletions_are_counted_and_leave_keys(backend: &impl Backend) {
    let store = with_base(backend);
    import(&*store, "customers 5\ncustomers 6\ncustomers 7");
    let start = store.revision().unwrap();
    let outcome = import(&*store, "delete customers 7\ndelete customers 5\ndelete customers 99");
    assert_eq!(counts(&outcome, "customers"), "3 0 0 1 2");
    assert_eq!(outcome.revision, start.next());
    let nothing = import(&*store, "delete customers 5");
    assert_eq!(counts(&nothing, "customers"), "1 0 0 1 0");
    assert_eq!(nothing.revision, outcome.revision);

    let customers = table("customers").unwrap();
    let deleted = |after: Revision| -> Vec<i64> {
        let snapshot = store.snapshot().unwrap();
        let keys = snapshot.keys_deleted_since(customers, after).unwrap();
        keys.iter().map(|key| key.id).collect()
    };
    assert_eq!(deleted(start), [5, 7]);
    assert_eq!(deleted(Revision(0)), [5, 7]);
    assert!(deleted(outcome.revision).is_empty());
    let back = import(&*store, "customers 5 phone=1");
    assert_eq!(deleted(start), [7]);
    import(&*store, "delete customers 5");
    assert_eq!(deleted(back.revision), [5]);
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
}

pub(crate) fn values_come_from_parents_wherever_they_stand(backend: &impl Backend) {
    let store = with_base(backend);
    for (script, table, id, columns, expected) in [
        ("+subscriptions 5", "subscriptions", 5, "amount", "500"),
        ("+subscriptions 6 quantity=3", "subscriptions", 6, "amount", "1500"),
        ("+subscriptions 7 quantity=3 amount=4", "subscriptions", 7, "amount", "4"),
        ("subscriptions 7 quantity=4", "subscriptions", 7, "amount quantity", "4 4"),
        ("subscriptions 7 amount=null", "subscriptions", 7, "amount", "2000"),
        ("subscriptions 6 quantity=0 amount=null", "subscriptions", 6, "amount", "0"),
        ("+subscriptions 8 plan_id=8\n+plans 8 amount=7", "subscriptions", 8, "amount", "7"),
        ("+plans 8 amount=9\n+subscriptions 9 plan_id=8", "subscriptions", 9, "amount", "9"),
        ("subscriptions 8 auto_renew=0", "subscriptions", 8, "amount", "7"),
        ("+customer_memberships 5", "customer_memberships", 5, "type", "pack"),
        ("+customer_memberships 6 type=prepaid", "customer_memberships", 6, "type", "prepaid"),
        (
            "+customer_memberships 7 membership_id=7\n+memberships 7 type=recurring",
            "customer_memberships",
            7,
            "type",
            "recurring",
        ),
    ] {
        let outcome = import(&*store, script);
        assert_eq!(show(&*store, table, id, columns), expected, "{script}");
        assert_eq!(import(&*store, script).revision, outcome.revision, "{script} again");
    }
    let max = i64::MAX;
    let script = format!("+plans 9 amount={max}\n+subscriptions 10 plan_id=9 quantity=2");
    let errors = try_import(&*store, &script).unwrap_err();
    assert_eq!(errors, ["subscriptions 2 10 amount row_invalid"]);
    let script = format!("+plans 9 amount={max}\n+subscriptions 10 plan_id=9");
    import(&*store, &script);
    assert_eq!(show(&*store, "subscriptions", 10, "amount"), max.to_string());
    let errors = try_import(&*store, "+subscriptions 11 plan_id=77").unwrap_err();
    assert_eq!(errors, ["subscriptions 1 11 plan_id reference_missing"]);
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
}

pub(crate) fn holds_bump_their_memberships(backend: &impl Backend) {
    let store = with_base(backend);
    let table = table("customer_memberships").unwrap();
    // The memberships that have the new revision after each step, and `updated_at` of the first
    // one.
    for (seconds, script, bumped, updated_at) in [
        (2000, "+customer_membership_holds 1", vec![1], 2000),
        (2001, "+customer_membership_holds 1", vec![], 2000),
        (2002, "customer_membership_holds 1 days_to_add=1", vec![1], 2002),
        (2003, "customer_membership_holds 1 days_to_add=2 updated_at=1500", vec![1], 2002),
        (2004, "customer_membership_holds 1 customer_membership_id=2", vec![1, 2], 2004),
        (2005, "customer_membership_holds 1 customer_membership_id=1", vec![1, 2], 2005),
        (2006, "delete customer_membership_holds 1", vec![1], 2006),
        (2007, "delete customer_membership_holds 1", vec![], 2006),
        (2008, "+customer_memberships 1 updated_at=2000", vec![], 2006),
    ] {
        let before = store.revision().unwrap();
        let outcome = import_at(&*store, P, seconds, script).unwrap();
        let snapshot = store.snapshot().unwrap();
        let rows = collect(table, |visit| snapshot.rows_changed_since(table, before, visit));
        let ids: Vec<_> = rows.keys().map(|key| key.id).collect();
        assert_eq!(ids, bumped, "{script}");
        assert!(rows.values().all(|(revision, _)| *revision == outcome.revision));
        let shown = show(&*store, "customer_memberships", 1, "updated_at");
        assert_eq!(shown, format!("{updated_at}000000"), "{script}");
        let noted = snapshot.table_revisions().unwrap()[table.position];
        assert_eq!(noted == outcome.revision && noted > before, !bumped.is_empty(), "{script}");
        let is_counted = outcome.tables.contains_key("customer_memberships");
        assert_eq!(is_counted, script.starts_with("+customer_memberships"), "{script}");
    }
}

pub(crate) fn rows_are_read_by_range_and_by_index(backend: &impl Backend) {
    let store = with_base(backend);
    import_at(&*store, Q, NOW, "customers 1\ncustomers 3").unwrap();
    import(
        &*store,
        "+customer_membership_holds 3 customer_membership_id=2
         +customer_membership_holds 1 customer_membership_id=2
         +customer_membership_holds 2",
    );
    let snapshot = store.snapshot().unwrap();
    let customers = table("customers").unwrap();
    let key = |provider, id| RowKey { provider, id };
    let range = |first, last| KeyRange { first, last };
    for (range, expected) in [
        (KeyRange::ALL, vec![key(P, 1), key(P, 2), key(Q, 1), key(Q, 3)]),
        (KeyRange::for_provider(P), vec![key(P, 1), key(P, 2)]),
        (KeyRange::for_provider(Q), vec![key(Q, 1), key(Q, 3)]),
        (range(key(P, 2), key(Q, 1)), vec![key(P, 2), key(Q, 1)]),
        (range(key(P, 2), key(Q, 2)), vec![key(P, 2), key(Q, 1)]),
        (range(key(Q, 2), key(Q, 2)), vec![]),
        (range(key(Q, 3), key(P, 1)), vec![]),
    ] {
        let rows = collect(customers, |visit| snapshot.rows(customers, range, visit));
        assert_eq!(rows.into_keys().collect::<Vec<_>>(), expected, "{range:?}");
    }
    assert_eq!(snapshot.count(customers).unwrap(), 4);
    assert_eq!(snapshot.row(customers, key(P, 3)).unwrap(), None);

    let holds = table("customer_membership_holds").unwrap();
    let by = |provider, value| {
        let column = "customer_membership_id";
        let rows = collect(holds, |visit| snapshot.rows_by(holds, provider, column, value, visit));
        rows.into_keys().map(|key| key.id).collect::<Vec<_>>()
    };
    assert_eq!((by(P, 2), by(P, 1), by(P, 9), by(Q, 2)), (vec![1, 3], vec![2], vec![], vec![]));
    let refused = snapshot.rows_by(holds, P, "start_date", 1, &mut |_| Ok(()));
    assert_eq!(refused.unwrap_err().code(), "not_found");

    let stop = snapshot
        .rows(customers, KeyRange::ALL, &mut |_| Err(store::StoreError::Visitor("enough".into())));
    assert_eq!(stop.unwrap_err().code(), "visitor_failed");
}

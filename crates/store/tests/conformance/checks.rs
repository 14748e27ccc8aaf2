//! Tests of the rules between columns and between rows. Rule: spec/data-model.md §2 (end), §3.

use crate::harness::*;

/// Imports each script into a database with [`BASE`]; nothing is expected to be stored when
/// something is wrong.
#[track_caller]
fn check(store: &dyn store::Store, cases: &[(&str, &[&str])]) {
    for (script, expected) in cases {
        let before = contents(store);
        let errors = try_import(store, script).err().unwrap_or_default();
        assert_eq!(errors, *expected, "{script}");
        if !expected.is_empty() {
            assert_eq!(contents(store), before, "{script}");
        }
    }
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
}

pub(crate) fn each_rule_between_columns_is_checked(backend: &impl Backend) {
    let store = with_base(backend);
    check(
        &*store,
        &[
            ("+invoices 5 status=void", &["invoices 1 5 voided_at row_invalid"]),
            ("+invoices 5 status=uncollectible", &["invoices 1 5 uncollectible_at row_invalid"]),
            ("+payments 5 amount=-1", &["payments 1 5 amount row_invalid"]),
            ("+refunds 5 amount=-1", &["refunds 1 5 amount row_invalid"]),
            ("+credit_notes 5 total=11", &["credit_notes 1 5 total row_invalid"]),
            ("+balance_transactions 5 amount=5", &["balance_transactions 1 5 amount row_invalid"]),
            (
                "+balance_transactions 5 type=debit amount=-5",
                &["balance_transactions 1 5 amount row_invalid"],
            ),
            (
                "+customer_membership_holds 5 end_date=2023-12-31",
                &["customer_membership_holds 1 5 end_date row_invalid"],
            ),
            ("+events 5 ends_at=4", &["events 1 5 ends_at row_invalid"]),
            ("+coupons 5", &["coupons 1 5 percent_off row_invalid"]),
            ("+coupons 5 amount_off=5", &["coupons 1 5 percent_off row_invalid"]),
            ("+coupons 5 amount_off=5 currency=usd", &[]),
            ("+invoices 5 status=void voided_at=5\n+refunds 5 amount=0", &[]),
            ("events 1 starts_at=7", &["events 1 1 ends_at row_invalid"]),
            ("events 1 starts_at=7 ends_at=7", &[]),
        ],
    );
}

pub(crate) fn references_are_checked_after_the_whole_call(backend: &impl Backend) {
    let store = with_base(backend);
    check(
        &*store,
        &[
            ("+attendances 5", &[]),
            (
                "+attendances 6 customer_id=8 event_id=9",
                &[
                    "attendances 1 6 customer_id reference_missing",
                    "attendances 1 6 event_id reference_missing",
                ],
            ),
            // Children first.
            ("+attendances 6 customer_id=8 event_id=9\n+events 9\n+customers 8", &[]),
            // A row may name itself, or one before or after it.
            (
                "+invoices 7 refunded_invoice_id=7\n+invoices 8 refunded_invoice_id=9\n+invoices 9",
                &[],
            ),
            (
                "+customer_memberships 5 shared_with=1;2;77;78",
                &[
                    "customer_memberships 1 5 shared_with reference_missing",
                    "customer_memberships 1 5 shared_with reference_missing",
                ],
            ),
            ("+events 5 instructor_ids=1;2", &["events 1 5 instructor_ids reference_missing"]),
            ("+events 5 instructor_ids=1;2\n+instructors 2", &[]),
            // Updates are checked as well.
            ("attendances 5 event_id=77", &["attendances 1 5 event_id reference_missing"]),
            ("attendances 5 customer_id=77\n+customers 77", &[]),
            // A reference to a refused row is not reported.
            ("products 88\n+plans 88 product_id=88", &["products 1 88 name required_missing"]),
        ],
    );
    // Rows of another provider do not count.
    let errors = import_at(&*store, Q, NOW, "+attendances 5").unwrap_err();
    assert_eq!(
        shown(&errors),
        [
            "attendances 1 5 customer_id reference_missing",
            "attendances 1 5 event_id reference_missing"
        ]
    );
}

pub(crate) fn referenced_rows_stay(backend: &impl Backend) {
    let store = with_base(backend);
    let allotment = "allotment={\"period_limits\":[{\"period\":\"week\",\"max_uses\":1,\
        \"offering_type_limits\":[{\"offering_type\":3,\"max_uses\":1}]}]}";
    import(&*store, &format!("+offering_types 3\n+memberships 3 {allotment}"));
    import(&*store, "+events 2 instructor_ids=1\n+customers 3\n+customers 4\n+attendances 1");
    import(&*store, "customer_memberships 2 shared_with=3");
    check(
        &*store,
        &[
            ("delete customers 1", &["customers 1 1 - row_referenced"]),
            ("delete customers 3", &["customers 1 3 - row_referenced"]),
            ("delete instructors 1", &["instructors 1 1 - row_referenced"]),
            ("delete offering_types 3", &["offering_types 1 3 - row_referenced"]),
            ("delete events 1", &["events 1 1 - row_referenced"]),
            ("delete customers 4", &[]),
            // In one call, in any order: the referencing row is deleted, or references another row.
            ("delete events 1\ndelete attendances 1", &[]),
            ("delete customers 3\ncustomer_memberships 2 shared_with=null", &[]),
            ("memberships 3 allotment=null\ndelete offering_types 3", &[]),
            // A row written in the same call references too, before or after the deletion.
            ("+customers 9\n+attendances 9 event_id=2 customer_id=9", &[]),
            (
                "+attendances 8 event_id=2 customer_id=9\ndelete customers 9",
                &["customers 2 9 - row_referenced"],
            ),
        ],
    );
    let errors = try_import(&*store, "delete events 2\n+attendances 7 event_id=2").unwrap_err();
    assert!(errors.contains(&"attendances 2 7 event_id reference_missing".to_owned()));
    // The same id of another provider is a different row.
    import_at(&*store, Q, NOW, "+customers 1").unwrap();
    import_at(&*store, Q, NOW, "delete customers 1").unwrap();
}

pub(crate) fn allotments_name_offering_types_of_the_right_kind(backend: &impl Backend) {
    let store = with_base(backend);
    let limit = |kind: &str, id: i64| {
        format!(
            "{{\"period_limits\":[{{\"period\":\"week\",\"type\":\"{kind}\",\"max_uses\":1,\
             \"offering_type_limits\":[{{\"offering_type\":{id},\"max_uses\":1}}]}}]}}"
        )
    };
    let unknown = "memberships 1 5 allotment allotment_unknown_offering_type";
    let wrong = "memberships 1 5 allotment allotment_bad_value";
    let (event_1, event_2, event_7) = (limit("event", 1), limit("event", 2), limit("event", 7));
    let course_2 = limit("course", 2);
    check(
        &*store,
        &[
            (&format!("+memberships 5 allotment={event_7}"), &[unknown]),
            (&format!("+memberships 5 allotment={event_2}"), &[wrong]),
            (&format!("+memberships 5 allotment={}", limit("course", 1)), &[wrong]),
            (
                &format!("+customer_memberships 5 custom_allotment={event_2}"),
                &["customer_memberships 1 5 custom_allotment allotment_bad_value"],
            ),
            (&format!("+memberships 5 allotment={event_1}"), &[]),
            (&format!("+memberships 6 allotment={course_2}"), &[]),
            // The offering type is added, or changed, later in the call.
            (&format!("+memberships 7 allotment={event_7}\n+offering_types 7"), &[]),
            (
                &format!(
                    "+memberships 8 allotment={}\n+offering_types 8 kind=course",
                    limit("event", 8)
                ),
                &["memberships 1 8 allotment allotment_bad_value"],
            ),
            ("offering_types 1 kind=appointment", &[]),
            ("offering_types 1 kind=course", &["offering_types 1 1 kind row_invalid"]),
            (&format!("offering_types 1 kind=course\nmemberships 5 allotment={course_2}"), &[]),
        ],
    );
}

pub(crate) fn rows_have_the_currency_of_their_invoice(backend: &impl Backend) {
    let store = with_base(backend);
    check(
        &*store,
        &[
            ("+invoice_lines 5 currency=eur", &["invoice_lines 1 5 currency row_invalid"]),
            ("+payments 5 currency=eur invoice_id=1", &["payments 1 5 currency row_invalid"]),
            ("+payments 5 currency=eur", &[]),
            ("payments 5 invoice_id=1", &["payments 1 5 currency row_invalid"]),
            ("+credit_notes 5 currency=eur", &["credit_notes 1 5 currency row_invalid"]),
            (
                "+balance_transactions 5 currency=eur invoice_id=1",
                &["balance_transactions 1 5 currency row_invalid"],
            ),
            ("+invoice_lines 5", &[]),
            // The invoice comes later in the call.
            ("+invoice_lines 6 currency=eur invoice_id=6\n+invoices 6 currency=eur", &[]),
            (
                "+invoice_lines 7 currency=eur invoice_id=7\n+invoices 7",
                &["invoice_lines 1 7 currency row_invalid"],
            ),
            ("+invoice_lines 7 invoice_id=77", &["invoice_lines 1 7 invoice_id reference_missing"]),
            // The invoice changes while its lines stay.
            ("invoices 1 currency=eur", &["invoices 1 1 currency row_invalid"]),
            ("invoices 1 currency=eur\ninvoice_lines 5 currency=eur", &[]),
            ("invoice_lines 5 currency=usd\ninvoices 1 currency=usd", &[]),
            (
                "+invoice_lines 8\ninvoices 1 currency=eur\ninvoice_lines 5 currency=eur",
                &["invoices 2 1 currency row_invalid"],
            ),
        ],
    );
}

pub(crate) fn errors_are_counted_past_the_list(backend: &impl Backend) {
    let store = with_base(backend);
    let mut import = begin(&*store, P, NOW, None);
    let rows: String = (1..=250).map(|id| format!("products {}\n", 1000 + id)).collect();
    apply(&mut *import, &rows);
    let errors = import.commit().unwrap().into_result().unwrap_err();
    assert_eq!((errors.errors.len(), errors.error_count), (100, 250));
    assert_eq!(shown(&errors)[99], "products 100 1100 name required_missing");
}

pub(crate) fn rows_after_very_many_errors_are_not_looked_at(backend: &impl Backend) {
    let store = with_base(backend);
    let mut import = begin(&*store, P, NOW, None);
    for batch in 1..=4 {
        assert_eq!(import.has_too_many_errors(), batch == 4);
        let ids = batch * 4000..(batch + 1) * 4000;
        apply(&mut *import, &ids.map(|id| format!("products {id}\n")).collect::<String>());
    }
    let errors = import.commit().unwrap().into_result().unwrap_err();
    assert_eq!((errors.errors.len(), errors.error_count), (100, 12_000));
    assert!(errors.is_full());
}

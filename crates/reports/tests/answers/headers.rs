//! The entries of `column_headers`. Rule: spec/reports.md §3.

use reports::SortPosition;

use crate::answers::{parse, query, request_page};
use testkit::literal_tables::session;

#[test]
fn sorted_columns_say_their_place_in_the_whole_sort() {
    let session = session("");
    let sorted = |text: &str| {
        let page = request_page(&session, "customer_credits", text);
        let shown = page.headers.iter().filter_map(|header| {
            let SortPosition { descending, priority } = header.sorted?;
            Some(format!("{}{} {priority}", if descending { "-" } else { "" }, header.key))
        });
        shown.collect::<Vec<_>>().join(", ")
    };
    for (text, expected) in [
        ("", "-created_at 0"),
        ("columns=id,created_at", "-id 1, -created_at 0"),
        ("id_gt=5&columns=id,created_at", "id 0"),
        ("sort=memo,-amount&columns=amount", "-amount 1"),
        ("sort=memo,-memo,amount&columns=amount,memo", "amount 1, memo 0"),
        ("sort=customer&columns=customer", "customer.name 0"),
    ] {
        assert_eq!(sorted(text), expected, "{text}");
    }
}

#[test]
fn customer_ids_are_marked_where_they_are() {
    let session = session("");
    for (report, columns, expected) in [
        ("customers", "id,email", "id"),
        ("invoices", "id,customer,refunded_invoice", "customer.id"),
        ("customer_memberships", "id,customer_id,membership_id", "customer.id"),
    ] {
        let page = request_page(&session, report, &format!("columns={columns}"));
        let marked = page.headers.iter().filter(|header| header.holds_customer_id);
        let marked = marked.map(|header| header.key.as_str()).collect::<Vec<_>>();
        assert_eq!(marked, [expected], "{report}");
    }
}

#[test]
fn pages_are_computed_on_any_thread() {
    fn is_send<T: Send>(_: &T) {}
    let session = session("");
    let request = parse(&session, "customers", &query("")).unwrap();
    is_send(&reports::run_page(&session, &request));
}

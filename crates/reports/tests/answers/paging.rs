//! The rows and totals of pages. Rule: spec/reports.md §6, vectors V3, V5, V6.

use crate::answers::{parse, query, request_page};
use testkit::literal_tables::session;

fn numbers(text: &str) -> (u64, String) {
    let mut tables = "balance_transactions\n id | customer_id\n".to_owned();
    for id in 1..=120 {
        tables.push_str(&format!(" {id} | 1\n"));
    }
    let page =
        request_page(&session(&tables), "customer_credits", &format!("columns=id&sort=id&{text}"));
    let shown = crate::answers::lines(&page);
    let id = |line: &String| line.split(" | ").last().unwrap_or_default().to_owned();
    let ends = shown.first().map(id).zip(shown.last().map(id));
    assert!(page.headers.len() == 2, "headers are there whatever the size");
    let shown = ends.map_or("none".to_owned(), |(first, last)| format!("{first}..{last}"));
    (page.total, shown)
}

#[test]
fn pages_are_cut_by_limit_and_offset_or_page_and_size() {
    for (text, expected) in [
        ("", "1..50"),
        ("limit=10", "1..10"),
        ("offset=100", "101..120"),
        ("limit=3&offset=3", "4..6"),
        ("limit=100", "1..100"),
        ("page=2", "51..100"),
        ("page_size=25", "1..25"),
        ("page=2&page_size=25&offset=3", "26..50"),
        ("page=2&limit=10", "11..20"),
        ("page=2&limit=10&page_size=20", "21..40"),
        ("page=3", "101..120"),
        ("page=4", "none"),
        ("offset=120", "none"),
        ("offset=30000", "none"),
        ("offset=9007199254740991", "none"),
        ("page=9007199254740991&page_size=100", "none"),
        ("page_size=0", "none"),
        ("limit=0", "none"),
        ("id_gt=100&limit=2", "101..102"),
    ] {
        let (total, shown) = numbers(text);
        assert_eq!(shown, expected, "{text}");
        assert_eq!(total, if text.starts_with("id_gt") { 20 } else { 120 }, "{text}");
    }
}

#[test]
fn sizes_outside_their_bounds_are_refused_by_name() {
    let session = session("");
    for (text, field) in [
        ("page_size=101", "page_size"),
        ("limit=101", "limit"),
        ("limit=-1", "limit"),
        ("page=0", "page"),
        ("offset=-1", "offset"),
        ("offset=9007199254740992", "offset"),
        ("page=x", "page"),
        ("page_size=1.5", "page_size"),
        ("id_gt=-1", "id_gt"),
    ] {
        let errors = parse(&session, "customer_credits", &query(text)).unwrap_err();
        assert_eq!(errors.0.keys().collect::<Vec<_>>(), [field], "{text}");
    }
}

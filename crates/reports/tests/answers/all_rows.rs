//! All rows of a report are the rows of all its pages. Rule: spec/reports.md §6, §11.1.

use futures::TryStreamExt;
use futures::executor::block_on;
use mirror::MirrorSession;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use reports::{FieldErrors, FileRequest, ReportPage, RequestContext};

use crate::answers::{NOW, ids, lines, query, request_page};
use crate::random;
use testkit::literal_tables::{instant, session};

fn parse(session: &MirrorSession, report: &str, text: &str) -> Result<FileRequest, FieldErrors> {
    let context = RequestContext { now: instant(NOW), page_size_max: 100, caller_name: None };
    let report = reports::find_report(report).unwrap();
    reports::parse_file(report, &query(text), session.provider(), &context)
}

/// Returns all rows of a report in the form of one page.
fn read_all_rows(session: &MirrorSession, report: &str, text: &str) -> ReportPage {
    let request = parse(session, report, text).unwrap();
    block_on(async {
        let rows = reports::open_rows(session, &request).await.unwrap();
        let batches = rows.batches.try_collect().await.unwrap();
        let (headers, columns) = (rows.headers, rows.columns);
        let (total, revision, pivot_truncated) = (rows.total, rows.revision, rows.pivot_truncated);
        ReportPage { total, headers, columns, batches, pivot_truncated, revision }
    })
}

/// Returns the rows of all pages. `name` makes the parameters of a page; the walk stops at a page
/// that is not full.
fn read_page_by_page(
    session: &MirrorSession,
    report: &str,
    text: &str,
    size: usize,
    page: impl Fn(usize) -> String,
) -> Vec<String> {
    let mut rows = Vec::new();
    for number in 0.. {
        let found = lines(&request_page(session, report, &format!("{text}&{}", page(number))));
        rows.extend(found.iter().cloned());
        if found.len() < size {
            break;
        }
    }
    rows
}

#[test]
fn the_whole_is_all_pages_in_order() {
    let mut rng = ChaCha8Rng::seed_from_u64(21);
    let session = session(&random::tables(&mut rng, 80));
    for report in reports::report_catalogue() {
        let (name, description) = (report.name(), reports::describe::describe_report(report, ""));
        let mut filled = 0;
        for _ in 0..4 {
            let text = random::request(&mut rng, &description);
            let whole = read_all_rows(&session, name, &text);
            let rows = lines(&whole);
            let size = rng.random_range(25..60);
            let pages = if rng.random_bool(0.5) {
                read_page_by_page(&session, name, &text, size, |number| {
                    format!("limit={size}&offset={}", number * size)
                })
            } else {
                read_page_by_page(&session, name, &text, size, |number| {
                    format!("page={}&page_size={size}", number + 1)
                })
            };
            assert_eq!(rows, pages, "{name} {text}");
            assert_eq!(whole.total, rows.len() as u64, "{name} {text}");
            assert_eq!(whole.headers, request_page(&session, name, &text).headers, "{name} {text}");
            filled += usize::from(!rows.is_empty());
        }
        assert!(filled > 1, "{name}");
    }
}

#[test]
fn the_whole_after_an_id_is_what_a_cursor_walks_over() {
    let session = session(&random::tables(&mut ChaCha8Rng::seed_from_u64(22), 60));
    for report in ["customer_credits", "customer_memberships", "customers", "invoices"] {
        let mut found: Vec<String> = Vec::new();
        loop {
            let last = found.last().map_or("0", String::as_str);
            let page = request_page(&session, report, &format!("columns=id&limit=17&id_gt={last}"));
            let position = page.columns.iter().position(|column| column.key == "id").unwrap();
            let id = |line: &String| line.split(" | ").nth(position).unwrap().to_owned();
            let more: Vec<_> = lines(&page).iter().map(id).collect();
            if more.is_empty() {
                break;
            }
            found.extend(more);
        }
        let page = read_all_rows(&session, report, "columns=id&id_gt=0");
        assert_eq!(found.len(), lines(&page).len(), "{report}");
        assert_eq!(found.join(" "), ids_of(&page), "{report}");
    }
    assert_eq!(ids(&session, "customers", "id_gt=9007199254740991"), "");
}

fn ids_of(page: &ReportPage) -> String {
    let position = page.columns.iter().position(|column| column.key == "id").unwrap();
    let id = |line: &String| line.split(" | ").nth(position).unwrap().to_owned();
    lines(page).iter().map(id).collect::<Vec<_>>().join(" ")
}

#[test]
fn names_about_pages_are_ignored_and_unknown_ones_refused() {
    let session = session("");
    for text in ["", "limit=x&offset=-1&page=0&page_size=1000000", "_session=1&expand=a&fields=b"] {
        assert!(parse(&session, "invoices", text).is_ok(), "{text}");
    }
    for (text, field) in [("limt=5", "limt"), ("sort=nothing", "sort"), ("id_gt=-1", "id_gt")] {
        let errors = parse(&session, "invoices", text).unwrap_err();
        assert_eq!(errors.0.keys().collect::<Vec<_>>(), [field], "{text}");
    }
}

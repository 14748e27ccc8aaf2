//! The records of the books, read in parts of any size. Rule: spec/accounting.md §1, §14.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use accounting::{
    CategoryAmounts, Horizon, Issue, LedgerRules, LedgerSettings, LedgerSpan, Month, Posting,
    ProviderCalendar,
};
use books::parts::{
    BookParts, BooksError, first_invoice_month, has_payment, process_parts_in_parallel,
};
use model::time::Zone;

use testkit::literal_tables::{instant, session};

/// Records that link invoices in every way, and records of every kind without an invoice.
const RECORDS: &str = "
customers
id | name | email
1 | Ada | ada@example.org
2 | Bob | -

products
id | name
1 | Daily

plans
id | product_id | name | recognition | shipments_per_interval
1 | 1 | Monthly | time | 0
2 | 1 | Issues | shipments | 2

skus
id | product_id | name | unit_amount
1 | 1 | Mug | 500

subscriptions
id | customer_id | plan_id
1 | 1 | 1
2 | 2 | 2
3 | 2 | 2

orders
id | customer_id | status | amount | date
1 | 1 | paid | 500 | 2024-01-03T00:00:00Z
2 | 1 | paid | 700 | 2024-01-04T00:00:00Z
3 | 1 | created | 700 | 2024-01-04T00:00:00Z
4 | 1 | paid | 900 | 2024-01-05T00:00:00Z

order_items
id | order_id | sku_id | quantity | unit_amount | fulfilled_at
1 | 1 | 1 | 1 | 500 | 2024-01-09T00:00:00Z
4 | 4 | 1 | 1 | 900 | 2024-01-09T00:00:00Z

invoices
id | customer_id | subscription_id | order_id | status | total | tax | date | is_credit_note | refunded_invoice_id | is_advance
1 | 1 | 1 | - | paid | 3100 | 0 | 2024-01-01T00:00:00Z | false | - | false
2 | 2 | 2 | - | paid | 1000 | 0 | 2024-01-02T00:00:00Z | false | - | false
3 | 1 | - | 1 | paid | 500 | 0 | 2024-01-03T00:00:00Z | false | - | false
4 | 1 | - | 3 | paid | 700 | 0 | 2024-01-01T00:00:00Z | false | - | false
5 | 1 | - | 4 | draft | 900 | 0 | 2023-01-01T00:00:00Z | false | - | false
6 | 1 | - | 4 | paid | 900 | 0 | 2024-01-05T00:00:00Z | false | - | false
7 | 2 | 2 | - | paid | 1000 | 0 | 2024-02-02T00:00:00Z | false | - | false
8 | 1 | 1 | - | paid | 600 | 0 | 2024-02-03T00:00:00Z | true | 1 | false
9 | 1 | 1 | - | paid | 2000 | 100 | 2024-02-05T00:00:00Z | false | - | false
10 | 1 | 1 | - | paid | 2000 | 0 | 2024-02-06T00:00:00Z | false | - | false

invoice_lines
id | invoice_id | plan_id | amount | period_start | period_end
10 | 1 | 1 | 3100 | 2024-01-01T00:00:00Z | 2024-02-01T00:00:00Z
20 | 2 | 2 | 1000 | - | -
70 | 7 | 2 | 1000 | - | -
90 | 9 | 1 | 1800 | 2024-02-05T00:00:00Z | 2024-03-05T00:00:00Z
100 | 10 | 1 | 2000 | 2024-02-06T00:00:00Z | 2024-03-06T00:00:00Z

payments
id | customer_id | invoice_id | amount | status | type | date
1 | 1 | 1 | 3100 | succeeded | online | 2024-01-01T00:00:00Z
2 | 2 | - | 4000 | succeeded | offline | 2024-01-02T00:00:00Z
3 | 1 | 9 | 2000 | succeeded | online | 2024-02-05T00:00:00Z
4 | 1 | 5 | 900 | succeeded | online | 2024-02-05T00:00:00Z
5 | 1 | 8 | 50 | succeeded | online | 2024-02-05T00:00:00Z

credit_notes
id | invoice_id | customer_id | type | status | amount | tax | total | date | refund_id
1 | 10 | 1 | post_payment | issued | 300 | 0 | 300 | 2024-02-08T00:00:00Z | 2

refunds
id | payment_id | customer_id | invoice_id | credit_note_id | amount | status | type | destination | succeeded_at
1 | 2 | - | - | - | 100 | succeeded | offline | offline | 2024-02-10T00:00:00Z
2 | 3 | - | - | - | 300 | succeeded | online | card | 2024-02-10T00:00:00Z
3 | 2 | - | 9 | - | 200 | succeeded | online | card | 2024-02-11T00:00:00Z
4 | 3 | - | 5 | - | 70 | succeeded | online | card | 2024-02-12T00:00:00Z
5 | - | 1 | 8 | - | 60 | succeeded | online | card | 2024-02-12T00:00:00Z

balance_transactions
id | customer_id | type | kind | amount | invoice_id | date
1 | 1 | debit | applied_to_invoice | 100 | 9 | 2024-02-06T00:00:00Z
2 | 1 | credit | gift | -70 | - | 2024-02-06T00:00:00Z
3 | 1 | debit | applied_to_invoice | 100 | 5 | 2024-02-06T00:00:00Z

shipments
id | subscription_id | invoice_id | status | approved_at
1 | 2 | - | approved | 2024-01-05T00:00:00Z
2 | 2 | - | approved | 2024-01-06T00:00:00Z
3 | 2 | - | approved | 2024-01-07T00:00:00Z
4 | 2 | - | pending | -
5 | 3 | - | approved | 2024-01-07T00:00:00Z
";

fn books() -> LedgerRules {
    let calendar = ProviderCalendar::new(Zone::parse("Europe/London").unwrap());
    LedgerRules { calendar, settings: LedgerSettings::default() }
}

/// Returns all postings and issues in order, read in parts of `size` invoices by `workers` threads.
fn ledger(size: usize, workers: usize) -> (Vec<Posting>, Vec<Issue>) {
    let books = books();
    let parts =
        BookParts::split_into_parts(&session(RECORDS), books.calendar.clone(), size).unwrap();
    let until = Horizon::AsOf(instant("2024-03-31T00:00:00Z"));
    let span = LedgerSpan::until(until).explained();
    let begin = || (Vec::new(), Vec::new());
    let found = process_parts_in_parallel::<(Vec<Posting>, Vec<Issue>), BooksError>(
        &parts,
        workers,
        &|| false,
        &begin,
        &|(postings, issues), part| {
            issues.extend(part.grouped.issues);
            for records in &part.grouped.invoices {
                let ledger = books.invoice_ledger(records, &part.grouped.directory, &span);
                postings.extend(ledger.postings);
                issues.extend(ledger.issues);
            }
            let untied =
                books.unlinked_ledger(&part.grouped.untied, &part.grouped.directory, &span);
            postings.extend(untied.postings);
            issues.extend(untied.issues);
            Ok(())
        },
    );
    let (mut postings, mut issues) = (Vec::new(), Vec::new());
    for (some, wrong) in found.unwrap() {
        postings.extend(some);
        issues.extend(wrong);
    }
    postings.sort_by_key(Posting::package_order);
    issues.sort_unstable();
    (postings, issues)
}

#[test]
fn parts_of_any_size_give_the_same_books() {
    let (postings, issues) = ledger(1000, 1);
    let shown = postings.iter().map(|posting| {
        let customer = posting.links.customer_id.unwrap_or_default();
        format!("{} customer {customer} {:?}", posting.entry_id(), posting.amounts)
    });
    let wrong =
        issues.iter().map(|issue| format!("{} {} {}", issue.code.as_str(), issue.table, issue.id));
    insta::assert_snapshot!(shown.chain(wrong).collect::<Vec<_>>().join("\n"));
    let sum = postings.iter().fold(CategoryAmounts::ZERO, |sum, posting| sum + posting.amounts);
    assert_eq!(sum.sum(), 0);
    for (size, workers) in [(1, 2), (2, 1), (3, 3), (7, 2)] {
        assert_eq!(ledger(size, workers), (postings.clone(), issues.clone()), "{size}");
    }
}

#[test]
fn work_stops_when_it_is_canceled_or_fails() {
    let parts = BookParts::split_into_parts(&session(RECORDS), books().calendar, 2).unwrap();
    assert!(parts.len() > 3, "{}", parts.len());
    let canceled =
        process_parts_in_parallel::<(), BooksError>(&parts, 2, &|| true, &|| (), &|(), _| Ok(()));
    assert!(matches!(canceled, Err(BooksError::Canceled)));
    let failed =
        process_parts_in_parallel::<(), BooksError>(&parts, 2, &|| false, &|| (), &|(), _| {
            Err(BooksError::Panicked { message: "no".to_owned() })
        });
    assert!(matches!(failed, Err(BooksError::Panicked { .. })));
}

#[test]
fn the_books_begin_with_the_first_booked_invoice() {
    // Neither the draft of 2023 nor the cart of the first of January counts.
    assert_eq!(first_invoice_month(&session(RECORDS)).unwrap(), Month::parse("2024-01"));
    let drafts = "
invoices
id | status | date
1 | draft | 2024-01-01T00:00:00Z";
    assert_eq!(first_invoice_month(&session(drafts)).unwrap(), None);
    let advance = "
invoices
id | status | date | created_at | is_advance
1 | open | 2024-05-01T00:00:00Z | 2024-04-30T23:30:00Z | true";
    assert_eq!(first_invoice_month(&session(advance)).unwrap(), Month::parse("2024-05"));
    let mistyped = "
invoices
id | status | date
1 | open | 0026-01-05T00:00:00Z
2 | open | 1970-01-01T00:00:00Z
3 | open | 2026-02-05T00:00:00Z";
    assert_eq!(first_invoice_month(&session(mistyped)).unwrap(), Month::parse("2026-02"));
    let mistyped_alone = "
invoices
id | status | date
1 | open | 0026-01-05T00:00:00Z";
    assert_eq!(first_invoice_month(&session(mistyped_alone)).unwrap(), Month::parse("1990-01"));
}

#[test]
fn a_succeeded_payment_up_to_an_instant_is_found() {
    let session = session(RECORDS);
    let until = |until: &str, currency: &str| {
        let currency = model::money::Currency::parse(currency).unwrap();
        has_payment(&session, currency, instant(until)).unwrap()
    };
    assert!(until("2024-01-01T00:00:00Z", "gbp"));
    assert!(until("2024-03-31T00:00:00Z", "gbp"));
    assert!(!until("2023-12-31T23:59:59Z", "gbp"));
    assert!(!until("2024-01-31T00:00:00Z", "usd"));
}

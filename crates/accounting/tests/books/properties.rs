//! Properties that hold for any records. Rule: spec/accounting.md §8. `ACCOUNTING_CASES` sets the
//! number of cases per property.

use accounting::package::{invoice_row, unlinked_row};
use accounting::records::RefundDestination;
use accounting::settings::CustomerBalanceView;
use accounting::{
    CategoryAmounts, GroupedRecords, Horizon, LedgerCategory, LedgerFile, LedgerRules, LedgerSpan,
    Month, Posting, PostingTotals, RecordTables, TrialBalance, group_records,
};
use model::money::Currency;
use proptest::test_runner::{Config, TestRunner};

use crate::random_invoices::{RandomChoices, dice};
use crate::scenario::{month, run};

fn for_all(property: impl Fn(RandomChoices)) {
    let cases = std::env::var("ACCOUNTING_CASES").ok().and_then(|text| text.parse().ok());
    let config =
        Config { failure_persistence: None, ..Config::with_cases(cases.unwrap_or(25_000)) };
    let result = TestRunner::new(config).run(&dice(), |choices| {
        property(RandomChoices::new(choices));
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

fn grouped(tables: &RecordTables, books: &LedgerRules) -> GroupedRecords {
    group_records(tables.clone(), &books.calendar)
}

fn end_of(month: Month, books: &LedgerRules) -> Horizon {
    Horizon::end_of_month(month, &books.calendar)
}

fn sorted(mut postings: Vec<Posting>) -> Vec<Posting> {
    postings.sort_by_key(Posting::package_order);
    postings
}

fn sum(postings: &[Posting], is_in: impl Fn(&Posting) -> bool) -> CategoryAmounts {
    let inside = postings.iter().filter(|posting| is_in(posting));
    inside.fold(CategoryAmounts::ZERO, |sum, posting| sum + posting.amounts)
}

#[test]
fn every_posting_balances_and_every_piece_stays_within_its_net() {
    // `run` checks every posting and the state of every invoice.
    for_all(|mut dice| {
        let (books, tables) = (dice.books(), dice.tables());
        let grouped = grouped(&tables, &books);
        for month in dice.months() {
            run(&books, &grouped, &LedgerSpan::until(end_of(month, &books)));
        }
        run(&books, &grouped, &LedgerSpan::until(Horizon::AsOf(dice.as_of())).explained());
    });
}

#[test]
fn at_the_end_of_life_net_is_recognized_or_taken_back() {
    for_all(|mut dice| {
        let (books, tables) = (dice.books(), dice.tables());
        let grouped = grouped(&tables, &books);
        let span = LedgerSpan::until(end_of(month("2030-01"), &books));
        for records in &grouped.invoices {
            let ledger = books.invoice_ledger(records, &grouped.directory, &span);
            let by_calendar = ledger.pieces.iter().filter(|piece| piece.schedule.is_calendar());
            for piece in by_calendar {
                assert_eq!(piece.deferred, 0, "{piece:?}");
            }
            let net = i128::from(records.invoice.total) - i128::from(records.invoice.tax);
            let recognized: i128 = ledger
                .postings
                .iter()
                .filter(|posting| posting.file.is_recognition())
                .map(|posting| posting.amounts[LedgerCategory::DeferredRevenue])
                .sum();
            let waiting: i128 = ledger.pieces.iter().map(|piece| piece.deferred).sum();
            assert_eq!(recognized + ledger.taken_from_deferred + waiting, net);
        }
    });
}

#[test]
fn rows_in_any_order_give_the_same_postings() {
    for_all(|mut dice| {
        let (books, tables) = (dice.books(), dice.tables());
        let mut shuffled = tables.clone();
        dice.shuffle(&mut shuffled);
        let span = LedgerSpan::until(Horizon::AsOf(dice.as_of()));
        let first = run(&books, &grouped(&tables, &books), &span);
        let second = run(&books, &grouped(&shuffled, &books), &span);
        assert_eq!(sorted(first.0), sorted(second.0));
        assert_eq!(first.1, second.1);
    });
}

#[test]
fn a_later_look_leaves_earlier_months_as_they_were() {
    for_all(|mut dice| {
        let (books, tables) = (dice.books(), dice.tables());
        let grouped = grouped(&tables, &books);
        let [early, _, late] = dice.months();
        let (short, _) = run(&books, &grouped, &LedgerSpan::until(end_of(early, &books)));
        let (long, _) = run(&books, &grouped, &LedgerSpan::until(end_of(late, &books)));
        let long = long.into_iter().filter(|posting| posting.month <= early).collect();
        assert_eq!(sorted(short), sorted(long));
    });
}

#[test]
fn folding_earlier_months_changes_no_balance_and_no_row_of_the_month() {
    for_all(|mut dice| {
        let (books, tables) = (dice.books(), dice.tables());
        let grouped = grouped(&tables, &books);
        let [from, _, to] = dice.months();
        let until = end_of(to, &books);
        let (whole, _) = run(&books, &grouped, &LedgerSpan::until(until));
        let (folded, _) = run(&books, &grouped, &LedgerSpan::month(from, until));
        assert_eq!(sum(&whole, |p| p.month < from), sum(&folded, |p| p.month < from));
        let inside = |postings: Vec<Posting>| {
            sorted(postings.into_iter().filter(|p| p.month >= from).collect())
        };
        assert_eq!(inside(whole), inside(folded));
    });
}

#[test]
fn the_files_add_up_to_the_trial_balance_and_months_chain() {
    for_all(|mut dice| {
        let (books, tables) = (dice.books(), dice.tables());
        let grouped = grouped(&tables, &books);
        let [first, _, last] = dice.months();
        let span = LedgerSpan::until(end_of(last, &books));
        let mut totals = PostingTotals::default();
        let mut rows: Vec<(LedgerFile, Month, CategoryAmounts)> = Vec::new();
        let view = CustomerBalanceView::Stored;
        for records in &grouped.invoices {
            let ledger = books.invoice_ledger(records, &grouped.directory, &span);
            let mut part = PostingTotals::default();
            for posting in ledger.postings.iter().filter(|p| p.currency == Currency::USD) {
                part.add(posting);
                let row = invoice_row(posting, records, &grouped.directory, view).unwrap();
                let columns = accounting::package::package_columns(posting.file);
                assert_eq!(row.fields().len(), columns.len());
                rows.push((posting.file, posting.month, row.head.amounts));
            }
            totals.merge(&part);
        }
        let untied = books.unlinked_ledger(&grouped.untied, &grouped.directory, &span);
        for posting in untied.postings.iter().filter(|p| p.currency == Currency::USD) {
            totals.add(posting);
            let row = unlinked_row(posting, &grouped.untied, &grouped.directory, view).unwrap();
            rows.push((posting.file, posting.month, row.head.amounts));
        }
        let mut opening = totals.opening_balance(Currency::USD, first);
        for month in first.through(last) {
            let balance = TrialBalance::from_totals(&totals, Currency::USD, month);
            balance.check().unwrap();
            assert_eq!(balance.opening, opening);
            opening = balance.closing;
            for file in LedgerFile::ALL {
                let of_file = rows.iter().filter(|row| (row.0, row.1) == (file, month));
                let sum = of_file.fold(CategoryAmounts::ZERO, |sum, row| sum + row.2);
                assert_eq!(sum, balance.file_movement(file), "{file:?} {month}");
            }
        }
        let all = rows.iter().fold(CategoryAmounts::ZERO, |sum, row| sum + row.2);
        assert_eq!(all, opening);
    });
}

#[test]
fn cash_is_what_was_paid_less_what_was_refunded() {
    for_all(|mut dice| {
        let (books, tables) = (dice.books(), dice.tables());
        let grouped = grouped(&tables, &books);
        let until = Horizon::AsOf(dice.as_of());
        let (postings, _) = run(&books, &grouped, &LedgerSpan::until(until));
        let total = sum(&postings, |_| true);
        let paid = tables.payments.iter().filter(|p| p.is_posted() && until.includes(p.date));
        let refunded = tables.refunds.iter().filter(|r| {
            let leaves = r.destination != RefundDestination::CustomerBalance;
            r.is_posted() && leaves && until.includes(r.date())
        });
        let cash = paid.map(|p| i128::from(p.amount)).sum::<i128>()
            - refunded.map(|r| i128::from(r.amount)).sum::<i128>();
        assert_eq!(total[LedgerCategory::CashOnline] + total[LedgerCategory::CashOffline], cash);
    });
}

/// Returns the recognized amount of one piece without reversals, calculated directly: at a month's
/// end, net x days / total days, with halves rounded away from zero.
fn recognized_by_days(net: i64, start: i64, end: i64, first_day_after: i64) -> i64 {
    let whole = end - start;
    let days = (first_day_after - start).clamp(0, whole);
    let (days, whole) =
        if whole == 0 { (i64::from(first_day_after > start), 1) } else { (days, whole) };
    let doubled = i128::from(net) * i128::from(days) * 2;
    let rounded = (doubled.abs() + i128::from(whole)) / (2 * i128::from(whole));
    i64::try_from(rounded * doubled.signum()).unwrap()
}

#[test]
fn every_small_period_is_recognized_as_the_rule_says_directly() {
    let books = LedgerRules {
        calendar: accounting::ProviderCalendar::new(model::time::Zone::utc()),
        settings: Default::default(),
    };
    let ground = crate::scenario::tables("");
    let first = month("2024-01").first_day().days();
    for net in [1, 2, -3, 10, 31, 365, 9999, -10_000] {
        for start in (0..40).step_by(3) {
            for length in [0, 1, 2, 28, 29, 30, 31, 60, 91, 365] {
                let rows = format!(
                    "invoice 1 subscription_id=1 total={net} date={}
                     line 10 invoice_id=1 plan_id=1 amount={net} period={}..{}",
                    model::time::Date::from_days(first),
                    model::time::Date::from_days(first + start),
                    model::time::Date::from_days(first + start + length),
                );
                let mut tables = crate::scenario::tables(&rows);
                tables.directory = ground.directory.clone();
                let grouped = grouped(&tables, &books);
                let until = end_of(month("2025-03"), &books);
                let (postings, _) = run(&books, &grouped, &LedgerSpan::until(until));
                for at in month("2024-01").through(month("2025-03")) {
                    let posted = sum(&postings, |p| p.file.is_recognition() && p.month <= at);
                    let after = i64::from(at.next().first_day().days());
                    let (start, length) = (i64::from(first + start), i64::from(length));
                    let expected = recognized_by_days(net, start, start + length, after);
                    let found = -posted[LedgerCategory::RecognizedRevenue];
                    assert_eq!(found, i128::from(expected), "{rows} {at}");
                }
            }
        }
    }
}

#[test]
fn postings_come_back_from_bytes_and_their_keys_sort_as_rows_do() {
    use accounting::posting::codec::{decode_posting, encode_posting, key_bytes, order_key};
    for_all(|mut dice| {
        let (books, tables) = (dice.books(), dice.tables());
        let span = LedgerSpan::until(end_of(month("2025-06"), &books));
        let (mut postings, _) = run(&books, &grouped(&tables, &books), &span);
        let mut bytes = Vec::new();
        postings.iter().for_each(|posting| encode_posting(posting, &mut bytes));
        let mut rest = bytes.as_slice();
        for posting in &postings {
            assert_eq!(decode_posting(&mut rest).as_ref(), Ok(posting));
        }
        assert!(rest.is_empty());
        assert!(decode_posting(&mut &bytes[..bytes.len().min(9)]).is_err());
        postings.sort_by_key(Posting::row_order);
        assert!(postings.is_sorted_by_key(order_key));
        postings.sort_by_key(Posting::key);
        assert!(postings.is_sorted_by_key(|posting| key_bytes(&posting.key())));
    });
}

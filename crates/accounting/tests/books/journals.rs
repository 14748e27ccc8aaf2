//! Tests of the journals. Rule: spec/accounting.md §10.2, §10.3.

use accounting::journal::{beancount, hledger, journal_lines};
use accounting::{LedgerCategory, Posting, PostingTotals, TrialBalance};
use model::money::Currency;

use crate::scenario::{LedgerScenario, month};

const ROWS: &str = "
    invoice 1 subscription_id=1 tax=1000 total=11000 date=2024-10-15
    line 10 invoice_id=1 plan_id=1 amount=6000 period=2024-10-15..2024-11-15
    line 11 invoice_id=1 amount=4000
    payment 1 invoice_id=1 amount=11000 date=2024-10-15T10:00:00Z
    note 1 invoice_id=1 type=post_payment amount=5000 date=2024-11-05
    invoice 2 subscription_id=1 total=0 date=2024-11-01
";

fn november() -> (TrialBalance, Vec<Posting>) {
    let (postings, _) = LedgerScenario::from_rows(ROWS).run(month("2024-11"));
    let mut totals = PostingTotals::default();
    for posting in &postings {
        totals.add(posting);
    }
    let balance = TrialBalance::from_totals(&totals, Currency::USD, month("2024-11"));
    let inside = postings.into_iter().filter(|posting| posting.month == balance.month);
    let mut inside: Vec<_> = inside.collect();
    inside.sort_by_key(|posting| (posting.date, posting.package_order()));
    (balance, inside)
}

/// Returns the transactions of all postings.
fn transactions(postings: &[Posting], one: impl Fn(&Posting) -> String) -> String {
    postings.iter().map(one).collect()
}

#[test]
fn hledger_opens_against_equity_on_the_day_before_and_has_one_transaction_per_posting() {
    let (balance, postings) = november();
    let accounts = Default::default();
    let opening = "\
commodity 1000.00 USD
account Assets:Cash:Offline
account Assets:Cash:Online
account Liabilities:CustomerBalance
account Assets:AccountsReceivable
account Liabilities:DeferredRevenue
account Liabilities:Taxes
account Income:RecognizedRevenue
account Equity:OpeningBalances

2024-10-31 * opening balances  ; entry:opening
    Assets:Cash:Online  110.00 USD
    Liabilities:DeferredRevenue  -27.10 USD
    Liabilities:Taxes  -10.00 USD
    Equity:OpeningBalances  -72.90 USD

";
    assert_eq!(hledger::opening_file(&balance, &accounts), opening);
    let expected = "\
2024-11-05 * credit note 1  ; entry:credit_notes:1, customer:1, invoice:1
    Liabilities:CustomerBalance  -50.00 USD
    Liabilities:DeferredRevenue  19.35 USD
    Income:RecognizedRevenue  30.65 USD

2024-11-30 * recognized revenue of line 10  ; entry:recognized_revenue:10#2024-11, customer:1, invoice:1
    Liabilities:DeferredRevenue  7.75 USD
    Income:RecognizedRevenue  -7.75 USD

";
    let found = transactions(&postings, |posting| hledger::transaction(posting, &accounts));
    assert_eq!(found, expected);
    let journal = hledger::main_file();
    assert_eq!(journal, "include opening.hledger\ninclude transactions.hledger\n");
}

#[test]
fn beancount_opens_accounts_and_asserts_closing_balances() {
    let (balance, postings) = november();
    let accounts = Default::default();
    let opening = beancount::opening_file(&balance, &accounts);
    assert!(opening.starts_with("2024-10-31 open Assets:Cash:Offline USD\n"));
    assert!(opening.ends_with("  Equity:OpeningBalances  -72.90 USD\n\n"));
    let found = transactions(&postings, |posting| beancount::transaction(posting, &accounts));
    assert!(found.contains(
        "2024-11-05 * \"credit note 1\"\n  entry: \"credit_notes:1\"\n  customer: \"1\"\n  \
         invoice: \"1\"\n  Liabilities:CustomerBalance  -50.00 USD\n"
    ));
    let asserted = beancount::balance_assertions(&balance, &accounts);
    let expected = "2024-12-01 balance Assets:Cash:Offline  0.00 USD\n\
         2024-12-01 balance Assets:Cash:Online  110.00 USD\n\
         2024-12-01 balance Liabilities:CustomerBalance  -50.00 USD\n\
         2024-12-01 balance Assets:AccountsReceivable  0.00 USD\n\
         2024-12-01 balance Liabilities:DeferredRevenue  0.00 USD\n\
         2024-12-01 balance Liabilities:Taxes  -10.00 USD\n";
    assert_eq!(asserted, expected);
    assert_eq!(
        beancount::main_file(&balance),
        "option \"title\" \"2024-11 USD\"\noption \"operating_currency\" \"USD\"\n\n\
         include \"opening.beancount\"\ninclude \"transactions.beancount\"\n"
    );
}

#[test]
fn lines_of_an_entry_are_by_piece_and_sum_to_zero() {
    let (balance, postings) = november();
    let accounts = Default::default();
    let mut by_category = balance.opening;
    for posting in &postings {
        let lines = journal_lines(posting, &accounts);
        assert_eq!(lines.iter().map(|line| line.debit - line.credit).sum::<i128>(), 0);
        for (number, line) in (1..).zip(&lines) {
            assert_eq!(line.line_no, number);
            by_category[line.category] += line.debit - line.credit;
        }
    }
    assert_eq!(by_category, balance.closing);
    let note = postings.iter().find(|posting| posting.entry_id() == "credit_notes:1").unwrap();
    let shown: Vec<_> = journal_lines(note, &accounts)
        .iter()
        .map(|l| {
            let piece = l.piece_id.map(|piece| piece.to_string()).unwrap_or_default();
            (l.category, piece, l.debit, l.credit)
        })
        .collect();
    let expected = [
        (LedgerCategory::CustomerBalance, String::new(), 0, 5000),
        (LedgerCategory::DeferredRevenue, "10".to_owned(), 1935, 0),
        (LedgerCategory::RecognizedRevenue, "10".to_owned(), 1545, 0),
        (LedgerCategory::RecognizedRevenue, "11".to_owned(), 1520, 0),
    ];
    let sum: i128 = shown.iter().map(|line| line.2 - line.3).sum();
    assert_eq!(sum, 0);
    assert_eq!(shown, expected);
}

#[test]
fn a_currency_without_decimals_keeps_a_decimal_mark_in_its_declaration() {
    let yen = Currency::parse("jpy").unwrap();
    let balance = TrialBalance::from_totals(&PostingTotals::default(), yen, month("2024-11"));
    let text = hledger::opening_file(&balance, &Default::default());
    assert!(text.starts_with("commodity 1000. JPY\n"));
}

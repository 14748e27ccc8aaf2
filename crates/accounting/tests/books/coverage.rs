//! Checks that the random invoices reach every file and every issue. Otherwise the properties could
//! hold for nothing.

use std::collections::{BTreeMap, BTreeSet};

use accounting::{Horizon, LedgerFile, LedgerSpan, group_records};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::random_invoices::{RandomChoices, dice};
use crate::scenario::{month, run};

#[test]
fn random_lives_reach_every_file_and_issue() {
    let mut runner = TestRunner::deterministic();
    let mut files: BTreeMap<LedgerFile, u32> = BTreeMap::new();
    let mut codes = BTreeSet::new();
    for _ in 0..4_000 {
        let mut dice = RandomChoices::new(dice().new_tree(&mut runner).unwrap().current());
        let (books, tables) = (dice.books(), dice.tables());
        let grouped = group_records(tables, &books.calendar);
        let until = Horizon::end_of_month(month("2025-06"), &books.calendar);
        let (postings, issues) = run(&books, &grouped, &LedgerSpan::until(until));
        for posting in postings.iter().filter(|posting| !posting.amounts.is_zero()) {
            *files.entry(posting.file).or_default() += 1;
        }
        codes.extend(issues.iter().map(|issue| issue.code.as_str()));
    }
    for file in LedgerFile::ALL {
        let count = files.get(&file).copied().unwrap_or_default();
        assert!(count >= 50, "{file:?}: {count}");
    }
    // All codes except the two that compare whole ledgers with recorded balances, implausible
    // dates, and withdrawn currencies.
    assert_eq!(codes.len(), 20, "{codes:?}");
}

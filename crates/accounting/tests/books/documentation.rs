//! Checks that the examples in docs/accounting.md match the calculated ledger.

use crate::scenario::LedgerScenario;

const GUIDE: &str = include_str!("../../../../docs/accounting.md");

/// Returns the blocks of a kind, in order.
fn blocks(kind: &str) -> Vec<&'static str> {
    let fence = format!("```{kind}\n");
    let begun = GUIDE.split(fence.as_str()).skip(1);
    begun.map(|rest| rest.split("```").next().unwrap_or_default()).collect()
}

#[test]
fn every_example_of_the_guide_comes_out() {
    let (records, books) = (blocks("records"), blocks("books"));
    assert_eq!(records.len(), books.len());
    assert!(records.len() >= 7);
    for (rows, expected) in records.into_iter().zip(books) {
        LedgerScenario::from_rows(rows).expect(expected);
    }
}

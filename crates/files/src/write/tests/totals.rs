use arrow::array::{Int64Array, StringArray};

use super::{ResultRows, minor, money};
use crate::write::{ControlTotals, WriteError};

fn totals(answer: &ResultRows) -> ControlTotals {
    let mut totals = ControlTotals::new(&answer.columns);
    totals.add_batch(&answer.batch()).unwrap();
    totals
}

fn two_amounts() -> ResultRows {
    ResultRows::default()
        .column("amount", "", money(2), Int64Array::from(vec![Some(1), None, Some(-5), Some(7)]))
        .column("plan_amount", "", money(3), minor(vec![Some(10), Some(20), None, None]))
        .texts("currency", "", ["usd", "usd", "eur", "usd"].map(Some).to_vec())
        .hidden(StringArray::from(vec!["gbp"; 4]))
}

#[test]
fn every_amount_counts_under_its_own_currency() {
    assert_eq!(
        totals(&two_amounts()).to_json().to_string(),
        concat!(
            r#"{"eur":{"amount":{"sum":"-5","count":1},"plan_amount":{"sum":"0","count":0}},"#,
            r#""gbp":{"amount":{"sum":"0","count":0},"plan_amount":{"sum":"30","count":2}},"#,
            r#""usd":{"amount":{"sum":"8","count":2},"plan_amount":{"sum":"0","count":0}}}"#
        )
    );
    assert_eq!(totals(&two_amounts()).rows(), 4);
}

#[test]
fn sums_do_not_stop_at_64_bits_and_never_wrap() {
    let answer = |amounts: Vec<i128>| {
        let codes = vec![Some("usd"); amounts.len()];
        let amounts = minor(amounts.into_iter().map(Some).collect());
        ResultRows::default().column("a", "", money(1), amounts).texts("c", "", codes)
    };
    let most = i128::from(i64::MAX);
    let sum = totals(&answer(vec![most, most])).to_json()["usd"]["a"]["sum"].clone();
    assert_eq!(sum, "18446744073709551614");
    let huge = answer(vec![i128::MAX, 1]);
    let error = ControlTotals::new(&huge.columns).add_batch(&huge.batch()).unwrap_err();
    assert_eq!(error.code(), "amount_too_large");
}

#[test]
fn totals_of_parts_merge_to_those_of_the_whole() {
    let (answer, mut merged) = (two_amounts(), ControlTotals::new(&two_amounts().columns));
    for row in 0..4 {
        let mut part = ControlTotals::new(&answer.columns);
        part.add_batch(&answer.batch().slice(row, 1)).unwrap();
        merged.merge(&part).unwrap();
    }
    assert_eq!(merged, totals(&answer));
}

#[test]
fn an_amount_without_currency_is_an_error_and_no_amounts_are_no_totals() {
    let answer = ResultRows::default().column("a", "", money(1), Int64Array::from(vec![1])).texts(
        "c",
        "",
        vec![None],
    );
    let error = ControlTotals::new(&answer.columns).add_batch(&answer.batch()).unwrap_err();
    assert!(matches!(error, WriteError::CurrencyUnknown { .. }));
    let none = ResultRows::default().ints("id", "", vec![Some(1)]);
    assert_eq!(totals(&none).to_json().to_string(), "{}");
}

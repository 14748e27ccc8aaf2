//! Tests of the usage of many memberships at once.

use model::time::Date;
use proptest::collection::vec;
use proptest::prelude::*;
use usage::{Booking, Hold, Membership, UsageError, UsagePlan, usage_of_memberships};

use crate::generate::case;
use crate::scenario::{UsageScenario, date};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(50))]

    #[test]
    fn many_at_once_answer_what_each_alone_answers(cases in vec(case(), 1..8), skip in 0..8_usize) {
        let provider = &cases[0].scenario.provider;
        let day = cases[0].date;
        let (mut memberships, mut holds, mut bookings) = (vec![], vec![], vec![]);
        let mut expected = vec![];
        for (at, case) in cases.iter().enumerate() {
            let scenario = &case.scenario;
            let id = 10 * i64::try_from(at).unwrap() + 1;
            holds.extend(scenario.holds.iter().map(|hold| (id, *hold)));
            bookings.extend(scenario.bookings.iter().map(|booking| (id, *booking)));
            if at == skip {
                continue;
            }
            let membership = Membership { id, ..scenario.membership.clone() };
            let facts = usage::UsageFacts { provider, membership: &membership, ..scenario.facts() };
            expected.push((membership.clone(), facts.usage_on(day)));
            memberships.push((membership, &scenario.plan));
        }
        let answers: Result<Vec<_>, _> =
            usage_of_memberships(provider, day, memberships, holds, bookings).collect();
        prop_assert_eq!(answers.unwrap(), expected);
    }
}

type BatchInput = (Vec<(Membership, UsagePlan)>, Vec<(i64, Hold)>, Vec<(i64, Booking)>);

fn rows(memberships: &[i64], holds: &[i64], bookings: &[i64]) -> BatchInput {
    let mut scenario = UsageScenario::new("month 8");
    scenario.hold("2026-03-09..2026-03-22");
    scenario.book("HIIT", "2026-03-01");
    let membership =
        |id: &i64| (Membership { id: *id, ..scenario.membership.clone() }, scenario.plan.clone());
    (
        memberships.iter().map(membership).collect(),
        holds.iter().map(|id| (*id, scenario.holds[0])).collect(),
        bookings.iter().map(|id| (*id, scenario.bookings[0])).collect(),
    )
}

#[test]
fn rows_out_of_order_are_an_error_and_the_end() {
    for (memberships, holds, bookings, answered, wrong) in [
        (&[1, 2, 3][..], &[0, 2, 2][..], &[1, 1, 3, 4][..], 3, None),
        (&[1, 3, 2, 4], &[], &[], 2, Some("memberships")),
        (&[1, 1], &[], &[], 1, Some("memberships")),
        (&[1, 2, 3], &[2, 1], &[], 1, Some("holds")),
        (&[1, 2, 3], &[], &[1, 3, 2], 2, Some("bookings")),
        (&[], &[1], &[1], 0, None),
    ] {
        let (memberships, holds, bookings) = rows(memberships, holds, bookings);
        let provider = UsageScenario::new("").provider;
        let answers = usage_of_memberships(&provider, day(), memberships, holds, bookings);
        let answers: Vec<_> = answers.collect();
        let (good, bad): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.is_ok());
        assert_eq!(good.len(), answered);
        let bad: Vec<_> = bad.into_iter().filter_map(|answer| answer.as_ref().err()).collect();
        match (&bad[..], wrong) {
            ([], None) => {}
            ([error @ UsageError::Unsorted { rows }], Some(wrong)) => {
                assert_eq!(*rows, wrong);
                assert_eq!(error.code(), "usage_rows_unsorted");
            }
            (bad, wrong) => panic!("{bad:?}, not {wrong:?}"),
        }
    }
}

fn day() -> Date {
    date("2026-03-10")
}

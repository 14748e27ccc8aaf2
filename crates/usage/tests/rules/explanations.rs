//! Tests of the bookings listed behind each number.

use proptest::prelude::*;
use usage::{EventKind, NotCountedReason};

use crate::generate::case;
use crate::scenario::{UsageScenario, date};

#[test]
fn each_entry_names_the_attendances_charged_to_it() {
    let mut scenario = UsageScenario::new("month 8 [KB 3 extra, HIIT 2]; month course 2");
    scenario.book("KB", "2026-03-12");
    scenario.book("HIIT", "2026-03-03");
    scenario.book("HIIT", "2026-04-03");
    scenario.book("HIIT", "2026-03-04").is_comped = true;
    for day in ["2026-03-20", "2026-03-06"] {
        let event = &mut scenario.book("Dance", day).event;
        (event.kind, event.course) = (EventKind::CourseSession, Some(5));
    }
    let explanation = scenario.facts().explain_on(date("2026-03-10"));
    let uses: Vec<_> = explanation.uses.iter().map(|u| &u.attendances[..]).collect();
    assert_eq!(uses, [&[1001][..], &[1005, 1004], &[1000], &[1002]]);
    assert_eq!(explanation.uses[1].date, date("2026-03-06"));
    assert_eq!(explanation.not_counted, [(1003, NotCountedReason::Comped)]);
    assert_eq!(explanation.periods[0].uses, [0]);
    assert_eq!(explanation.periods[0].offering_types, [vec![2], vec![0]]);
    assert_eq!(explanation.periods[1].uses, [1]);
}

proptest! {
    #[test]
    fn an_explanation_has_as_many_uses_as_each_number_says(case in case()) {
        let facts = case.scenario.facts();
        let explanation = facts.explain_on(case.date);
        let len = |list: &[usize]| i64::try_from(list.len()).unwrap();
        prop_assert_eq!(&explanation.usage, &case.usage());
        prop_assert_eq!(explanation.uses.len(), usize::try_from(explanation.usage.used_count).unwrap());
        for (period, explained) in explanation.usage.periods.iter().zip(&explanation.periods) {
            prop_assert_eq!(period.count.used_count, len(&explained.uses));
            for (own, explained) in period.offering_types.iter().zip(&explained.offering_types) {
                prop_assert_eq!(own.count.used_count, len(explained));
            }
        }
        let counted: usize = explanation.uses.iter().map(|u| u.attendances.len()).sum();
        let all = counted + explanation.not_counted.len();
        prop_assert_eq!(all, case.scenario.bookings.len(), "each booking once");
    }
}

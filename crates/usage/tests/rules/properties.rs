//! Properties that hold for every case.

use model::allotment::LimitPeriod;
use model::time::Date;
use proptest::prelude::*;
use usage::{Hold, LimitCounts, PeriodCalendar, Usage};

use crate::generate::{GeneratedCase, case, hold};

/// Returns all counts of an answer, each period before its offering types.
fn counts(usage: &Usage) -> Vec<&LimitCounts> {
    let periods = usage.periods.iter();
    periods
        .flat_map(|period| {
            let own = period.offering_types.iter().map(|own| &own.count);
            std::iter::once(&period.count).chain(own)
        })
        .collect()
}

/// Returns the limits of an answer without the list of holds.
fn without_holds(usage: &Usage) -> Vec<LimitCounts> {
    let mut counts: Vec<LimitCounts> = counts(usage).into_iter().cloned().collect();
    for adjustment in counts.iter_mut().filter_map(|count| count.prorate_adjustment.as_mut()) {
        adjustment.holds = [].into();
    }
    counts
}

fn case_and_hold() -> impl Strategy<Value = (GeneratedCase, Hold)> {
    case().prop_flat_map(|case| {
        let hold = hold(case.date.days());
        (Just(case), hold)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn used_and_remaining_add_up_unless_overdrawn(case in case()) {
        for count in counts(&case.usage()) {
            match (count.max_uses, count.remaining_count) {
                (Some(max), Some(left)) if count.used_count > max => prop_assert_eq!(left, 0),
                (Some(max), Some(left)) => prop_assert_eq!(count.used_count + left, max),
                (max, left) => prop_assert_eq!((max, left), (None, None)),
            }
        }
    }

    #[test]
    fn a_further_hold_never_raises_what_is_allowed((case, hold) in case_and_hold()) {
        let mut held = case.clone();
        held.scenario.holds.push(hold);
        let (before, after) = (case.usage(), held.usage());
        for (before, after) in counts(&before).into_iter().zip(counts(&after)) {
            prop_assert_eq!(before.max_uses.is_some(), after.max_uses.is_some());
            prop_assert!(after.max_uses <= before.max_uses);
            prop_assert_eq!(after.used_count, before.used_count);
        }
    }

    #[test]
    fn a_hold_split_into_adjacent_ones_changes_nothing(
        (case, hold) in case_and_hold(),
        at in 0..60,
    ) {
        let mut whole = case.clone();
        whole.scenario.holds.push(hold);
        let middle = Date::from_days(hold.start_date.days() + at);
        prop_assume!(hold.end_date.is_none_or(|last| middle < last));
        let mut split = case;
        let next = Date::from_days(middle.days() + 1);
        split.scenario.holds.push(Hold { start_date: next, id: 98, ..hold });
        split.scenario.holds.push(Hold { end_date: Some(middle), ..hold });
        let (whole, split) = (whole.usage(), split.usage());
        if hold.end_date.is_some() {
            prop_assert_eq!(without_holds(&whole), without_holds(&split));
        } else {
            // The first half of an open hold has an end, so it prorates.
            prop_assert_eq!(whole.unusable.is_some(), split.unusable.is_some());
        }
    }

    #[test]
    fn every_day_lies_in_one_period_of_each_kind(case in case(), far in -3000..3000) {
        let calendar = PeriodCalendar::for_membership(&case.scenario.provider, &case.scenario.membership);
        for period in [LimitPeriod::Day, LimitPeriod::Week, LimitPeriod::Month, LimitPeriod::Year] {
            let range = calendar.range_of(period, case.date).unwrap();
            prop_assert!(range.contains(case.date));
            for (inside, outside) in
                [(range.first, range.first.days() - 1), (range.last, range.last.days() + 1)]
            {
                prop_assert_eq!(calendar.range_of(period, inside), Some(range));
                let neighbour = calendar.range_of(period, Date::from_days(outside)).unwrap();
                prop_assert!(neighbour.last < range.first || range.last < neighbour.first);
            }
            let other = calendar.range_of(period, Date::from_days(case.date.days() + far)).unwrap();
            prop_assert!(other == range || other.last < range.first || range.last < other.first);
        }
    }

    #[test]
    fn the_order_of_rows_does_not_matter(case in case()) {
        let mut turned = case.clone();
        turned.scenario.bookings.reverse();
        turned.scenario.holds.reverse();
        prop_assert_eq!(case.usage(), turned.usage());
        let explain = |case: &GeneratedCase| case.scenario.facts().explain_on(case.date);
        prop_assert_eq!(explain(&case), explain(&turned));
    }

    #[test]
    fn never_more_can_be_booked_than_is_left(case in case()) {
        for period in &case.usage().periods {
            let left = period.count.remaining_count.unwrap_or(i64::MAX);
            prop_assert!(period.count.bookable_count.unwrap_or(i64::MAX) <= left);
            for own in &period.offering_types {
                let left = own.count.remaining_count.unwrap_or(i64::MAX);
                prop_assert!(own.count.bookable_count.unwrap_or(i64::MAX) <= left);
            }
        }
    }
}

//! Compares the calculation with the slow reference.

use proptest::prelude::*;
use usage::{LimitCounts, Usage};

use crate::generate::case;
use crate::reference::{ReferenceRow, expected_rows, uses};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn usage_is_what_the_day_by_day_reference_says(case in case()) {
        let usage = case.usage();
        prop_assert_eq!(rows_of(&usage), expected_rows(&case.given()));
        prop_assert_eq!(usage.used_count, uses(&case.given()));
    }
}

/// Returns the rows of the answer, each period before its offering types.
fn rows_of(usage: &Usage) -> Vec<ReferenceRow> {
    let mut rows = Vec::new();
    for period in &usage.periods {
        let mut push = |own, count: &LimitCounts| {
            let adjustment = count.prorate_adjustment.as_ref().map(|a| {
                let ids = a.holds.iter().map(|hold| hold.id).collect();
                (a.active_days, a.total_days, a.original_max_uses, a.prorated_max_uses, ids)
            });
            rows.push(ReferenceRow {
                period: period.period,
                limit_type: period.limit_type,
                days: (period.start_date, period.end_date),
                own,
                max: count.max_uses,
                used: count.used_count,
                remaining: count.remaining_count,
                bookable: count.bookable_count,
                adjustment,
            });
        };
        push(None, &period.count);
        for own in &period.offering_types {
            push(Some((own.offering_type, own.is_extra)), &own.count);
        }
    }
    rows
}

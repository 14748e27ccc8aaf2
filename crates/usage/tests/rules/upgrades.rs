//! Tests of the price of upgrades (§12).

use std::num::NonZeroU16;

use model::provider::UsageAlignment;
use usage::upgrade::{MembershipType, UpgradeError, preview_upgrade, prorate};

use crate::scenario::{UsageScenario, date, instant};

#[test]
fn amounts_are_shared_by_days_with_exact_halves_away_from_zero() {
    for (amount, part, total, expected) in [
        (7900, 14, 28, Some(3950)),
        (1, 1, 2, Some(1)),
        (-1, 1, 2, Some(-1)),
        (1, 1, 3, Some(0)),
        (2, 1, 3, Some(1)),
        (-2, 1, 3, Some(-1)),
        (5, 0, 28, Some(0)),
        (i64::MAX, 28, 28, Some(i64::MAX)),
        (i64::MIN, 28, 28, Some(i64::MIN)),
        (i64::MAX, 2, 1, None),
        (5, 1, 0, None),
    ] {
        assert_eq!(prorate(amount, part, total), expected, "{amount} * {part} / {total}");
    }
}

#[test]
fn the_day_of_the_upgrade_counts_as_unused() {
    let mut scenario = UsageScenario::new("");
    scenario.membership.start_date = Some(date("2026-03-02"));
    scenario.membership.billing_interval_weeks = NonZeroU16::new(4);
    for alignment in [UsageAlignment::Calendar, UsageAlignment::Billing] {
        scenario.provider.usage_alignment = alignment;
        for (day, new_price, unused, credit, first_payment, credit_left) in [
            ("2026-03-02", 9900, 28, 7900, 2000, 0),
            ("2026-03-16", 9900, 14, 3950, 5950, 0),
            ("2026-03-29", 9900, 1, 282, 9618, 0),
            ("2026-03-16", 1000, 14, 3950, 0, 2950),
            ("2026-03-30", 9900, 28, 7900, 2000, 0),
        ] {
            let kind = MembershipType::Recurring;
            let (provider, membership) = (&scenario.provider, &scenario.membership);
            let answer =
                preview_upgrade(provider, membership, kind, 7900, new_price, date(day)).unwrap();
            assert_eq!((answer.total_days, answer.unused_days), (28, unused), "{day}");
            let amounts =
                (answer.credit_minor, answer.first_payment_minor, answer.credit_left_minor);
            assert_eq!(amounts, (credit, first_payment, credit_left), "{day}");
            assert_eq!(answer.new_price_minor, new_price);
        }
    }
}

#[test]
fn only_days_on_which_the_membership_runs_can_be_previewed() {
    use MembershipType::{Pack, Prepaid, Recurring};
    let no_period = Err(UpgradeError::NoPeriod);
    let outside = Err(UpgradeError::DateOutside);
    for (kind, start, expiration, day, expected) in [
        (Prepaid, Some("2026-03-01"), Some("2026-03-31"), "2026-03-31", Ok(1)),
        (Prepaid, Some("2026-03-01"), Some("2026-03-31"), "2026-03-01", Ok(31)),
        (Prepaid, Some("2026-03-01"), Some("2026-03-31"), "2026-02-28", outside),
        (Prepaid, Some("2026-03-01"), Some("2026-03-31"), "2026-04-01", outside),
        (Prepaid, Some("2026-03-01"), None, "2026-03-01", no_period),
        (Prepaid, None, Some("2026-03-31"), "2026-03-01", no_period),
        (Pack, Some("2026-03-01"), Some("2026-03-31"), "2026-03-01", no_period),
        (Recurring, Some("2026-03-01"), None, "2026-02-28", outside),
        (Recurring, None, None, "2019-02-20", Ok(23)),
        (Recurring, None, Some("2026-03-31"), "2026-04-01", outside),
        (Recurring, None, None, "2026-05-01", Ok(14)),
        (Recurring, None, None, "2026-05-02", outside),
    ] {
        let mut scenario = UsageScenario::new("");
        scenario.membership.start_date = start.map(date);
        scenario.membership.expiration_date = expiration.map(date);
        scenario.membership.cancelled_at = Some(instant("2026-05-02T00:00:00Z"));
        let (provider, membership) = (&scenario.provider, &scenario.membership);
        let answer = preview_upgrade(provider, membership, kind, 7900, 9900, date(day));
        assert_eq!(answer.map(|answer| answer.unused_days), expected, "{kind:?} {day}");
    }
    assert_eq!(UpgradeError::NoPeriod.code(), "upgrade_no_period");
    assert_eq!(UpgradeError::DateOutside.code(), "upgrade_date_outside");
}

//! Generates test cases: every setting, small numbers, and days close enough together to collide.

use std::num::NonZeroU16;

use model::allotment::{Allotment, LimitPeriod, LimitType, OfferingTypeLimit, PeriodLimit};
use model::provider::{UsageAlignment, UsageRounding};
use model::time::{Date, Instant, Weekday, Zone};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use usage::{
    BookedEvent, Booking, BookingMethod, BookingStatus, EventKind, Hold, Membership,
    MembershipStatus, Usage, UsageLimits,
};

use crate::reference::ReferenceInput;
use crate::scenario::UsageScenario;

/// A scenario with the allotments that it was built from, and the date to calculate.
#[derive(Debug, Clone)]
pub(crate) struct GeneratedCase {
    pub(crate) scenario: UsageScenario,
    pub(crate) plan: Allotment,
    pub(crate) custom: Option<Allotment>,
    pub(crate) date: Date,
}

impl GeneratedCase {
    /// Returns the input of the reference.
    pub(crate) fn given(&self) -> ReferenceInput<'_> {
        let scenario = &self.scenario;
        ReferenceInput {
            provider: &scenario.provider,
            allotment: self.custom.as_ref().unwrap_or(&self.plan),
            begins_on_use: scenario.plan.begin_on_first_registration,
            membership: &scenario.membership,
            holds: &scenario.holds,
            bookings: &scenario.bookings,
            date: self.date,
        }
    }

    pub(crate) fn usage(&self) -> Usage {
        self.scenario.facts().usage_on(self.date)
    }
}

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// Returns a strategy of any case. The days are near a day of any year from 1800 to 2999.
pub(crate) fn case() -> impl Strategy<Value = GeneratedCase> {
    prop_oneof![3 => 19_700..21_000, 1 => -62_091..376_199].prop_flat_map(case_around)
}

fn case_around(date: i32) -> impl Strategy<Value = GeneratedCase> {
    let allotments = (allotment(), option::weighted(0.2, allotment()));
    (
        provider(),
        allotments,
        any::<bool>(),
        membership(date),
        vec(hold(date), 0..4),
        vec(booking(date), 0..40),
    )
        .prop_map(
            move |(settings, (plan, custom), begins_on_use, membership, holds, bookings)| {
                let mut scenario = UsageScenario::new("");
                scenario.provider.timezone = settings.0;
                scenario.provider.week_starts_on = settings.1;
                scenario.provider.usage_alignment = settings.2;
                scenario.provider.usage_rounding = settings.3;
                scenario.plan.limits = UsageLimits::from_allotment(&plan);
                scenario.plan.begin_on_first_registration = begins_on_use;
                scenario.membership = membership;
                scenario.membership.custom_limits =
                    custom.as_ref().map(UsageLimits::from_allotment);
                scenario.holds = holds;
                for (id, hold) in (1..).zip(&mut scenario.holds) {
                    hold.id = id;
                }
                scenario.bookings = bookings;
                for (id, booking) in (1..).zip(&mut scenario.bookings) {
                    booking.attendance = id;
                }
                GeneratedCase { scenario, plan, custom, date: Date::from_days(date) }
            },
        )
}

fn provider() -> impl Strategy<Value = (Zone, Weekday, UsageAlignment, UsageRounding)> {
    const ZONES: [&str; 4] = ["UTC", "America/Sao_Paulo", "Pacific/Kiritimati", "Europe/London"];
    (
        proptest::sample::select(&ZONES[..]).prop_map(|name| Zone::parse(name).unwrap()),
        prop_oneof![Just(Weekday::Sunday), Just(Weekday::Monday)],
        prop_oneof![1 => Just(UsageAlignment::Calendar), 2 => Just(UsageAlignment::Billing)],
        prop_oneof![
            Just(UsageRounding::HalfUp),
            Just(UsageRounding::Up),
            Just(UsageRounding::Down)
        ],
    )
}

fn allotment() -> impl Strategy<Value = Allotment> {
    use LimitType::{Course, Event};
    let types = prop_oneof![4 => Just(vec![Event, Course]), 1 => Just(vec![Event]), 1 => Just(vec![Course])];
    let keys: Vec<_> = [
        LimitPeriod::Day,
        LimitPeriod::Week,
        LimitPeriod::Month,
        LimitPeriod::Year,
        LimitPeriod::Lifetime,
    ]
    .into_iter()
    .flat_map(|period| [(period, Event), (period, Course)])
    .collect();
    let keys = proptest::sample::subsequence(keys, 0..=6).prop_shuffle();
    (any::<bool>(), types, keys, vec(limit_of_nothing(), 6)).prop_map(
        |(ignore_no_shows, types, keys, mut limits)| {
            limits.truncate(keys.len());
            for (limit, (period, limit_type)) in limits.iter_mut().zip(keys) {
                (limit.period, limit.limit_type) = (period, limit_type);
            }
            Allotment { ignore_no_shows, types, period_limits: limits }
        },
    )
}

fn limit_of_nothing() -> impl Strategy<Value = PeriodLimit> {
    let own = (option::weighted(0.8, 0..6_i64), any::<bool>(), any::<bool>());
    let ids = proptest::sample::subsequence(vec![1, 2, 3], 0..=3).prop_shuffle();
    (option::weighted(0.8, 0..25_i64), ids, vec(own, 3)).prop_map(|(max_uses, ids, own)| {
        let own = ids.into_iter().zip(own).map(|(offering_type, (max_uses, is_extra, zero))| {
            OfferingTypeLimit { offering_type, max_uses, is_extra, allow_zero: zero }
        });
        let offering_types = own.collect();
        let (period, limit_type) = (LimitPeriod::Day, LimitType::Event);
        PeriodLimit { period, limit_type, max_uses, offering_types }
    })
}

/// Returns a strategy of days around `date`, most of them near it.
fn near(date: i32) -> impl Strategy<Value = Date> {
    let distance = prop_oneof![Just(0), -4..5, -40..40, -500..500];
    distance.prop_map(move |distance| Date::from_days(date + distance))
}

fn membership(date: i32) -> impl Strategy<Value = Membership> {
    let status = prop_oneof![
        5 => Just(MembershipStatus::Active),
        2 => Just(MembershipStatus::Hold),
        1 => Just(MembershipStatus::Cancelled),
        1 => Just(MembershipStatus::Completed),
    ];
    let moment = move || {
        (near(date), 0..MICROS_PER_DAY).prop_map(|(day, micros)| {
            Instant::from_micros(i64::from(day.days()) * MICROS_PER_DAY + micros)
        })
    };
    (
        status,
        moment(),
        option::of(near(date)),
        option::weighted(0.3, near(date)),
        option::weighted(0.2, moment()),
        option::of(1..=31_i8),
        option::weighted(0.2, 1..9_u16),
    )
        .prop_map(
            |(status, purchased_at, start_date, expiration_date, cancelled_at, day, weeks)| {
                Membership {
                    id: 7,
                    status,
                    purchased_at,
                    start_date,
                    expiration_date,
                    cancelled_at,
                    custom_limits: None,
                    billing_anchor_day: day,
                    billing_interval_weeks: weeks.and_then(NonZeroU16::new),
                }
            },
        )
}

/// Returns a strategy of holds that start near `date`.
pub(crate) fn hold(date: i32) -> impl Strategy<Value = Hold> {
    (near(date), option::weighted(0.85, 0..60), prop::bool::weighted(0.8)).prop_map(
        |(start_date, length, prorate_usage)| Hold {
            id: 99,
            start_date,
            end_date: length.map(|length| Date::from_days(start_date.days() + length)),
            prorate_usage,
        },
    )
}

fn booking(date: i32) -> impl Strategy<Value = Booking> {
    let status = prop_oneof![
        3 => Just(BookingStatus::Registered),
        3 => Just(BookingStatus::Attended),
        1 => Just(BookingStatus::NoShow),
        1 => Just(BookingStatus::LateCancelled),
    ];
    let method = prop_oneof![
        8 => Just(BookingMethod::Membership),
        1 => Just(BookingMethod::Dropin),
        1 => Just(BookingMethod::Free),
    ];
    let kind = prop_oneof![
        3 => Just(EventKind::Class),
        1 => Just(EventKind::Appointment),
        3 => Just(EventKind::CourseSession),
    ];
    let event = (kind, 1..=4_i64, option::of(1..=3_i64), near(date), prop::bool::weighted(0.1));
    (status, method, prop::bool::weighted(0.1), event).prop_map(
        |(status, method, is_comped, (kind, offering_type, course, date, is_cancelled))| Booking {
            attendance: 0,
            status,
            method,
            is_comped,
            event: BookedEvent { kind, offering_type, course, date, is_cancelled },
        },
    )
}

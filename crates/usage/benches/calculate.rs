//! Benchmarks of the calculation without a store: one membership with many bookings, and many
//! memberships.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a broken bench")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use model::allotment;
use model::id::ProviderId;
use model::provider::Provider;
use model::time::{Date, Instant, Zone};
use usage::json::{OfferingTypeNames, usage_answer};
use usage::xml::{ListStyle, to_xml};
use usage::{
    BookedEvent, Booking, BookingMethod, BookingStatus, EventKind, Hold, Membership,
    MembershipStatus, UsageFacts, UsageLimits, UsagePlan, usage_of_memberships,
};

const ALLOTMENT: &str = r#"{"period_limits":[
    {"period":"month","max_uses":8,"offering_type_limits":[
        {"offering_type":1,"max_uses":3},{"offering_type":2,"max_uses":2,"is_extra":true}]},
    {"period":"week","max_uses":3},
    {"period":"lifetime","type":"course","max_uses":10}]}"#;

fn today() -> Date {
    Date::parse("2026-03-10").unwrap()
}

fn plan() -> UsagePlan {
    let limits = UsageLimits::from_allotment(&allotment::parse_allotment(ALLOTMENT).unwrap());
    UsagePlan { limits, begin_on_first_registration: false }
}

fn membership(id: i64) -> Membership {
    Membership {
        id,
        status: MembershipStatus::Active,
        purchased_at: Instant::parse("2025-01-15T12:00:00Z").unwrap(),
        start_date: None,
        expiration_date: None,
        cancelled_at: None,
        custom_limits: None,
        billing_anchor_day: Some(31),
        billing_interval_weeks: None,
    }
}

fn hold(id: i64) -> Hold {
    let (start_date, end_date) = (today().plus_days(-4), Some(today().plus_days(4)));
    Hold { id, start_date, end_date, prorate_usage: true }
}

/// Returns a booking. Every `sessions_every`-th booking is a session of one of 50 courses.
fn booking(number: i32, sessions_every: i32) -> Booking {
    let is_session = number % sessions_every == 0;
    Booking {
        attendance: number.into(),
        status: BookingStatus::Attended,
        method: BookingMethod::Membership,
        is_comped: false,
        event: BookedEvent {
            kind: if is_session { EventKind::CourseSession } else { EventKind::Class },
            offering_type: i64::from(number % 5),
            course: is_session.then_some(i64::from(number % 50)),
            date: today().plus_days((number % 400 - 300).into()),
            is_cancelled: false,
        },
    }
}

fn one_membership(criterion: &mut Criterion) {
    let provider = Provider::new(ProviderId(1), "Studio");
    let (plan, membership, holds) = (plan(), membership(1), [hold(1)]);
    let mut group = criterion.benchmark_group("one_membership");
    for (count, sessions_every) in [(10, 10), (10_000, 10), (10_000, 1)] {
        let bookings: Vec<_> = (0..count).map(|n| booking(n, sessions_every)).collect();
        let facts = UsageFacts {
            provider: &provider,
            plan: &plan,
            membership: &membership,
            holds: &holds,
            bookings: &bookings,
        };
        group.bench_function(format!("{count}_bookings_sessions_every_{sessions_every}"), |b| {
            b.iter(|| black_box(facts.usage_on(black_box(today()))));
        });
        let (usage, names) = (facts.usage_on(today()), OfferingTypeNames::new());
        if count == 10 {
            group.bench_function("json", |b| {
                b.iter(|| serde_json::to_string(&usage_answer(&usage, &names)))
            });
            group.bench_function("xml", |b| {
                b.iter(|| to_xml(&usage, &names, ListStyle::ListItem));
            });
        }
    }
    group.finish();
}

fn many_memberships(criterion: &mut Criterion) {
    const MEMBERSHIPS: i64 = 100_000;
    let provider = Provider::new(ProviderId(1), "Studio");
    let plan = plan();
    let bookings: Vec<_> = (0..10).map(|number| booking(number, 10)).collect();
    let mut group = criterion.benchmark_group("many_memberships");
    group.throughput(Throughput::Elements(MEMBERSHIPS.unsigned_abs()));
    group.sample_size(10);
    group.bench_function("10_bookings_each", |b| {
        b.iter(|| {
            let memberships = (1..=MEMBERSHIPS).map(|id| (membership(id), &plan));
            let holds = (1..=MEMBERSHIPS).step_by(10).map(|id| (id, hold(id)));
            let bookings =
                (1..=MEMBERSHIPS).flat_map(|id| bookings.iter().map(move |each| (id, *each)));
            let answers = usage_of_memberships(&provider, today(), memberships, holds, bookings);
            answers.map(|answer| answer.unwrap().1.used_count).sum::<i64>()
        });
    });
    group.finish();
}

fn local_dates(criterion: &mut Criterion) {
    let zone = Zone::parse("America/New_York").unwrap();
    let instant = Instant::parse("2026-03-10T12:00:00Z").unwrap();
    criterion.bench_function("local_date_of_an_event", |b| {
        b.iter(|| zone.date_of(black_box(instant)));
    });
}

criterion_group!(benches, one_membership, many_memberships, local_dates);
criterion_main!(benches);

//! A slow reference: calculates usage day by day and booking by booking, straight from the
//! allotment. Shares no code with the crate except its input and output types.

use model::allotment::{Allotment, LimitPeriod, LimitType, PeriodLimit};
use model::provider::{Provider, UsageAlignment, UsageRounding};
use model::time::{Date, Weekday};
use usage::{Booking, BookingMethod, BookingStatus, EventKind, Hold, Membership, MembershipStatus};

/// The input of the reference.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReferenceInput<'g> {
    pub(crate) provider: &'g Provider,
    /// The allotment that applies: the membership's own, else the plan's.
    pub(crate) allotment: &'g Allotment,
    /// True if a lifetime without a start date begins with the first use.
    pub(crate) begins_on_use: bool,
    pub(crate) membership: &'g Membership,
    pub(crate) holds: &'g [Hold],
    pub(crate) bookings: &'g [Booking],
    pub(crate) date: Date,
}

/// The counts of one limit: of a period (offering type none) or of an offering type in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReferenceRow {
    pub(crate) period: LimitPeriod,
    pub(crate) limit_type: LimitType,
    pub(crate) days: (Option<Date>, Option<Date>),
    pub(crate) own: Option<(i64, bool)>,
    pub(crate) max: Option<i64>,
    pub(crate) used: i64,
    pub(crate) remaining: Option<i64>,
    pub(crate) bookable: Option<i64>,
    /// The active days, total days, original uses, prorated uses, and ids of holds.
    pub(crate) adjustment: Option<(i64, i64, i64, i64, Vec<i64>)>,
}

/// The number of test bookings that proves a limit unbounded. No generated limit is greater.
const MANY: i64 = 100;

/// Returns the rows of the answer, each period before its offering types.
pub(crate) fn expected_rows(given: &ReferenceInput<'_>) -> Vec<ReferenceRow> {
    let mut limits = Vec::new();
    for period in [
        LimitPeriod::Lifetime,
        LimitPeriod::Year,
        LimitPeriod::Month,
        LimitPeriod::Week,
        LimitPeriod::Day,
    ] {
        for limit_type in [LimitType::Event, LimitType::Course] {
            let is_it = |l: &&PeriodLimit| (l.period, l.limit_type) == (period, limit_type);
            limits.extend(given.allotment.period_limits.iter().filter(is_it));
        }
    }
    let mut rows: Vec<ReferenceRow> =
        limits.iter().flat_map(|limit| limit_rows(given, limit)).collect();
    let bookable: Vec<_> = rows.iter().map(|row| bookable(given, &rows, row)).collect();
    for (row, bookable) in rows.iter_mut().zip(bookable) {
        row.bookable = bookable;
    }
    rows
}

fn limit_rows(given: &ReferenceInput<'_>, limit: &PeriodLimit) -> Vec<ReferenceRow> {
    let days = days(given, limit.period);
    let extra: Vec<i64> =
        limit.offering_types.iter().filter(|o| o.is_extra).map(|o| o.offering_type).collect();
    let row = |own: Option<(i64, bool)>, original: Option<i64>| {
        let used = given.bookings.iter().filter(|booking| {
            let event = &booking.event;
            let is_session = event.kind == EventKind::CourseSession;
            let is_type = match own {
                Some((id, _)) => event.offering_type == id,
                None => !extra.contains(&event.offering_type),
            };
            is_use(given, booking)
                && is_session == (limit.limit_type == LimitType::Course)
                && is_type
                && days.as_ref().is_none_or(|days| days.contains(&event.date.days()))
        });
        let used = i64::try_from(used.count()).unwrap();
        let adjustment = adjustment(given, days.as_deref(), original);
        let max = adjustment.as_ref().map(|a| a.3).or(original);
        ReferenceRow {
            period: limit.period,
            limit_type: limit.limit_type,
            days: match &days {
                Some(days) => (days.first().map(day), days.last().map(day)),
                None => lifetime(given),
            },
            own,
            max,
            used,
            remaining: max.map(|max| if used > max { 0 } else { max - used }),
            bookable: None,
            adjustment,
        }
    };
    let mut rows = vec![row(None, limit.max_uses)];
    for own in &limit.offering_types {
        let is_read_as_null = own.max_uses == Some(0) && !own.allow_zero;
        let max = if is_read_as_null { None } else { own.max_uses };
        rows.push(row(Some((own.offering_type, own.is_extra)), max));
    }
    rows
}

fn day(days: &i32) -> Date {
    Date::from_days(*days)
}

// Uses

/// Returns the number of uses, whatever their date and kind.
pub(crate) fn uses(given: &ReferenceInput<'_>) -> i64 {
    let uses = given.bookings.iter().filter(|booking| is_use(given, booking));
    i64::try_from(uses.count()).unwrap()
}

fn is_counted(given: &ReferenceInput<'_>, booking: &Booking) -> bool {
    let by_status = match booking.status {
        BookingStatus::Registered | BookingStatus::Attended | BookingStatus::LateCancelled => true,
        BookingStatus::NoShow => !given.allotment.ignore_no_shows,
    };
    let by_membership = booking.method == BookingMethod::Membership && !booking.is_comped;
    by_status && by_membership && !booking.event.is_cancelled
}

/// Returns true for a booking that counts and, in a course, is the earliest counted session.
fn is_use(given: &ReferenceInput<'_>, booking: &Booking) -> bool {
    let is_same_course = |other: &Booking| {
        let (a, b) = (&booking.event, &other.event);
        let is_same = match (a.course, b.course) {
            (Some(a), Some(b)) => a == b,
            (None, None) => a.offering_type == b.offering_type,
            _ => false,
        };
        is_same && b.kind == EventKind::CourseSession
    };
    let is_before = |other: &Booking| {
        let (a, b) = (other.event.date, booking.event.date);
        a < b || (a == b && other.attendance < booking.attendance)
    };
    let is_session = booking.event.kind == EventKind::CourseSession;
    let others = given.bookings.iter().filter(|other| is_counted(given, other));
    is_counted(given, booking)
        && !(is_session && others.into_iter().any(|o| is_same_course(o) && is_before(o)))
}

// Days

fn origin(given: &ReferenceInput<'_>) -> Date {
    let membership = given.membership;
    let bought = given.provider.timezone.date_of(membership.purchased_at);
    membership.start_date.unwrap_or(bought)
}

fn lifetime(given: &ReferenceInput<'_>) -> (Option<Date>, Option<Date>) {
    let membership = given.membership;
    let uses = given.bookings.iter().filter(|booking| is_use(given, booking));
    let start = match membership.start_date {
        Some(start) => Some(start),
        None if given.begins_on_use => uses.map(|booking| booking.event.date).min(),
        None => Some(origin(given)),
    };
    (start, membership.expiration_date)
}

/// Returns every day of the period that contains the date, found by walking; none for a lifetime.
fn days(given: &ReferenceInput<'_>, period: LimitPeriod) -> Option<Vec<i32>> {
    if period == LimitPeriod::Lifetime {
        return None;
    }
    let date = given.date.days();
    let mut first = date;
    while !is_first_day(given, period, Date::from_days(first)) {
        first -= 1;
    }
    let mut last = date;
    while !is_first_day(given, period, Date::from_days(last + 1)) {
        last += 1;
    }
    Some((first..=last).collect())
}

fn is_first_day(given: &ReferenceInput<'_>, period: LimitPeriod, date: Date) -> bool {
    let provider = given.provider;
    let membership = given.membership;
    let is_billing = provider.usage_alignment == UsageAlignment::Billing;
    let origin = origin(given);
    let tomorrow = Date::from_days(date.days() + 1);
    match period {
        LimitPeriod::Lifetime => false,
        LimitPeriod::Day => true,
        LimitPeriod::Week => {
            // 4 January 1970 was a Sunday.
            let since_sunday = (date.days() - 3).rem_euclid(7);
            since_sunday == if provider.week_starts_on == Weekday::Sunday { 0 } else { 1 }
        }
        LimitPeriod::Year if !is_billing => (date.month(), date.day()) == (1, 1),
        LimitPeriod::Year => {
            let is_leap_day = (origin.month(), origin.day()) == (2, 29);
            let is_28th = (date.month(), date.day()) == (2, 28);
            (date.month(), date.day()) == (origin.month(), origin.day())
                || (is_leap_day && is_28th && tomorrow.day() == 1)
        }
        LimitPeriod::Month if !is_billing => date.day() == 1,
        LimitPeriod::Month => match membership.billing_interval_weeks {
            Some(weeks) => (date.days() - origin.days()) % (7 * i32::from(weeks.get())) == 0,
            None => is_billing_day(membership, origin, date, tomorrow),
        },
    }
}

fn is_billing_day(membership: &Membership, origin: Date, date: Date, tomorrow: Date) -> bool {
    let anchor = membership.billing_anchor_day.unwrap_or(origin.day());
    let is_last_of_month = tomorrow.day() == 1;
    date.day() == anchor || (is_last_of_month && date.day() < anchor)
}

// Proration

fn adjustment(
    given: &ReferenceInput<'_>,
    days: Option<&[i32]>,
    original: Option<i64>,
) -> Option<(i64, i64, i64, i64, Vec<i64>)> {
    let (days, original) = (days?, original?);
    let is_held_by = |hold: &Hold, day: i32| {
        hold.start_date.days() <= day && hold.end_date.is_some_and(|last| day <= last.days())
    };
    let mut holds: Vec<_> = given
        .holds
        .iter()
        .filter(|hold| hold.prorate_usage && days.iter().any(|day| is_held_by(hold, *day)))
        .collect();
    if holds.is_empty() {
        return None;
    }
    let is_active = |day: &&i32| !holds.iter().any(|hold| is_held_by(hold, **day));
    let active = i64::try_from(days.iter().filter(is_active).count()).unwrap();
    let total = i64::try_from(days.len()).unwrap();
    holds.sort_by_key(|hold| (hold.start_date.days(), hold.id));
    let ids = holds.iter().map(|hold| hold.id).collect();
    let rounding = given.provider.usage_rounding;
    Some((active, total, original, share(original, active, total, rounding), ids))
}

/// Returns `original * active / total` by counting up.
fn share(original: i64, active: i64, total: i64, rounding: UsageRounding) -> i64 {
    let mut whole = 0;
    while (whole + 1) * total <= original * active {
        whole += 1;
    }
    let rest = original * active - whole * total;
    let is_up = match rounding {
        UsageRounding::Down => false,
        UsageRounding::Up => rest > 0,
        UsageRounding::HalfUp => rest + rest >= total,
    };
    if is_up { whole + 1 } else { whole }
}

// Bookable

/// Returns the number of bookings until one is refused. The row of a period stands for an offering
/// type without limits.
fn bookable(
    given: &ReferenceInput<'_>,
    rows: &[ReferenceRow],
    asked: &ReferenceRow,
) -> Option<i64> {
    if !given.allotment.types.contains(&asked.limit_type) || !is_usable(given) {
        return Some(0);
    }
    let offering_type = asked.own.map(|(id, _)| id);
    let mut rows: Vec<ReferenceRow> =
        rows.iter().filter(|row| row.limit_type == asked.limit_type).cloned().collect();
    let mut booked = 0;
    while booked < MANY {
        let tested: Vec<usize> = (0..rows.len())
            .filter(|at| {
                let row = &rows[*at];
                match row.own {
                    Some((id, _)) => Some(id) == offering_type,
                    None => !rows.iter().any(|own| {
                        own.period == row.period
                            && own.own == offering_type.map(|id| (id, true))
                            && offering_type.is_some()
                    }),
                }
            })
            .collect();
        if tested.iter().any(|at| rows[*at].remaining == Some(0)) {
            return Some(booked);
        }
        for at in tested {
            rows[at].remaining = rows[at].remaining.map(|left| left - 1);
        }
        booked += 1;
    }
    None
}

fn is_usable(given: &ReferenceInput<'_>) -> bool {
    let (membership, holds) = (given.membership, given.holds);
    let by_status = match membership.status {
        MembershipStatus::Active => true,
        MembershipStatus::Hold => !holds.is_empty(),
        MembershipStatus::Cancelled | MembershipStatus::Completed => false,
    };
    let is_held = holds.iter().any(|hold| {
        hold.start_date <= given.date
            && (hold.end_date.is_none() || hold.end_date >= Some(given.date))
    });
    let zone = &given.provider.timezone;
    let is_cancelled = membership.cancelled_at.is_some_and(|at| given.date >= zone.date_of(at));
    let is_early = membership.start_date.is_some_and(|start| given.date < start);
    let is_late = membership.expiration_date.is_some_and(|last| given.date > last);
    by_status && !is_held && !is_cancelled && !is_early && !is_late
}

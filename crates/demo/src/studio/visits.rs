//! Bookings of events, and attendance.

use std::io;

use model::time::{Date, Instant};

use crate::people::DemoCustomer;
use crate::row_generator::RowGenerator;

use super::offer::{BOOKING_SOURCES, PlanUses};
use super::timetable::{Slot, Timetable};

/// A period in which a customer books under a membership.
#[derive(Debug, Clone, Copy)]
pub(super) struct VisitPeriod {
    pub(super) customer_membership_id: i64,
    pub(super) from: Date,
    /// Last day.
    pub(super) until: Date,
    /// First and last day of a pause without bookings.
    pub(super) pause: Option<(Date, Date)>,
    pub(super) uses: PlanUses,
    /// Largest number of visits per week.
    pub(super) visits_per_week_max: u64,
}

/// The way that a booking was made.
#[derive(Debug, Clone, Copy)]
pub(super) struct BookingDraft {
    pub(super) customer_membership_id: Option<i64>,
    pub(super) method: &'static str,
    pub(super) is_comped: bool,
}

/// One more than the largest number of bookings of one customer in a week.
const A_WEEK_MAX: usize = 4;

/// Writes the bookings of all weeks. Returns the number of uses.
pub(super) fn write_weekly_visits(
    generator: &mut RowGenerator<'_>,
    timetable: &Timetable,
    person: &DemoCustomer,
    period: &VisitPeriod,
) -> io::Result<u64> {
    let booked_ahead = generator.calendar.today().plus_days(6);
    let last_day = period.until.min(booked_ahead);
    let first_week = timetable.week_of(period.from).max(0);
    let last_week = timetable.week_of(last_day).min(timetable.weeks().end - 1);
    let favourite = generator.draw.below(timetable.slots());
    let mut tally = UseCounter { uses: period.uses, month: 0, in_month: 0, ever: 0 };
    for week in first_week..=last_week {
        let wanted =
            generator.draw.between(0, period.visits_per_week_max.cast_signed()).cast_unsigned();
        let mut taken = [-1; A_WEEK_MAX];
        for (visit, taken_before) in (0..wanted).zip(1..A_WEEK_MAX) {
            let slot = choose_slot(generator, timetable, favourite, visit);
            let event_id = timetable.event_id(week, &slot);
            let date = timetable.date(week, &slot);
            let is_paused =
                period.pause.is_some_and(|(first, last)| (first..=last).contains(&date));
            let is_free = !slot.is_course() && !taken.contains(&event_id) && !is_paused;
            if !is_free || date < period.from || date > last_day {
                continue;
            }
            if !tally.count(date, visit) {
                break;
            }
            taken[taken_before] = event_id;
            let booking = BookingDraft {
                customer_membership_id: Some(period.customer_membership_id),
                method: "membership",
                is_comped: event_id % 211 == 0,
            };
            write_booking(generator, timetable, person, week, &slot, booking)?;
        }
    }
    Ok(tally.ever)
}

fn choose_slot(
    generator: &mut RowGenerator<'_>,
    timetable: &Timetable,
    favourite: u64,
    visit: u64,
) -> Slot {
    let is_habit = visit == 0 && !generator.draw.one_in(3);
    let number = if is_habit { favourite } else { generator.draw.below(timetable.slots()) };
    timetable.slot(number)
}

/// Counter of the uses that a membership has left.
struct UseCounter {
    uses: PlanUses,
    month: i8,
    in_month: u64,
    ever: u64,
}

impl UseCounter {
    /// Returns true if one more use is allowed, and counts it.
    fn count(&mut self, date: Date, in_week: u64) -> bool {
        let is_allowed = match self.uses {
            PlanUses::Unlimited => true,
            PlanUses::PerWeek(uses) => in_week < uses,
            PlanUses::Ever(uses) => self.ever < uses,
            PlanUses::PerMonth(uses) => {
                if self.month != date.month() {
                    (self.month, self.in_month) = (date.month(), 0);
                }
                self.in_month += 1;
                self.in_month <= uses
            }
        };
        self.ever += u64::from(is_allowed);
        is_allowed
    }
}

/// Writes one booking. Returns the instant of booking; none if it is in the future.
pub(super) fn write_booking(
    generator: &mut RowGenerator<'_>,
    timetable: &Timetable,
    person: &DemoCustomer,
    week: i64,
    slot: &Slot,
    booking: BookingDraft,
) -> io::Result<Option<Instant>> {
    let starts_at = timetable.starts_at(generator, week, slot);
    let lead = generator.draw.between(3600, 5 * 86_400);
    let booked_at = starts_at.plus_seconds(-lead).max(person.joined_at);
    if !generator.calendar.has_passed(booked_at) {
        return Ok(None);
    }
    let is_over = generator.calendar.has_passed(starts_at);
    let status = match generator.draw.below(100) {
        _ if !is_over || timetable.is_cancelled(week, slot) => "registered",
        0..=6 => "no_show",
        7..=13 => "late_cancelled",
        14..=15 => "registered",
        _ => "attended",
    };
    let checked_in = starts_at.plus_seconds(-generator.draw.between(30, 1200));
    let checked_in_at = (status == "attended" && !generator.draw.one_in(8)).then_some(checked_in);
    let source = generator.draw.between(0, BOOKING_SOURCES);
    let changed_at = match status {
        "attended" => checked_in_at.unwrap_or(starts_at),
        "no_show" => starts_at.plus_seconds(3600),
        "late_cancelled" => starts_at.plus_seconds(-1800),
        _ => booked_at,
    };
    generator.add(
        "attendances",
        (booked_at, changed_at),
        [
            ("customer_id", person.customer_id.into()),
            ("event_id", timetable.event_id(week, slot).into()),
            ("customer_membership_id", booking.customer_membership_id.into()),
            ("status", status.into()),
            ("booking_method", booking.method.into()),
            ("booking_source_id", (source > 0).then_some(source).into()),
            ("comped", booking.is_comped.into()),
            ("checked_in_at", checked_in_at.into()),
        ],
    )?;
    Ok(Some(booked_at))
}

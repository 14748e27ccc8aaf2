//! The weekly timetable and its events. Ids of events are computed, so that a booking can refer to
//! an event without a list of them.

use std::io;

use model::time::{Date, Instant};

use crate::row::DemoValue;
use crate::row_generator::RowGenerator;

use super::offer::{INSTRUCTORS, SITES};

const WEEKS: i64 = 54;
const CUSTOMERS_PER_SLOT: u64 = 18;
const SLOTS_MIN: u64 = 10;
const COURSE_WEEKS: i64 = 9;
/// Order of the offering types in the timetable, by id.
const PATTERN: [i64; 10] = [1, 2, 3, 8, 4, 5, 6, 1, 9, 7];
const HOURS: [i64; 9] = [7, 18, 9, 12, 17, 19, 10, 8, 20];

/// The slots of a week, which are the same every week.
#[derive(Debug)]
pub(super) struct Timetable {
    slots: i64,
    first_monday: Date,
    /// Id before that of the first event.
    events_before: i64,
}

/// One slot of the week.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    number: i64,
    pub(super) offering_type: i64,
    day: i64,
    starts: i64,
    minutes: i64,
}

impl Slot {
    pub(super) fn is_course(&self) -> bool {
        self.offering_type >= 8
    }

    fn kind(&self) -> &'static str {
        match self.offering_type {
            8.. => "course_session",
            6 | 7 => "appointment",
            _ => "class",
        }
    }
}

impl Timetable {
    pub(super) fn new(generator: &RowGenerator<'_>, customers: u64) -> Self {
        let slots = (customers / CUSTOMERS_PER_SLOT).max(SLOTS_MIN);
        Self {
            slots: slots.cast_signed(),
            first_monday: generator.calendar.first_day(),
            events_before: 0,
        }
    }

    /// Returns the number of slots in a week.
    pub(super) fn slots(&self) -> u64 {
        self.slots.cast_unsigned()
    }

    /// Returns the slot with this number, from 0.
    pub(super) fn slot(&self, number: u64) -> Slot {
        let number = number.cast_signed().rem_euclid(self.slots);
        let place = usize::try_from(number).unwrap_or_default();
        let offering_type = PATTERN[place % PATTERN.len()];
        let minutes = if offering_type == 5 { 45 } else { 60 };
        let hour = HOURS[place / 7 % HOURS.len()];
        let starts = hour * 3600 + if number % 3 == 1 { 1800 } else { 0 };
        Slot { number, offering_type, day: number % 7, starts, minutes }
    }

    /// Returns the numbers of the generated weeks.
    pub(super) fn weeks(&self) -> std::ops::Range<i64> {
        0..WEEKS
    }

    /// Returns the Monday of a week.
    pub(super) fn monday(&self, week: i64) -> Date {
        self.first_monday.plus_days(week * 7)
    }

    /// Returns the week that contains `date`; negative before the year of history.
    pub(super) fn week_of(&self, date: Date) -> i64 {
        i64::from(date.days() - self.first_monday.days()).div_euclid(7)
    }

    /// Returns the date of a slot in a week.
    pub(super) fn date(&self, week: i64, slot: &Slot) -> Date {
        self.monday(week).plus_days(slot.day)
    }

    /// Returns the start of a slot in a week.
    pub(super) fn starts_at(
        &self,
        generator: &RowGenerator<'_>,
        week: i64,
        slot: &Slot,
    ) -> Instant {
        generator.calendar.at(self.date(week, slot), slot.starts)
    }

    /// Returns the id of the event in a slot of a week.
    pub(super) fn event_id(&self, week: i64, slot: &Slot) -> i64 {
        self.events_before + week * self.slots + slot.number + 1
    }

    /// Returns true if the studio has cancelled the event.
    pub(super) fn is_cancelled(&self, week: i64, slot: &Slot) -> bool {
        ((self.event_id(week, slot) * 2_654_435_761) >> 7) % 41 == 3
    }

    /// Returns the course that a session belongs to, which is decided by its block of weeks.
    pub(super) fn course_id(&self, week: i64, slot: &Slot) -> Option<i64> {
        let block = week / COURSE_WEEKS;
        slot.is_course().then(|| block * 2 + (slot.offering_type - 8) + 1)
    }

    /// Returns the weeks of the course block that contains `week`.
    pub(super) fn course_weeks(&self, week: i64) -> std::ops::Range<i64> {
        let first = week.div_euclid(COURSE_WEEKS) * COURSE_WEEKS;
        first..(first + COURSE_WEEKS - 3).min(WEEKS)
    }

    /// Adds courses and all events.
    pub(super) fn add_events(&self, generator: &mut RowGenerator<'_>) -> io::Result<()> {
        for block in 0..=WEEKS / COURSE_WEEKS {
            let starts = self.monday(block * COURSE_WEEKS);
            for (offering_type, name) in [(8, "Beginners"), (9, "Pre-natal")] {
                let name = format!("{name}, from {starts}");
                generator.add_founding(
                    "courses",
                    [("offering_type_id", offering_type.into()), ("name", (&name).into())],
                )?;
            }
        }
        for week in self.weeks() {
            for number in 0..self.slots() {
                self.add_event(generator, week, &self.slot(number))?;
            }
        }
        Ok(())
    }

    fn add_event(
        &self,
        generator: &mut RowGenerator<'_>,
        week: i64,
        slot: &Slot,
    ) -> io::Result<()> {
        let starts_at = self.starts_at(generator, week, slot);
        let planned_at = starts_at.plus_seconds(-45 * 86_400);
        let is_cancelled = self.is_cancelled(week, slot);
        let changed_at = if is_cancelled { starts_at.plus_seconds(-86_400) } else { planned_at };
        let teachers = match slot.number % 5 {
            0 => format!(
                "[{},{}]",
                slot.number % INSTRUCTORS + 1,
                (slot.number + 5) % INSTRUCTORS + 1
            ),
            4 if week % 11 == 0 => "[]".to_owned(),
            _ => format!("[{}]", (slot.number * 7 + week / 20) % INSTRUCTORS + 1),
        };
        let name = match slot.offering_type {
            1 => "Vinyasa Flow",
            2 => "HIIT, 45 + 15",
            3 => "Reformer Pilates",
            4 => "Yin & Restore",
            5 => "Spin 45",
            6 => "Personal Training",
            7 => "Sports Massage",
            8 => "Beginners' Course",
            _ => "Pre-natal Yoga",
        };
        let site_id = (slot.number % 9 != 8).then_some(slot.number % SITES + 1);
        let room = match slot.kind() {
            "appointment" => None,
            _ => Some(24 + slot.number % 4 * 4),
        };
        generator.add(
            "events",
            (planned_at, changed_at),
            [
                ("offering_type_id", slot.offering_type.into()),
                ("site_id", site_id.into()),
                ("name", name.into()),
                ("kind", slot.kind().into()),
                ("starts_at", starts_at.into()),
                ("ends_at", starts_at.plus_seconds(slot.minutes * 60).into()),
                ("status", if is_cancelled { "cancelled" } else { "active" }.into()),
                ("max_occupancy", room.into()),
                ("course_id", self.course_id(week, slot).into()),
                ("instructor_ids", DemoValue::Json(&teachers)),
            ],
        )?;
        Ok(())
    }
}

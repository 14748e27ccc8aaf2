//! What counts as a use, and on which day. Rule: spec/usage.md §5.

use std::collections::BTreeMap;

use model::allotment::LimitType;
use model::time::Date;

/// A customer's booking of an event: one row of attendances, with its event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Booking {
    /// Id of the attendance.
    pub attendance: i64,
    /// Status of the attendance.
    pub status: BookingStatus,
    /// How the event was paid for.
    pub method: BookingMethod,
    /// Whether the business gave it for free.
    pub is_comped: bool,
    /// What was booked.
    pub event: Event,
}

/// What was booked. Many bookings share one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// What it is.
    pub kind: EventKind,
    /// Its offering type.
    pub offering_type: i64,
    /// The course that it is a session of.
    pub course: Option<i64>,
    /// Local date on which it starts: in its site's zone, else in the provider's.
    pub date: Date,
    /// Whether the business cancelled it.
    pub is_cancelled: bool,
}

/// Kind of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// A class.
    Class,
    /// An appointment.
    Appointment,
    /// One session of a course.
    CourseSession,
}

/// Status of an attendance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookingStatus {
    /// Booked.
    Registered,
    /// Came.
    Attended,
    /// Did not come.
    NoShow,
    /// Cancelled too late.
    LateCancelled,
}

/// How a booked event is paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookingMethod {
    /// By a membership.
    Membership,
    /// By a single payment.
    Dropin,
    /// Not at all.
    Free,
}

/// Why a booking is no use; the first reason that applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotCounted {
    /// Not booked by membership.
    Method(BookingMethod),
    /// Given for free.
    Comped,
    /// The business cancelled the event.
    EventCancelled,
    /// A no-show, and the allotment ignores these.
    NoShow,
}

/// One use: a booking, or all counted bookings of one course.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Use {
    pub(crate) date: Date,
    pub(crate) limit_type: LimitType,
    pub(crate) offering_type: i64,
}

/// Which sessions are one use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum CourseKey {
    Course(i64),
    OfferingType(i64),
}

impl EventKind {
    /// The limits that such an event is charged to.
    pub fn limit_type(self) -> LimitType {
        match self {
            Self::Class | Self::Appointment => LimitType::Event,
            Self::CourseSession => LimitType::Course,
        }
    }
}

impl Booking {
    /// Why it does not count; none when it does.
    pub fn not_counted(&self, ignore_no_shows: bool) -> Option<NotCounted> {
        if self.method != BookingMethod::Membership {
            return Some(NotCounted::Method(self.method));
        }
        if self.is_comped {
            return Some(NotCounted::Comped);
        }
        if self.event.is_cancelled {
            return Some(NotCounted::EventCancelled);
        }
        (self.status == BookingStatus::NoShow && ignore_no_shows).then_some(NotCounted::NoShow)
    }

    fn course_key(&self) -> CourseKey {
        let by_type = CourseKey::OfferingType(self.event.offering_type);
        self.event.course.map_or(by_type, CourseKey::Course)
    }

    /// What sessions of one course are ordered by.
    pub(crate) fn order(&self) -> (Date, i64) {
        (self.event.date, self.attendance)
    }
}

/// All uses of one membership's bookings, each with the bookings that it is made of: single events
/// in the order given, then courses.
///
/// A course has the date and the offering type of its earliest counted session.
pub(crate) fn visit_uses(
    bookings: &[Booking],
    ignore_no_shows: bool,
    mut visit: impl FnMut(Use, &[&Booking]),
) {
    let mut courses: BTreeMap<CourseKey, Vec<&Booking>> = BTreeMap::new();
    for booking in bookings {
        if booking.not_counted(ignore_no_shows).is_some() {
            continue;
        }
        match booking.event.kind {
            EventKind::CourseSession => {
                courses.entry(booking.course_key()).or_default().push(booking)
            }
            EventKind::Class | EventKind::Appointment => visit(Use::of(booking), &[booking]),
        }
    }
    for sessions in courses.values() {
        if let Some(earliest) = sessions.iter().min_by_key(|session| session.order()) {
            visit(Use::of(earliest), sessions);
        }
    }
}

impl Use {
    fn of(booking: &Booking) -> Self {
        let event = &booking.event;
        let (date, offering_type) = (event.date, event.offering_type);
        Self { date, limit_type: event.kind.limit_type(), offering_type }
    }
}

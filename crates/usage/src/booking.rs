//! The bookings that count as uses, and the day of each use. Rule: spec/usage.md §5.

use std::collections::BTreeMap;

use model::allotment::LimitType;
use model::time::Date;

/// A customer's booking of an event: one row of `attendances`, with its event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Booking {
    /// The id of the attendance.
    pub attendance: i64,
    /// The status of the attendance.
    pub status: BookingStatus,
    /// The means of payment for the event.
    pub method: BookingMethod,
    /// True if the business gave the booking for free.
    pub is_comped: bool,
    /// The event that was booked.
    pub event: BookedEvent,
}

/// An event that was booked. Many bookings share one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BookedEvent {
    /// The kind of the event.
    pub kind: EventKind,
    /// The id of the event's offering type.
    pub offering_type: i64,
    /// The id of the course that the event is a session of.
    pub course: Option<i64>,
    /// The local date of the event's start, in the site's time zone, else in the provider's.
    pub date: Date,
    /// True if the business cancelled the event.
    pub is_cancelled: bool,
}

/// The kind of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// A class.
    Class,
    /// An appointment.
    Appointment,
    /// One session of a course.
    CourseSession,
}

/// The status of an attendance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookingStatus {
    /// Booked.
    Registered,
    /// The customer came.
    Attended,
    /// The customer did not come.
    NoShow,
    /// The customer cancelled too late.
    LateCancelled,
}

/// The means of payment for a booked event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookingMethod {
    /// By a membership.
    Membership,
    /// By a single payment.
    Dropin,
    /// No payment.
    Free,
}

/// The reason why a booking does not count; the first one that applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotCountedReason {
    /// The booking was not made by membership.
    Method(BookingMethod),
    /// The business gave the booking for free.
    Comped,
    /// The business cancelled the event.
    EventCancelled,
    /// The booking is a no-show, and the allotment ignores no-shows.
    NoShow,
}

/// One use: a booking, or all counted bookings of one course.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MembershipUse {
    pub(crate) date: Date,
    pub(crate) limit_type: LimitType,
    pub(crate) offering_type: i64,
}

/// The key by which sessions are grouped into one use: the course, else the offering type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum CourseKey {
    Course(i64),
    OfferingType(i64),
}

impl EventKind {
    /// Returns the type of the limits that an event of this kind is charged to.
    pub fn limit_type(self) -> LimitType {
        match self {
            Self::Class | Self::Appointment => LimitType::Event,
            Self::CourseSession => LimitType::Course,
        }
    }
}

impl Booking {
    /// Returns the reason why the booking does not count; none if it counts.
    pub fn not_counted_reason(&self, ignore_no_shows: bool) -> Option<NotCountedReason> {
        if self.method != BookingMethod::Membership {
            return Some(NotCountedReason::Method(self.method));
        }
        if self.is_comped {
            return Some(NotCountedReason::Comped);
        }
        if self.event.is_cancelled {
            return Some(NotCountedReason::EventCancelled);
        }
        (self.status == BookingStatus::NoShow && ignore_no_shows)
            .then_some(NotCountedReason::NoShow)
    }

    fn course_key(&self) -> CourseKey {
        let by_type = CourseKey::OfferingType(self.event.offering_type);
        self.event.course.map_or(by_type, CourseKey::Course)
    }

    /// Returns the sort key of the sessions of one course.
    pub(crate) fn sort_key(&self) -> (Date, i64) {
        (self.event.date, self.attendance)
    }
}

/// Calls `visit` with each use of one membership and the bookings that make it up: single events in
/// the order given, then courses.
///
/// A course has the date and the offering type of its earliest counted session.
pub(crate) fn visit_uses(
    bookings: &[Booking],
    ignore_no_shows: bool,
    mut visit: impl FnMut(MembershipUse, &[&Booking]),
) {
    let mut courses: BTreeMap<CourseKey, Vec<&Booking>> = BTreeMap::new();
    for booking in bookings {
        if booking.not_counted_reason(ignore_no_shows).is_some() {
            continue;
        }
        match booking.event.kind {
            EventKind::CourseSession => {
                courses.entry(booking.course_key()).or_default().push(booking)
            }
            EventKind::Class | EventKind::Appointment => {
                visit(MembershipUse::from_booking(booking), &[booking])
            }
        }
    }
    for sessions in courses.values() {
        if let Some(earliest) = sessions.iter().min_by_key(|session| session.sort_key()) {
            visit(MembershipUse::from_booking(earliest), sessions);
        }
    }
}

impl MembershipUse {
    fn from_booking(booking: &Booking) -> Self {
        let event = &booking.event;
        let (date, offering_type) = (event.date, event.offering_type);
        Self { date, limit_type: event.kind.limit_type(), offering_type }
    }
}

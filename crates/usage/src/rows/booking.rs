//! Readers of sites with their time zones, events and attendances.

use std::collections::HashMap;

use model::cell::CellRef;
use model::time::Zone;

use super::ReaderColumn;
use crate::booking::{BookedEvent, Booking, BookingMethod, BookingStatus, EventKind};
use crate::error::UsageError;

const KINDS: &[(&str, EventKind)] = &[
    ("class", EventKind::Class),
    ("appointment", EventKind::Appointment),
    ("course_session", EventKind::CourseSession),
];

const IS_CANCELLED: &[(&str, bool)] = &[("active", false), ("cancelled", true)];

const STATUSES: &[(&str, BookingStatus)] = &[
    ("registered", BookingStatus::Registered),
    ("attended", BookingStatus::Attended),
    ("no_show", BookingStatus::NoShow),
    ("late_cancelled", BookingStatus::LateCancelled),
];

const METHODS: &[(&str, BookingMethod)] = &[
    ("membership", BookingMethod::Membership),
    ("dropin", BookingMethod::Dropin),
    ("free", BookingMethod::Free),
];

/// The time zones of a provider and its sites.
#[derive(Debug, Clone)]
pub struct SiteZones {
    provider: Zone,
    sites: HashMap<i64, Zone>,
    id: ReaderColumn,
    timezone: ReaderColumn,
}

/// A reader of rows of `events`.
#[derive(Debug, Clone, Copy)]
pub struct EventReader {
    offering_type_id: ReaderColumn,
    site_id: ReaderColumn,
    kind: ReaderColumn,
    starts_at: ReaderColumn,
    status: ReaderColumn,
    course_id: ReaderColumn,
}

/// A reader of rows of `attendances`.
#[derive(Debug, Clone, Copy)]
pub struct AttendanceReader {
    id: ReaderColumn,
    event_id: ReaderColumn,
    customer_membership_id: ReaderColumn,
    status: ReaderColumn,
    booking_method: ReaderColumn,
    comped: ReaderColumn,
}

impl SiteZones {
    /// Returns the zones without sites: every event is in the provider's zone.
    pub fn new(provider: Zone) -> Self {
        let column = |name| ReaderColumn::look_up("sites", name);
        Self { provider, sites: HashMap::new(), id: column("id"), timezone: column("timezone") }
    }

    /// Adds a row of `sites`. An unknown time zone is ignored, because the import accepts any text.
    pub fn add_site<'c>(&mut self, cell: impl Fn(usize) -> CellRef<'c>) -> Result<(), UsageError> {
        let id = self.id.int(&cell)?;
        match self.timezone.optional_text(&cell)?.and_then(Zone::parse) {
            Some(zone) => self.sites.insert(id, zone),
            None => self.sites.remove(&id),
        };
        Ok(())
    }

    /// Returns the zone of an event at this site: the site's own, else the provider's.
    pub fn zone_of_site(&self, site: Option<i64>) -> &Zone {
        site.and_then(|id| self.sites.get(&id)).unwrap_or(&self.provider)
    }
}

impl Default for EventReader {
    fn default() -> Self {
        let column = |name| ReaderColumn::look_up("events", name);
        Self {
            offering_type_id: column("offering_type_id"),
            site_id: column("site_id"),
            kind: column("kind"),
            starts_at: column("starts_at"),
            status: column("status"),
            course_id: column("course_id"),
        }
    }
}

impl EventReader {
    /// Reads the event.
    pub fn read<'c>(
        &self,
        cell: impl Fn(usize) -> CellRef<'c>,
        zones: &SiteZones,
    ) -> Result<BookedEvent, UsageError> {
        let zone = zones.zone_of_site(self.site_id(&cell)?);
        Ok(BookedEvent {
            kind: self.kind.word_meaning(&cell, KINDS)?,
            offering_type: self.offering_type_id.int(&cell)?,
            course: self.course_id.optional_int(&cell)?,
            date: zone.date_of(self.starts_at.instant(&cell)?),
            is_cancelled: self.status.word_meaning(&cell, IS_CANCELLED)?,
        })
    }

    /// Reads the id of the event's site.
    pub fn site_id<'c>(
        &self,
        cell: impl Fn(usize) -> CellRef<'c>,
    ) -> Result<Option<i64>, UsageError> {
        self.site_id.optional_int(&cell)
    }
}

impl Default for AttendanceReader {
    fn default() -> Self {
        let column = |name| ReaderColumn::look_up("attendances", name);
        Self {
            id: column("id"),
            event_id: column("event_id"),
            customer_membership_id: column("customer_membership_id"),
            status: column("status"),
            booking_method: column("booking_method"),
            comped: column("comped"),
        }
    }
}

impl AttendanceReader {
    /// Reads the booking. `event` is the event with the id [`AttendanceReader::event_id`].
    pub fn read<'c>(
        &self,
        cell: impl Fn(usize) -> CellRef<'c>,
        event: BookedEvent,
    ) -> Result<Booking, UsageError> {
        Ok(Booking {
            attendance: self.id.int(&cell)?,
            status: self.status.word_meaning(&cell, STATUSES)?,
            method: self.booking_method.word_meaning(&cell, METHODS)?,
            is_comped: self.comped.bool(&cell)?,
            event,
        })
    }

    /// Reads the id of the event that was booked.
    pub fn event_id<'c>(&self, cell: impl Fn(usize) -> CellRef<'c>) -> Result<i64, UsageError> {
        self.event_id.int(&cell)
    }

    /// Reads the id of the customer membership that the booking uses.
    pub fn customer_membership_id<'c>(
        &self,
        cell: impl Fn(usize) -> CellRef<'c>,
    ) -> Result<Option<i64>, UsageError> {
        self.customer_membership_id.optional_int(&cell)
    }
}

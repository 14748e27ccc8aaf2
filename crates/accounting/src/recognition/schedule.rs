//! The progress of a piece: u from 0 to U, and the months in which it can change.
//! Rule: spec/accounting.md §7.2 to §7.5.

use model::time::Instant;

use super::shipments::ShipmentSchedule;
use super::time::TimeSchedule;
use crate::calendar::{Month, RecognitionPosition};

/// The way in which a piece is delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Schedule {
    /// Delivered over a period.
    Time(TimeSchedule),
    /// Delivered by shipments of issues.
    Shipments(ShipmentSchedule),
    /// Delivered as a whole, once the order item is fulfilled and shipped; none if it is not yet.
    Item(Option<SingleDelivery>),
    /// Delivered as a whole on the booking date.
    AtOnce(SingleDelivery),
}

/// A single delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SingleDelivery {
    /// The instant of the delivery.
    pub at: Instant,
    /// The local month of the delivery.
    pub month: Month,
}

impl Schedule {
    /// Returns the progress u at a position.
    pub fn progress(&self, position: &RecognitionPosition) -> i128 {
        match self {
            Self::Time(time) => time.progress(position),
            Self::Shipments(shipments) => shipments.progress(position),
            Self::Item(None) => 0,
            Self::Item(Some(delivery)) | Self::AtOnce(delivery) => {
                i128::from(position.has_reached(delivery.at))
            }
        }
    }

    /// Returns the progress U at the end.
    pub fn total(&self) -> i128 {
        match self {
            Self::Time(time) => time.total(),
            Self::Shipments(shipments) => shipments.total(),
            Self::Item(_) | Self::AtOnce(_) => 1,
        }
    }

    /// Returns the units delivered at a position, as shown in rows.
    pub fn units(&self, position: &RecognitionPosition) -> i128 {
        match self {
            Self::Time(time) => time.units(position),
            _ => self.progress(position),
        }
    }

    /// Returns the total units, as shown in rows.
    pub fn units_total(&self) -> i128 {
        match self {
            Self::Time(time) => time.units_total(),
            _ => self.total(),
        }
    }

    /// Returns the first month from `month` on in which the progress may change.
    pub fn next_change(&self, month: Month) -> Option<Month> {
        match self {
            Self::Time(time) => time.next_change(month),
            Self::Shipments(shipments) => shipments.next_change(month),
            Self::Item(None) => None,
            Self::Item(Some(delivery)) | Self::AtOnce(delivery) => {
                (delivery.month >= month).then_some(delivery.month)
            }
        }
    }

    /// Returns the name of the recognition method.
    pub fn method(&self) -> &'static str {
        match self {
            Self::Time(time) => time.method().as_str(),
            Self::Shipments(_) => "shipments",
            Self::Item(_) => "order_item",
            Self::AtOnce(_) => "at_once",
        }
    }

    /// Returns the name of the units.
    pub fn unit_name(&self) -> &'static str {
        match self {
            Self::Time(time) => time.unit_name(),
            Self::Shipments(_) => "shipments",
            Self::Item(_) | Self::AtOnce(_) => "deliveries",
        }
    }

    /// Returns the start and end of the period, if there is one.
    pub fn period(&self) -> Option<(Instant, Instant)> {
        match self {
            Self::Time(time) => Some(time.period()),
            _ => None,
        }
    }

    /// Returns true if delivery depends on the calendar alone, so that the future is known.
    pub fn is_calendar(&self) -> bool {
        matches!(self, Self::Time(_))
    }
}

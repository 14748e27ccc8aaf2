//! How far a piece has come: progress u from 0 to U, and when it can change.
//! Rule: spec/accounting.md §7.2 to §7.5.

use model::time::Instant;

use super::issue::Shipments;
use super::time::TimeSchedule;
use crate::calendar::{Month, Position};

/// How a piece is delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Schedule {
    /// Over a period.
    Time(TimeSchedule),
    /// By shipments of issues.
    Shipments(Shipments),
    /// Whole, when the order item is fulfilled and shipped; none = not yet.
    Item(Option<Delivery>),
    /// Whole, from the booking date on.
    AtOnce(Delivery),
}

/// A single delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery {
    /// When.
    pub at: Instant,
    /// Local month of it.
    pub month: Month,
}

impl Schedule {
    /// Progress u at a position.
    pub fn progress(&self, position: &Position) -> i128 {
        match self {
            Self::Time(time) => time.progress(position),
            Self::Shipments(shipments) => shipments.progress(position),
            Self::Item(None) => 0,
            Self::Item(Some(delivery)) | Self::AtOnce(delivery) => {
                i128::from(position.has_reached(delivery.at))
            }
        }
    }

    /// Progress U at the end.
    pub fn total(&self) -> i128 {
        match self {
            Self::Time(time) => time.total(),
            Self::Shipments(shipments) => shipments.total(),
            Self::Item(_) | Self::AtOnce(_) => 1,
        }
    }

    /// Units delivered at a position, as rows show them.
    pub fn units(&self, position: &Position) -> i128 {
        match self {
            Self::Time(time) => time.units(position),
            _ => self.progress(position),
        }
    }

    /// Units in all, as rows show them.
    pub fn units_total(&self) -> i128 {
        match self {
            Self::Time(time) => time.units_total(),
            _ => self.total(),
        }
    }

    /// First month from `month` on in which progress may change.
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

    /// Name of the way of recognition.
    pub fn method(&self) -> &'static str {
        match self {
            Self::Time(time) => time.method().as_str(),
            Self::Shipments(_) => "shipments",
            Self::Item(_) => "order_item",
            Self::AtOnce(_) => "at_once",
        }
    }

    /// Name of its units.
    pub fn unit_name(&self) -> &'static str {
        match self {
            Self::Time(time) => time.unit_name(),
            Self::Shipments(_) => "shipments",
            Self::Item(_) | Self::AtOnce(_) => "deliveries",
        }
    }

    /// Start and end, where there is a period.
    pub fn period(&self) -> Option<(Instant, Instant)> {
        match self {
            Self::Time(time) => Some(time.period()),
            _ => None,
        }
    }

    /// Whether the calendar alone delivers it, so that the future is known.
    pub fn is_calendar(&self) -> bool {
        matches!(self, Self::Time(_))
    }
}

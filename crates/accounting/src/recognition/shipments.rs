//! Pieces recognized by shipments, and the allocation of shipments to invoices.
//! Rule: spec/accounting.md §7.4.

use std::collections::BTreeMap;

use model::time::Instant;

use crate::calendar::{Month, ProviderCalendar, RecognitionPosition};
use crate::records::{Shipment, ShipmentStatus};

/// A change of one in the number of shipments of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ShipmentChange {
    /// The instant of the change.
    pub at: Instant,
    /// The id of the subscription.
    pub subscription_id: i64,
    /// +1 if sent, −1 if returned.
    pub change: i8,
}

/// The shipments counted for one piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShipmentSchedule {
    per_interval: i64,
    marks: Vec<(Instant, i8, Month)>,
}

impl ShipmentSchedule {
    pub(super) fn new(
        per_interval: i64,
        subscription_id: i64,
        marks: &[ShipmentChange],
        calendar: &ProviderCalendar,
    ) -> Self {
        let own = marks.iter().filter(|mark| mark.subscription_id == subscription_id);
        let mut marks: Vec<_> =
            own.map(|mark| (mark.at, mark.change, calendar.month_of(mark.at))).collect();
        marks.sort_unstable();
        Self { per_interval, marks }
    }

    pub(super) fn progress(&self, position: &RecognitionPosition) -> i128 {
        let reached = self.marks.iter().filter(|(at, ..)| position.has_reached(*at));
        let sum: i128 = reached.map(|(_, change, _)| i128::from(*change)).sum();
        sum.clamp(0, self.total())
    }

    pub(super) fn total(&self) -> i128 {
        i128::from(self.per_interval)
    }

    pub(super) fn next_change(&self, month: Month) -> Option<Month> {
        self.marks.iter().map(|(.., at)| *at).find(|at| *at >= month)
    }
}

/// An invoice whose net is recognized by shipments of one subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShipmentInvoice {
    /// The invoice's id.
    pub invoice_id: i64,
    /// The instant of the invoice's booking.
    pub booked_at: Instant,
    /// The number of shipments that the invoice pays for.
    pub per_interval: i64,
}

/// The result of allocating the shipments of one subscription to invoices.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ShipmentAllocation {
    /// The changes by invoice id.
    pub marks: BTreeMap<i64, Vec<ShipmentChange>>,
    /// The ids of shipments that have no date, or for which no invoice has room.
    pub without_invoice: Vec<i64>,
}

/// Allocates the shipments of one subscription to its shipment invoices.
///
/// A shipment that names one of the invoices belongs to it. The other shipments, in order of
/// (`approved_at`, id), go to the invoices in order of (booking, id). Each invoice takes as many as
/// it pays for; returned shipments do not count.
pub fn allocate_shipments(
    invoices: &[ShipmentInvoice],
    shipments: &[Shipment],
) -> ShipmentAllocation {
    let mut invoices = invoices.to_vec();
    invoices.sort_unstable_by_key(|invoice| (invoice.booked_at, invoice.invoice_id));
    let mut sent: Vec<_> =
        shipments.iter().filter(|s| s.status != ShipmentStatus::Pending).collect();
    sent.sort_unstable_by_key(|shipment| (shipment.approved_at, shipment.id));

    let mut allocation = ShipmentAllocation::default();
    let mut room: Vec<i64> = invoices.iter().map(|invoice| invoice.per_interval).collect();
    let mut others = Vec::new();
    for shipment in sent {
        let Some(marks) = shipment_changes(shipment) else {
            allocation.without_invoice.push(shipment.id);
            continue;
        };
        let named = shipment.invoice_id;
        match invoices.iter().position(|invoice| Some(invoice.invoice_id) == named) {
            Some(at) => {
                room[at] -= room_taken(shipment);
                allocation.marks.entry(invoices[at].invoice_id).or_default().extend(marks);
            }
            None => others.push((shipment, marks)),
        }
    }
    for (shipment, marks) in others {
        // A full invoice stays full, because its count never decreases.
        match room.iter().position(|room| *room > 0) {
            Some(at) => {
                room[at] -= room_taken(shipment);
                allocation.marks.entry(invoices[at].invoice_id).or_default().extend(marks);
            }
            None => allocation.without_invoice.push(shipment.id),
        }
    }
    allocation.without_invoice.sort_unstable();
    allocation
}

fn room_taken(shipment: &Shipment) -> i64 {
    i64::from(shipment.status == ShipmentStatus::Approved)
}

/// Returns none if a date that the status requires is missing.
fn shipment_changes(shipment: &Shipment) -> Option<Vec<ShipmentChange>> {
    let mark =
        |at, change| ShipmentChange { at, subscription_id: shipment.subscription_id, change };
    let mut marks = vec![mark(shipment.approved_at?, 1)];
    if shipment.status == ShipmentStatus::Returned {
        marks.push(mark(shipment.returned_at?, -1));
    }
    Some(marks)
}

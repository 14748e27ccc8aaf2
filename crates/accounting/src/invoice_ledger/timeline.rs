//! The events of an invoice, in processing order. Rule: spec/accounting.md §5.

use model::time::Instant;

use super::LedgerRules;
use super::credit_note::NoteTerms;
use crate::booking::{InvoiceBooking, booked_at};
use crate::calendar::ProviderCalendar;
use crate::invoice_records::{InvoiceRecords, InvoiceRefund};
use crate::recognition::Schedule;
use crate::recognition::piece::InvoicePiece;
use crate::records::{BalanceTransaction, Directory, InvoiceStatus, Payment};
use crate::settings::EarlyEnd;

/// One event of an invoice.
#[derive(Debug, Clone, Copy)]
pub(super) enum InvoiceEvent<'a> {
    Application(&'a BalanceTransaction),
    Payment(&'a Payment),
    Note(NoteTerms<'a>),
    Refund(&'a InvoiceRefund),
    Void,
    Uncollectible,
    EarlyEnd(i64),
}

impl InvoiceEvent<'_> {
    /// Returns true if the event moves money, whether the invoice exists or not.
    pub(super) fn moves_money(&self) -> bool {
        matches!(self, Self::Payment(_) | Self::Refund(_))
    }
}

/// An event with the instant at which it takes effect.
#[derive(Debug, Clone, Copy)]
pub(super) struct DatedEvent<'a> {
    pub(super) at: Instant,
    pub(super) event: InvoiceEvent<'a>,
}

impl DatedEvent<'_> {
    /// Returns the sort key: instant, rank, id. A credit note sorts before a credit-note invoice
    /// with the same id.
    fn sort_key(&self) -> (Instant, u8, i64, bool) {
        let (rank, id, is_invoice) = match self.event {
            InvoiceEvent::Application(transaction) => (1, transaction.id, false),
            InvoiceEvent::Payment(payment) => (2, payment.id, false),
            InvoiceEvent::Note(note) => (3, note.id(), note.is_invoice()),
            InvoiceEvent::Refund(refund) => (4, refund.refund.id, false),
            InvoiceEvent::Void => (5, 0, false),
            InvoiceEvent::Uncollectible => (6, 0, false),
            InvoiceEvent::EarlyEnd(subscription) => (7, subscription, false),
        };
        (self.at, rank, id, is_invoice)
    }
}

/// Returns true if `at` is on a day before the booking. The time of day is ignored, because a
/// payment is often some seconds older than its invoice.
pub(super) fn is_before_booking(
    at: Instant,
    booking: &InvoiceBooking,
    calendar: &ProviderCalendar,
) -> bool {
    calendar.date_of(at) < booking.date
}

/// Returns all events of an invoice, in order. Only payments and refunds take effect before the
/// booking; any other event dated earlier takes effect at the booking.
pub(super) fn invoice_events<'a>(
    records: &'a InvoiceRecords,
    directory: &Directory,
    books: &LedgerRules,
    booking: &InvoiceBooking,
    pieces: &[InvoicePiece],
) -> Vec<DatedEvent<'a>> {
    let invoice = &records.invoice;
    let mut events = Vec::new();
    let mut add = |at, event| events.push(DatedEvent { at, event });
    let once_booked =
        |at| if is_before_booking(at, booking, &books.calendar) { booking.instant } else { at };
    for transaction in &records.applications {
        add(once_booked(transaction.date), InvoiceEvent::Application(transaction));
    }
    for payment in &records.payments {
        add(payment.date, InvoiceEvent::Payment(payment));
    }
    for note in &records.credit_notes {
        add(once_booked(note.date), InvoiceEvent::Note(NoteTerms::Note(note)));
    }
    for note in &records.credit_note_invoices {
        add(once_booked(booked_at(note)), InvoiceEvent::Note(NoteTerms::Invoice(note)));
    }
    for refund in &records.refunds {
        add(refund.refund.date(), InvoiceEvent::Refund(refund));
    }
    match invoice.status {
        // A void never takes effect before the booking.
        InvoiceStatus::Void => {
            let at = invoice.voided_at.unwrap_or(booking.instant).max(booking.instant);
            add(at, InvoiceEvent::Void);
        }
        InvoiceStatus::Uncollectible => {
            let at = invoice.uncollectible_at.unwrap_or(booking.instant);
            add(once_booked(at), InvoiceEvent::Uncollectible);
        }
        _ => {}
    }
    if books.settings.early_end == EarlyEnd::Accelerate {
        let mut ended: Vec<_> =
            pieces.iter().filter_map(|piece| early_end(piece, directory)).collect();
        ended.sort_unstable();
        ended.dedup();
        for (subscription, at) in ended {
            add(at, InvoiceEvent::EarlyEnd(subscription));
        }
    }
    events.sort_unstable_by_key(DatedEvent::sort_key);
    events
}

/// Returns the subscription of a time piece and its end, if it ends before the piece's period does.
pub(super) fn early_end(piece: &InvoicePiece, directory: &Directory) -> Option<(i64, Instant)> {
    let Schedule::Time(time) = &piece.schedule else { return None };
    let subscription = directory.subscriptions.get(&piece.subscription_id?)?;
    let ended_at = subscription.ended_at.filter(|at| *at < time.end())?;
    Some((subscription.id, ended_at))
}

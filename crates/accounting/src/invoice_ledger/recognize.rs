//! Postings for the movement of pieces: one per piece and month. Rule: spec/accounting.md §7.2, §9.

use super::InvoiceLedgerBuilder;
use crate::calendar::RecognitionPosition;
use crate::posting::{
    CategoryAmounts, LedgerCategory, PieceProgress, PieceShare, Posting, PostingLinks,
    PostingSource,
};
use crate::recognition::Schedule;
use crate::recognition::piece::{InvoicePiece, PieceMovement};

impl InvoiceLedgerBuilder<'_> {
    /// Moves every piece up to the horizon and posts the movement of each month.
    pub(super) fn recognize(&mut self) {
        let look = self.movement_context();
        let position = RecognitionPosition::at_horizon(self.span.until, look.calendar);
        for piece in &mut self.pieces {
            piece.advance(&position, &look);
        }
        let mut pieces = std::mem::take(&mut self.pieces);
        for piece in &mut pieces {
            for at in 0..piece.movements.len() {
                let workings = std::mem::take(&mut piece.movements[at].workings);
                let movement = &piece.movements[at];
                if movement.amount == 0 {
                    continue;
                }
                let posting = self.recognition(piece, movement, &position);
                self.postings.push(Posting { calculation: workings, ..posting });
            }
        }
        self.pieces = pieces;
    }

    fn recognition(
        &self,
        piece: &InvoicePiece,
        movement: &PieceMovement,
        horizon: &RecognitionPosition,
    ) -> Posting {
        let calendar = &self.books.calendar;
        let occurred_at = if movement.month == horizon.month {
            self.span.until.last_instant()
        } else {
            let next = calendar.start_of(movement.month.next());
            model::time::Instant::from_micros(next.micros().saturating_sub(1))
        };
        let amount = movement.amount;
        let (plan_id, product_id) = (piece.plan_id, piece.product_id);
        let share = PieceShare { deferred: amount, recognized: -amount, ..piece.share(0, 0) };
        Posting {
            file: piece.file,
            source: PostingSource::Piece(piece.id),
            source_id: piece.id.source_id(),
            month: movement.month,
            date: calendar.date_of(occurred_at),
            occurred_at,
            currency: self.records.invoice.currency,
            amounts: CategoryAmounts::from_entries([
                (LedgerCategory::DeferredRevenue, amount),
                (LedgerCategory::RecognizedRevenue, -amount),
            ]),
            links: PostingLinks {
                subscription_id: piece.subscription_id,
                plan_id,
                product_id,
                ..self.belongs
            },
            booking_month: Some(self.booking.month),
            shares: vec![share],
            progress: Some(progress(piece, movement)),
            adjusts_month: None,
            calculation: Vec::new(),
        }
    }
}

fn progress(piece: &InvoicePiece, movement: &PieceMovement) -> PieceProgress {
    PieceProgress {
        method: piece.schedule.method(),
        period: match &piece.schedule {
            Schedule::Time(_) => piece.schedule.period(),
            _ => None,
        },
        units_before: movement.units_before,
        units: movement.units_after - movement.units_before,
        units_total: piece.schedule.units_total(),
        net: piece.net,
        recognized_to_date: movement.recognized,
        deferred_after: movement.deferred,
    }
}

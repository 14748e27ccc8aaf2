//! Reversal of a net amount, shared by credit notes, refunds and write-offs.
//! Rule: spec/accounting.md §6.2.

use model::time::Instant;

use super::InvoiceLedgerBuilder;
use crate::arithmetic::{clamp_towards, mul_div_half_away, split_by_weights};
use crate::calendar::RecognitionPosition;
use crate::posting::CalculationStep;
use crate::posting::PieceShare;
use crate::settings::ReversalSplit;

/// The amounts of a reversal.
pub(super) struct Reversal {
    /// d: the amount taken from deferred.
    pub(super) deferred: i128,
    /// r + x: the amount taken from recognized, and the amount beyond the invoice.
    pub(super) recognized: i128,
    /// x: the amount beyond the invoice.
    pub(super) beyond: i128,
    /// The same amounts by piece.
    pub(super) shares: Vec<PieceShare>,
    /// The step of the calculation; none if nothing was taken back.
    pub(super) working: Option<CalculationStep>,
}

impl InvoiceLedgerBuilder<'_> {
    /// Takes `net` back at `at`. A net of zero changes nothing, so pieces keep their base.
    pub(super) fn reverse_net(&mut self, net: i128, at: Instant) -> Reversal {
        if net == 0 {
            let shares = Vec::new();
            return Reversal { deferred: 0, recognized: 0, beyond: 0, shares, working: None };
        }
        let look = self.movement_context();
        let position = RecognitionPosition::at_event(at, look.calendar);
        for piece in &mut self.pieces {
            piece.advance(&position, &look);
        }
        let deferred_by_piece: Vec<_> = self.pieces.iter().map(|piece| piece.deferred).collect();
        let recognized_by_piece: Vec<_> =
            self.pieces.iter().map(|piece| piece.recognized).collect();
        let deferred_sum: i128 = deferred_by_piece.iter().sum();
        let recognized_sum: i128 = recognized_by_piece.iter().sum();

        let split = self.books.settings.reversal_split;
        let wanted = self.wanted_from_deferred(net, deferred_sum, recognized_sum);
        let deferred = clamp_towards(wanted, deferred_sum);
        let recognized = clamp_towards(net - deferred, recognized_sum);
        let beyond = net - deferred - recognized;
        let deferred_shares = split_by_weights(deferred, &deferred_by_piece);
        let recognized_shares = split_by_weights(recognized, &recognized_by_piece);

        let mut shares = Vec::with_capacity(self.pieces.len() + 1);
        let parts = deferred_shares.into_iter().zip(recognized_shares);
        for (piece, (from_deferred, from_recognized)) in self.pieces.iter_mut().zip(parts) {
            piece.take_back(from_deferred, from_recognized, &position, &look);
            if (from_deferred, from_recognized) != (0, 0) {
                shares.push(piece.share(from_deferred, from_recognized));
            }
        }
        if beyond != 0 {
            shares.push(PieceShare {
                piece: None,
                plan_id: None,
                product_id: None,
                deferred: 0,
                recognized: beyond,
            });
        }
        self.taken_from_deferred += deferred;
        let working = CalculationStep::TakenBack {
            net,
            deferred: deferred_sum,
            recognized: recognized_sum,
            from_deferred: deferred,
            from_recognized: recognized,
            beyond,
            split,
        };
        let working = Some(working);
        Reversal { deferred, recognized: recognized + beyond, beyond, shares, working }
    }

    fn wanted_from_deferred(&self, net: i128, deferred: i128, recognized: i128) -> i128 {
        let have_one_sign = deferred.signum() * recognized.signum() == 1;
        match self.books.settings.reversal_split {
            ReversalSplit::Proportional if have_one_sign => {
                mul_div_half_away(net, deferred, deferred + recognized)
            }
            ReversalSplit::Proportional | ReversalSplit::UndeliveredFirst => net,
        }
    }

    /// Takes the tax contained in `amount` out of TAX. The tax is 0 if nothing is left of the
    /// invoice.
    pub(super) fn take_tax(&mut self, amount: i128) -> (i128, CalculationStep) {
        let (tax, left) = (self.tax, self.remaining_amount());
        let share = mul_div_half_away(tax, amount, left);
        self.tax -= share;
        (share, CalculationStep::TaxShare { tax, amount, left, share })
    }
}

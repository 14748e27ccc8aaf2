//! Refunds of an invoice. Rule: spec/accounting.md §6.4.

use super::{InvoiceLedgerBuilder, InvoicePostingDraft, PaymentCredit};
use crate::invoice_records::InvoiceRefund;
use crate::issue::IssueCode;
use crate::posting::CalculationStep;
use crate::posting::{CategoryAmounts, LedgerCategory, LedgerFile, PieceShare, PostingSource};
use crate::records::{CreditNote, NoteType, Refund};

impl InvoiceLedgerBuilder<'_> {
    pub(super) fn apply_refund(&mut self, tied: &InvoiceRefund) {
        let refund = &tied.refund;
        let (id, at, amount) = (refund.id, refund.date(), i128::from(refund.amount));
        let (amounts, shares, workings) = if tied.pays_out_note {
            let amounts =
                CategoryAmounts::from_entries([(LedgerCategory::CustomerBalance, amount)]);
            (amounts, Vec::new(), vec![CalculationStep::RefundOfNote { amount }])
        } else {
            if self.has_unlinked_note_of(refund) {
                self.report_at(IssueCode::RefundUnlinkedNote, "refunds", id, at, amount);
            }
            self.reverse_for_refund(refund)
        };
        let entry = InvoicePostingDraft {
            file: LedgerFile::RefundsMade,
            source: PostingSource::Refund,
            id,
            at,
            customer_id: refund.customer_id,
            amounts: amounts + CategoryAmounts::from_entries([(refund.paid_from(), -amount)]),
            shares,
        };
        self.post(entry, || workings);
    }

    /// Takes a refund back from three sources, in this order: credit left by the invoice's payments
    /// (the refunded payment first), the amount given for the invoice, and customer credit.
    fn reverse_for_refund(
        &mut self,
        refund: &Refund,
    ) -> (CategoryAmounts, Vec<PieceShare>, Vec<CalculationStep>) {
        let amount = i128::from(refund.amount);
        let from_credit = self.take_credit_of_payments(refund.payment_id, amount);
        let rest = amount - from_credit;
        let settled =
            if self.is_booked { (self.remaining_amount() - self.receivable).max(0) } else { 0 };
        let taken_back = rest.min(settled);
        let (tax, tax_working) = self.take_tax(taken_back);
        let reversal = self.reverse_net(taken_back - tax, refund.date());
        let amounts = CategoryAmounts::from_entries([
            (LedgerCategory::CustomerBalance, amount - taken_back),
            (LedgerCategory::DeferredRevenue, reversal.deferred),
            (LedgerCategory::Taxes, tax),
            (LedgerCategory::RecognizedRevenue, reversal.recognized),
        ]);
        let mut workings =
            vec![CalculationStep::Refunded { amount, from_credit, settled, taken_back }];
        workings.extend((tax != 0).then_some(tax_working));
        workings.extend(reversal.working);
        (amounts, reversal.shares, workings)
    }

    /// Falls back to other payments' credit: if an invoice was paid twice, either payment may be
    /// refunded.
    fn take_credit_of_payments(&mut self, refunded: Option<i64>, amount: i128) -> i128 {
        let credits = &mut self.credit_of_payments;
        let is_own = |credit: &PaymentCredit| Some(credit.payment_id) == refunded;
        let mut rest = amount;
        for wants_own in [true, false] {
            for credit in credits.iter_mut().filter(|credit| is_own(credit) == wants_own) {
                let taken = rest.min(credit.amount).max(0);
                credit.amount -= taken;
                rest -= taken;
            }
        }
        amount - rest
    }

    /// Returns true if this invoice has a post-payment note of the same total without a linked
    /// refund.
    fn has_unlinked_note_of(&self, refund: &Refund) -> bool {
        let is_named = |note: &CreditNote| {
            note.refund_id.is_some()
                || self.records.refunds.iter().any(|r| r.refund.credit_note_id == Some(note.id))
        };
        self.records.credit_notes.iter().any(|note| {
            let is_equal = note.total == refund.amount;
            note.note_type == NoteType::PostPayment && is_equal && !is_named(note)
        })
    }
}

//! The outcome of an invoice.

use model::time::Instant;

use super::correction_kind::Correction;
use super::receipts::CustomerAccount;
use super::{InvoiceDraft, InvoiceTotals};
use crate::row_generator::RowGenerator;

const DAY: i64 = 86_400;

/// The planned outcome of an invoice. Steps that lie in the future are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InvoiceOutcome {
    /// Never sent.
    Draft,
    /// Sent, without any payment.
    Open,
    /// Half paid.
    PartlyPaid,
    /// Paid.
    Paid,
    /// Paid after one failed payment.
    PaidLate,
    /// Unpaid; every payment failed.
    PastDue,
    /// Voided because it was sent by mistake.
    Void,
    /// Written off.
    Uncollectible,
}

/// The actual outcome of an invoice, with amounts and instants.
#[derive(Debug, Clone, Copy)]
pub(super) struct InvoiceSettlement {
    pub(super) status: &'static str,
    pub(super) paid: i64,
    pub(super) credit_applied: i64,
    /// Credit that was applied, and returned when the invoice was voided.
    pub(super) credit_unapplied: i64,
    /// Amount of the credit note before payment.
    pub(super) noted: i64,
    /// Number of failed payments.
    pub(super) failures: i64,
    pub(super) paid_at: Option<Instant>,
    /// Instant of the last payment, which may be partial.
    pub(super) received_at: Option<Instant>,
    pub(super) voided_at: Option<Instant>,
    pub(super) uncollectible_at: Option<Instant>,
    pub(super) changed_at: Instant,
}

impl InvoiceSettlement {
    pub(super) fn decide(
        generator: &mut RowGenerator<'_>,
        account: &CustomerAccount,
        draft: &InvoiceDraft<'_>,
        totals: &InvoiceTotals,
    ) -> Self {
        let mut settlement = Self::open(draft);
        let credit = account.credit_at(draft.at, draft.currency).min(totals.total.max(0));
        match draft.outcome {
            InvoiceOutcome::Draft => settlement.status = "draft",
            InvoiceOutcome::Open => settlement.note_before_payment(generator, draft, totals),
            InvoiceOutcome::PartlyPaid => settlement.pay_half(generator, draft, totals),
            InvoiceOutcome::Paid => settlement.pay(generator, draft, totals, credit),
            InvoiceOutcome::PaidLate => settlement.pay_late(generator, draft, totals),
            InvoiceOutcome::PastDue => settlement.fail(3),
            InvoiceOutcome::Void => settlement.void(generator, draft, credit),
            InvoiceOutcome::Uncollectible => settlement.write_off(generator, draft),
        }
        settlement
    }

    /// Returns the amount that is still due on the invoice.
    pub(super) fn remaining(&self, totals: &InvoiceTotals) -> i64 {
        (totals.total - self.paid - self.credit_applied - self.noted).max(0)
    }

    fn open(draft: &InvoiceDraft<'_>) -> Self {
        Self {
            status: "open",
            paid: 0,
            credit_applied: 0,
            credit_unapplied: 0,
            noted: 0,
            failures: 0,
            paid_at: None,
            received_at: None,
            voided_at: None,
            uncollectible_at: None,
            changed_at: draft.advanced_at.unwrap_or(draft.at),
        }
    }

    fn pay(
        &mut self,
        generator: &mut RowGenerator<'_>,
        draft: &InvoiceDraft<'_>,
        totals: &InvoiceTotals,
        credit: i64,
    ) {
        let delay = draft.method.delay_seconds(&mut generator.draw);
        let due = totals.total - credit;
        let paid_at =
            if due == 0 { draft.at.plus_seconds(1) } else { draft.at.plus_seconds(delay) };
        if !generator.calendar.has_passed(paid_at) {
            return;
        }
        self.status = "paid";
        self.credit_applied = credit;
        self.paid = due;
        self.paid_at = Some(paid_at);
        self.received_at = (due > 0).then_some(paid_at);
        self.changed_at = paid_at;
    }

    fn pay_half(
        &mut self,
        generator: &RowGenerator<'_>,
        draft: &InvoiceDraft<'_>,
        totals: &InvoiceTotals,
    ) {
        let came_at = draft.at.plus_seconds(4 * DAY);
        if generator.calendar.has_passed(came_at) {
            self.paid = totals.total / 2;
            self.received_at = Some(came_at);
            self.changed_at = came_at;
        }
    }

    fn pay_late(
        &mut self,
        generator: &RowGenerator<'_>,
        draft: &InvoiceDraft<'_>,
        totals: &InvoiceTotals,
    ) {
        let paid_at = draft.at.plus_seconds(3 * DAY);
        self.fail(1);
        if generator.calendar.has_passed(paid_at) {
            self.status = "paid";
            self.paid = totals.total;
            self.paid_at = Some(paid_at);
            self.received_at = Some(paid_at);
            self.changed_at = paid_at;
        }
    }

    fn fail(&mut self, failures: i64) {
        self.status = "past_due";
        self.failures = failures;
    }

    fn void(&mut self, generator: &mut RowGenerator<'_>, draft: &InvoiceDraft<'_>, credit: i64) {
        let voided_at = draft.at.plus_seconds(generator.draw.between(1, 9) * DAY);
        if generator.calendar.has_passed(voided_at) {
            self.status = "void";
            self.credit_unapplied = credit;
            self.voided_at = Some(voided_at);
            self.changed_at = voided_at;
        }
    }

    fn write_off(&mut self, generator: &RowGenerator<'_>, draft: &InvoiceDraft<'_>) {
        let given_up_at = draft.at.plus_seconds(45 * DAY);
        self.fail(3);
        if generator.calendar.has_passed(given_up_at) {
            self.status = "uncollectible";
            self.uncollectible_at = Some(given_up_at);
            self.changed_at = given_up_at;
        }
    }

    fn note_before_payment(
        &mut self,
        generator: &RowGenerator<'_>,
        draft: &InvoiceDraft<'_>,
        totals: &InvoiceTotals,
    ) {
        let noted_at = draft.at.plus_seconds(2 * DAY);
        let is_wanted = draft.correction == Correction::NoteBeforePayment;
        if is_wanted && generator.calendar.has_passed(noted_at) {
            self.noted = totals.total / 4;
            self.changed_at = noted_at;
        }
    }
}

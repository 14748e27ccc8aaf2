//! Corrections of sent invoices: refunds, credit notes and credit-note invoices.

use std::io;

use model::time::Instant;

use super::correction_kind::Correction;
use super::receipts::{CreditMovement, CustomerAccount};
use super::settlement::InvoiceSettlement;
use super::{InvoiceDraft, InvoiceTotals};
use crate::row::DemoValue;
use crate::row_generator::RowGenerator;

const DAY: i64 = 86_400;

/// Returns the part of the payment of `draft` that is refunded. It must be known when the payment is
/// written.
pub(super) fn refunded_amount(
    generator: &RowGenerator<'_>,
    draft: &InvoiceDraft<'_>,
    settlement: &InvoiceSettlement,
) -> i64 {
    match correction_instant(generator, draft, settlement) {
        Some(_) => match draft.correction {
            Correction::RefundOfPart | Correction::RefundToBalance => settlement.paid / 3,
            Correction::NoteThenRefund | Correction::RefundThenNote => settlement.paid,
            Correction::CreditNoteInvoice => settlement.paid / 2,
            _ => 0,
        },
        None => 0,
    }
}

fn correction_instant(
    generator: &RowGenerator<'_>,
    draft: &InvoiceDraft<'_>,
    settlement: &InvoiceSettlement,
) -> Option<Instant> {
    let after = match draft.correction {
        Correction::None => return None,
        Correction::NoteBeforePayment if settlement.noted > 0 => draft.at.plus_seconds(2 * DAY),
        Correction::NoteBeforePayment => return None,
        _ => settlement.received_at?.plus_seconds(6 * DAY + 4321),
    };
    generator.calendar.has_passed(after).then_some(after)
}

/// A document to correct, and the instant of the correction.
struct CorrectionCase<'a> {
    draft: &'a InvoiceDraft<'a>,
    invoice_id: i64,
    payment_id: Option<i64>,
    totals: &'a InvoiceTotals,
    at: Instant,
}

pub(super) fn write_correction(
    generator: &mut RowGenerator<'_>,
    account: &mut CustomerAccount,
    draft: &InvoiceDraft<'_>,
    invoice_id: i64,
    payment_id: Option<i64>,
    totals: &InvoiceTotals,
    settlement: &InvoiceSettlement,
) -> io::Result<()> {
    let Some(at) = correction_instant(generator, draft, settlement) else { return Ok(()) };
    let refunded = refunded_amount(generator, draft, settlement);
    let case = CorrectionCase { draft, invoice_id, payment_id, totals, at };
    match draft.correction {
        Correction::None => Ok(()),
        Correction::RefundOfPart => {
            case.refund(generator, account, &RefundDraft::of_amount(refunded)).map(|_| ())
        }
        Correction::NoteThenRefund => case.note_then_refund(generator, account, refunded),
        Correction::RefundThenNote => case.refund_then_note(generator, account, refunded),
        Correction::CreditNoteInvoice => case.credit_note_invoice(generator, account, refunded),
        Correction::RefundToBalance => {
            let refund =
                RefundDraft { destination: "customer_balance", ..RefundDraft::of_amount(refunded) };
            let refund_id = case.refund(generator, account, &refund)?;
            case.credit(generator, account, "refund", -refunded, Some(refund_id), None)
        }
        Correction::NoteToBalance => {
            let note = CreditNoteDraft { total: settlement.paid / 5, ..CreditNoteDraft::default() };
            case.note_with_credit(generator, account, &note).map(|_| ())
        }
        Correction::NoteBeforePayment => {
            let note = CreditNoteDraft {
                total: settlement.noted,
                is_early: true,
                ..CreditNoteDraft::default()
            };
            case.note(generator, account, &note).map(|_| ())
        }
        Correction::NoteVoided => {
            let note = CreditNoteDraft {
                total: settlement.paid / 10,
                is_void: true,
                ..CreditNoteDraft::default()
            };
            case.note(generator, account, &note).map(|_| ())
        }
        Correction::RefundStuck(how) => {
            let status = ["pending", "failed", "canceled"][usize::from(how % 3)];
            let refund = RefundDraft { status, ..RefundDraft::of_amount(settlement.paid) };
            case.refund(generator, account, &refund).map(|_| ())
        }
    }
}

struct RefundDraft {
    amount: i64,
    status: &'static str,
    destination: &'static str,
    credit_note_id: Option<i64>,
    /// The invoice that the refund names; none = the paid one.
    invoice_id: Option<i64>,
}

impl RefundDraft {
    fn of_amount(amount: i64) -> Self {
        let (credit_note_id, invoice_id) = (None, None);
        Self { amount, status: "succeeded", destination: "card", credit_note_id, invoice_id }
    }
}

#[derive(Default)]
struct CreditNoteDraft {
    total: i64,
    refund_id: Option<i64>,
    is_early: bool,
    is_void: bool,
}

impl CorrectionCase<'_> {
    fn note_then_refund(
        &self,
        generator: &mut RowGenerator<'_>,
        account: &mut CustomerAccount,
        amount: i64,
    ) -> io::Result<()> {
        let note = CreditNoteDraft { total: amount, ..CreditNoteDraft::default() };
        let note_id = self.note_with_credit(generator, account, &note)?;
        let refund =
            RefundDraft { credit_note_id: Some(note_id), ..RefundDraft::of_amount(amount) };
        let refund_id = self.refund(generator, account, &refund)?;
        self.credit(generator, account, "refund", amount, Some(refund_id), None)
    }

    fn refund_then_note(
        &self,
        generator: &mut RowGenerator<'_>,
        account: &mut CustomerAccount,
        amount: i64,
    ) -> io::Result<()> {
        let refund_id = self.refund(generator, account, &RefundDraft::of_amount(amount))?;
        let note = CreditNoteDraft {
            total: amount,
            refund_id: Some(refund_id),
            ..CreditNoteDraft::default()
        };
        self.note_with_credit(generator, account, &note)?;
        self.credit(generator, account, "refund", amount, Some(refund_id), None)
    }

    fn note_with_credit(
        &self,
        generator: &mut RowGenerator<'_>,
        account: &mut CustomerAccount,
        note: &CreditNoteDraft,
    ) -> io::Result<i64> {
        let note_id = self.note(generator, account, note)?;
        self.credit(generator, account, "credit_note", -note.total, None, Some(note_id))?;
        Ok(note_id)
    }

    fn credit(
        &self,
        generator: &mut RowGenerator<'_>,
        account: &mut CustomerAccount,
        kind: &'static str,
        amount: i64,
        refund_id: Option<i64>,
        credit_note_id: Option<i64>,
    ) -> io::Result<()> {
        let movement = CreditMovement::new(kind, amount, self.draft.currency, self.at);
        let movement = CreditMovement { refund_id, credit_note_id, ..movement };
        account.write_movement(generator, &movement)
    }

    fn note(
        &self,
        generator: &mut RowGenerator<'_>,
        account: &CustomerAccount,
        note: &CreditNoteDraft,
    ) -> io::Result<i64> {
        let next = generator.last_id("credit_notes")? + 1;
        let number = format!("{}-CN-{next:05}", generator.invoice_prefix);
        let tax = proportional_share(self.totals.tax, note.total, self.totals.total);
        let reason = generator.draw.pick(&[None, Some("duplicate"), Some("order_change")]);
        let deleted_at = (note.is_void && next % 2 == 0).then_some(self.at);
        generator.add(
            "credit_notes",
            (self.at, self.at),
            [
                ("number", (!note.is_void).then_some(number.as_str()).into()),
                ("invoice_id", self.invoice_id.into()),
                ("customer_id", account.customer_id.into()),
                ("type", if note.is_early { "pre_payment" } else { "post_payment" }.into()),
                ("status", if note.is_void { "void" } else { "issued" }.into()),
                ("reason", reason.into()),
                ("amount", (note.total - tax).into()),
                ("tax", tax.into()),
                ("total", note.total.into()),
                ("currency", self.draft.currency.code().into()),
                ("refund_id", note.refund_id.into()),
                ("date", self.at.into()),
                ("deleted_at", deleted_at.into()),
            ],
        )
    }

    fn refund(
        &self,
        generator: &mut RowGenerator<'_>,
        account: &CustomerAccount,
        refund: &RefundDraft,
    ) -> io::Result<i64> {
        let channel = self.draft.method.channel;
        let destination = match (refund.destination, channel) {
            ("card", "offline") => "offline",
            (destination, _) => destination,
        };
        let next = generator.last_id("refunds")? + 1;
        let has_succeeded = refund.status == "succeeded";
        let reason =
            generator.draw.pick(&[None, Some("requested_by_customer"), Some("moved away")]);
        let deleted_at = (!has_succeeded && next % 3 == 0).then_some(self.at);
        let is_of_payment = refund.invoice_id.is_none();
        let is_named = is_of_payment && next % 4 != 0;
        let invoice_id = match refund.invoice_id {
            None => (next % 5 != 0).then_some(self.invoice_id),
            named => named,
        };
        generator.add(
            "refunds",
            (self.at, self.at),
            [
                ("payment_id", self.payment_id.filter(|_| is_of_payment).into()),
                ("customer_id", is_named.then_some(account.customer_id).into()),
                ("invoice_id", invoice_id.into()),
                ("credit_note_id", refund.credit_note_id.into()),
                ("amount", refund.amount.into()),
                ("currency", self.draft.currency.code().into()),
                ("status", refund.status.into()),
                ("type", channel.into()),
                ("destination", destination.into()),
                ("reason", reason.into()),
                ("succeeded_at", has_succeeded.then_some(self.at).into()),
                ("deleted_at", deleted_at.into()),
            ],
        )
    }

    fn credit_note_invoice(
        &self,
        generator: &mut RowGenerator<'_>,
        account: &mut CustomerAccount,
        total: i64,
    ) -> io::Result<()> {
        let tax = proportional_share(self.totals.tax, total, self.totals.total);
        let invoice_id = self.add_credit_note_invoice(generator, account, total, tax)?;
        let noted = CreditMovement::new("credit_note", -total, self.draft.currency, self.at);
        let noted = CreditMovement { invoice_id: Some(invoice_id), ..noted };
        account.write_movement(generator, &noted.described("Credit note"))?;
        let refund = RefundDraft { invoice_id: Some(invoice_id), ..RefundDraft::of_amount(total) };
        let refund_id = self.refund(generator, account, &refund)?;
        self.credit(generator, account, "refund", total, Some(refund_id), None)
    }

    fn add_credit_note_invoice(
        &self,
        generator: &mut RowGenerator<'_>,
        account: &CustomerAccount,
        total: i64,
        tax: i64,
    ) -> io::Result<i64> {
        let (draft, net) = (self.draft, total - tax);
        let number = format!("{}-CR-{:06}", generator.invoice_prefix, self.invoice_id);
        let invoice_id = generator.add(
            "invoices",
            (self.at, self.at),
            [
                ("number", (&number).into()),
                ("customer_id", account.customer_id.into()),
                ("subscription_id", draft.subscription_id.into()),
                ("order_id", draft.order_id.into()),
                ("customer_membership_id", draft.customer_membership_id.into()),
                ("site_id", draft.site_id.into()),
                ("status", "paid".into()),
                ("billing_reason", draft.reason.into()),
                ("collection_method", draft.collection_method.into()),
                ("currency", draft.currency.code().into()),
                ("subtotal", net.into()),
                ("discount", 0.into()),
                ("tax", tax.into()),
                ("total", total.into()),
                ("amount_paid", 0.into()),
                ("credit_applied", 0.into()),
                ("amount_remaining", 0.into()),
                ("is_advance", false.into()),
                ("date", self.at.into()),
                ("due_date", DemoValue::Null),
                ("period_start", DemoValue::Null),
                ("period_end", DemoValue::Null),
                ("paid_at", self.at.into()),
                ("voided_at", DemoValue::Null),
                ("uncollectible_at", DemoValue::Null),
                ("payment_processor_id", draft.processor_id.into()),
                ("purchase_type", draft.purchase_type.into()),
                ("discount_code", DemoValue::Null),
                ("is_credit_note", true.into()),
                ("refunded_invoice_id", self.invoice_id.into()),
                ("description", "Credit note".into()),
                ("metadata", DemoValue::Json("{}")),
                ("deleted_at", DemoValue::Null),
            ],
        )?;
        let price = super::LinePrice { net, discount: 0, tax };
        let line = super::InvoiceLineDraft::with_price("credit", "Credit", price);
        let draft = InvoiceDraft { at: self.at, advanced_at: None, ..draft.clone() };
        super::price::add_line(generator, &draft, invoice_id, &line)?;
        Ok(invoice_id)
    }
}

/// Returns `amount` * `part` / `whole` without the fraction; 0 if `whole` is 0.
fn proportional_share(amount: i64, part: i64, whole: i64) -> i64 {
    match whole {
        0 => 0,
        _ => i64::try_from(i128::from(amount) * i128::from(part) / i128::from(whole)).unwrap_or(0),
    }
}

//! Payments, received or failed, and movements of account credit.

use std::io;

use model::money::Currency;
use model::time::Instant;

use super::InvoiceDraft;
use super::settlement::InvoiceSettlement;
use crate::row::DemoValue;
use crate::row_generator::RowGenerator;
use crate::seeded_random::SeededRandom;

const DAY: i64 = 86_400;

/// The account of a customer: their credit in one currency.
#[derive(Debug, Clone)]
pub(crate) struct CustomerAccount {
    pub(crate) customer_id: i64,
    pub(crate) currency: Currency,
    credit: i64,
    changed_at: Instant,
}

/// Way of payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PaymentMethod {
    pub(crate) channel: &'static str,
    pub(crate) category: &'static str,
    pub(crate) destination: Option<&'static str>,
}

impl PaymentMethod {
    pub(crate) const CARD: Self =
        Self { channel: "online", category: "Card", destination: Some("Cardinal Pay") };
    pub(crate) const DEBIT: Self =
        Self { channel: "online", category: "Transfer", destination: Some("Bank debit") };
    pub(crate) const CASH: Self = Self { channel: "offline", category: "Cash", destination: None };
    pub(crate) const OFFLINE: [Self; 5] = [
        Self::CASH,
        Self { channel: "offline", category: "Check", destination: Some("Main account") },
        Self { channel: "offline", category: "Wire", destination: Some("Main account") },
        Self { channel: "offline", category: "Transfer", destination: Some("Main account") },
        Self { channel: "offline", category: "External", destination: None },
    ];

    /// Returns the time until a payment is received.
    pub(super) fn delay_seconds(self, draw: &mut SeededRandom) -> i64 {
        match self.channel {
            "online" if self.category == "Card" => draw.between(2, 20),
            "online" => draw.between(2, 4) * DAY,
            _ => draw.between(1, 12) * DAY,
        }
    }
}

/// A change of a customer's credit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CreditMovement<'a> {
    pub(crate) kind: &'static str,
    /// Change in minor units: negative for credit given, positive for credit used.
    pub(crate) amount: i64,
    pub(crate) currency: Currency,
    pub(crate) at: Instant,
    pub(crate) invoice_id: Option<i64>,
    pub(crate) payment_id: Option<i64>,
    pub(crate) refund_id: Option<i64>,
    pub(crate) credit_note_id: Option<i64>,
    pub(crate) description: Option<&'a str>,
}

impl<'a> CreditMovement<'a> {
    pub(crate) fn new(kind: &'static str, amount: i64, currency: Currency, at: Instant) -> Self {
        Self {
            kind,
            amount,
            currency,
            at,
            invoice_id: None,
            payment_id: None,
            refund_id: None,
            credit_note_id: None,
            description: None,
        }
    }

    pub(crate) fn described(self, description: &'a str) -> Self {
        Self { description: Some(description), ..self }
    }
}

impl CustomerAccount {
    pub(crate) fn open(customer_id: i64, currency: Currency) -> Self {
        Self { customer_id, currency, credit: 0, changed_at: Instant::from_micros(i64::MIN) }
    }

    /// Returns the credit that an invoice of this instant may use.
    pub(super) fn credit_at(&self, at: Instant, currency: Currency) -> i64 {
        if currency == self.currency && at > self.changed_at { self.credit.max(0) } else { 0 }
    }

    /// Writes a change of the credit. Writes nothing if it lies in the future.
    pub(crate) fn write_movement(
        &mut self,
        generator: &mut RowGenerator<'_>,
        movement: &CreditMovement<'_>,
    ) -> io::Result<()> {
        if !generator.calendar.has_passed(movement.at) || movement.amount == 0 {
            return Ok(());
        }
        if movement.currency == self.currency {
            self.credit -= movement.amount;
            self.changed_at = self.changed_at.max(movement.at);
        }
        generator.add(
            "balance_transactions",
            (movement.at, movement.at),
            [
                ("customer_id", self.customer_id.into()),
                ("type", if movement.amount < 0 { "credit" } else { "debit" }.into()),
                ("kind", movement.kind.into()),
                ("amount", movement.amount.into()),
                ("currency", movement.currency.code().into()),
                ("invoice_id", movement.invoice_id.into()),
                ("payment_id", movement.payment_id.into()),
                ("refund_id", movement.refund_id.into()),
                ("credit_note_id", movement.credit_note_id.into()),
                ("description", movement.description.into()),
                ("date", movement.at.into()),
            ],
        )?;
        Ok(())
    }
}

/// The columns of a payment that vary.
struct PaymentDraft<'a> {
    invoice_id: Option<i64>,
    order_id: Option<i64>,
    amount: i64,
    refunded: i64,
    currency: Currency,
    status: &'static str,
    at: Instant,
    method: PaymentMethod,
    description: Option<&'a str>,
    is_duplicate: bool,
}

/// Writes the payments of an invoice. Returns the payment that settled it, if any.
pub(super) fn write_payments(
    generator: &mut RowGenerator<'_>,
    account: &mut CustomerAccount,
    draft: &InvoiceDraft<'_>,
    invoice_id: i64,
    settlement: &InvoiceSettlement,
    refunded: i64,
) -> io::Result<Option<i64>> {
    use_credit(generator, account, draft, invoice_id, settlement)?;
    let total = super::InvoiceTotals::sum_up(draft.lines).total;
    let payment = PaymentDraft {
        invoice_id: Some(invoice_id),
        order_id: draft.order_id,
        amount: total,
        refunded: 0,
        currency: draft.currency,
        status: "failed",
        at: draft.at.plus_seconds(5),
        method: draft.method,
        description: Some("Card declined: insufficient funds"),
        is_duplicate: false,
    };
    for attempt in 0..settlement.failures {
        let at = payment.at.plus_seconds(attempt * 5 * DAY);
        if generator.calendar.has_passed(at) {
            let is_duplicate = attempt == 2 && invoice_id % 4 == 0;
            add_payment(generator, account, &PaymentDraft { at, is_duplicate, ..payment })?;
        }
    }
    let Some(at) = settlement.received_at else {
        if settlement.status == "open" && draft.method == PaymentMethod::DEBIT {
            let description = Some("Debit under way");
            let pending = PaymentDraft { status: "pending", at: draft.at, description, ..payment };
            add_payment(generator, account, &pending)?;
        }
        return Ok(None);
    };
    let (amount, description) = (settlement.paid, draft.description);
    let received =
        PaymentDraft { amount, refunded, status: "succeeded", at, description, ..payment };
    add_payment(generator, account, &received).map(Some)
}

fn use_credit(
    generator: &mut RowGenerator<'_>,
    account: &mut CustomerAccount,
    draft: &InvoiceDraft<'_>,
    invoice_id: i64,
    settlement: &InvoiceSettlement,
) -> io::Result<()> {
    let used = settlement.credit_applied + settlement.credit_unapplied;
    let at = draft.at.plus_seconds(1);
    let applied = CreditMovement {
        invoice_id: Some(invoice_id),
        ..CreditMovement::new("applied_to_invoice", used, draft.currency, at)
    };
    account.write_movement(generator, &applied.described("Applied to invoice"))?;
    if let Some(at) = settlement.voided_at {
        let given_back = CreditMovement {
            at,
            kind: "unapplied_from_invoice",
            amount: -settlement.credit_unapplied,
            ..applied
        };
        account.write_movement(generator, &given_back.described("Invoice voided"))?;
    }
    Ok(())
}

/// Writes a payment without an invoice, which becomes credit.
pub(crate) fn write_prepayment(
    generator: &mut RowGenerator<'_>,
    account: &mut CustomerAccount,
    amount: i64,
    at: Instant,
) -> io::Result<()> {
    if !generator.calendar.has_passed(at) {
        return Ok(());
    }
    let payment = PaymentDraft {
        invoice_id: None,
        order_id: None,
        amount,
        refunded: 0,
        currency: account.currency,
        status: "succeeded",
        at,
        method: generator.draw.pick(&PaymentMethod::OFFLINE),
        description: Some("Paid on account"),
        is_duplicate: false,
    };
    let payment_id = add_payment(generator, account, &payment)?;
    let credit = CreditMovement::new("payment", -amount, account.currency, at);
    let credit = CreditMovement { payment_id: Some(payment_id), ..credit };
    account.write_movement(generator, &credit.described("Paid on account"))
}

fn add_payment(
    generator: &mut RowGenerator<'_>,
    account: &CustomerAccount,
    payment: &PaymentDraft<'_>,
) -> io::Result<i64> {
    let next = generator.last_id("payments")? + 1;
    let reference = format!("{}_{:08x}", payment.method.category, next * 7919);
    let has_reference = payment.method.category != "Cash";
    let is_unnamed = payment.invoice_id.is_some() && next % 83 == 0;
    let deleted_at = payment.is_duplicate.then(|| payment.at.plus_seconds(3600));
    let deleted_at = deleted_at.map(|at| generator.calendar.not_after_now(at));
    generator.add(
        "payments",
        (payment.at, deleted_at.unwrap_or(payment.at)),
        [
            ("customer_id", (!is_unnamed).then_some(account.customer_id).into()),
            ("invoice_id", payment.invoice_id.into()),
            ("order_id", payment.order_id.into()),
            ("amount", payment.amount.into()),
            ("amount_refunded", payment.refunded.into()),
            ("currency", payment.currency.code().into()),
            ("status", payment.status.into()),
            ("type", payment.method.channel.into()),
            ("category", payment.method.category.into()),
            ("destination", payment.method.destination.into()),
            ("reference", has_reference.then_some(reference.as_str()).into()),
            ("description", payment.description.into()),
            ("date", payment.at.into()),
            ("metadata", DemoValue::Json("{}")),
            ("deleted_at", deleted_at.into()),
        ],
    )
}

//! Invoices with their payments and corrections, in which every amount adds up.
//!
//! | module | holds |
//! | --- | --- |
//! | `price` | lines and their amounts |
//! | `settlement` | the outcome of an invoice: paid, open, void, written off |
//! | `receipts` | payments and balance transactions |
//! | `corrections` | refunds, credit notes, credit-note invoices |

mod correction_kind;
mod corrections;
mod price;
mod receipts;
mod settlement;

use std::io;

use model::money::Currency;
use model::time::Instant;

pub(super) use correction_kind::Correction;
pub(super) use price::{InvoiceLineDraft, InvoiceTotals, LinePrice};
pub(super) use receipts::{CreditMovement, CustomerAccount, PaymentMethod, write_prepayment};
pub(super) use settlement::InvoiceOutcome;

use super::people::DemoCustomer;
use super::row_generator::RowGenerator;
use settlement::InvoiceSettlement;

/// An invoice to write.
#[derive(Debug, Clone)]
pub(super) struct InvoiceDraft<'a> {
    pub(super) at: Instant,
    pub(super) currency: Currency,
    pub(super) site_id: Option<i64>,
    pub(super) subscription_id: Option<i64>,
    pub(super) order_id: Option<i64>,
    pub(super) customer_membership_id: Option<i64>,
    pub(super) reason: Option<&'static str>,
    pub(super) collection_method: Option<&'static str>,
    pub(super) due_in_days: Option<i64>,
    pub(super) period: Option<(Instant, Instant)>,
    pub(super) processor_id: Option<i64>,
    pub(super) purchase_type: Option<&'static str>,
    pub(super) discount_code: Option<&'a str>,
    pub(super) description: Option<&'a str>,
    /// Instant of creation, if it is before the invoice's date.
    pub(super) advanced_at: Option<Instant>,
    pub(super) method: PaymentMethod,
    pub(super) outcome: InvoiceOutcome,
    pub(super) correction: Correction,
    pub(super) lines: &'a [InvoiceLineDraft<'a>],
}

impl<'a> InvoiceDraft<'a> {
    /// Returns an invoice of a person that is paid by card at once.
    pub(super) fn paid_by_card(
        person: &DemoCustomer,
        currency: Currency,
        at: Instant,
        lines: &'a [InvoiceLineDraft<'a>],
    ) -> Self {
        Self {
            at,
            currency,
            site_id: person.site_id,
            subscription_id: None,
            order_id: None,
            customer_membership_id: None,
            reason: None,
            collection_method: None,
            due_in_days: None,
            period: None,
            processor_id: None,
            purchase_type: None,
            discount_code: None,
            description: None,
            advanced_at: None,
            method: PaymentMethod::CARD,
            outcome: InvoiceOutcome::Paid,
            correction: Correction::None,
            lines,
        }
    }
}

/// Writes an invoice, its lines, payments and corrections. Returns its id.
pub(super) fn write_invoice(
    generator: &mut RowGenerator<'_>,
    account: &mut CustomerAccount,
    draft: &InvoiceDraft<'_>,
) -> io::Result<i64> {
    let totals = InvoiceTotals::sum_up(draft.lines);
    let settlement = InvoiceSettlement::decide(generator, account, draft, &totals);
    let invoice_id = add_invoice(generator, account, draft, &totals, &settlement)?;
    for line in draft.lines {
        price::add_line(generator, draft, invoice_id, line)?;
    }
    let refunded = corrections::refunded_amount(generator, draft, &settlement);
    let payment_id =
        receipts::write_payments(generator, account, draft, invoice_id, &settlement, refunded)?;
    corrections::write_correction(
        generator,
        account,
        draft,
        invoice_id,
        payment_id,
        &totals,
        &settlement,
    )?;
    Ok(invoice_id)
}

fn add_invoice(
    generator: &mut RowGenerator<'_>,
    account: &CustomerAccount,
    draft: &InvoiceDraft<'_>,
    totals: &InvoiceTotals,
    settlement: &InvoiceSettlement,
) -> io::Result<i64> {
    let written_at = draft.advanced_at.unwrap_or(draft.at);
    let day = generator.calendar.date_of(draft.at);
    let next = generator.last_id("invoices")? + 1;
    let number =
        format!("{}-{:04}{:02}-{next:06}", generator.invoice_prefix, day.year(), day.month());
    let is_draft = settlement.status == "draft";
    let due_date = draft.due_in_days.map(|days| day.plus_days(days));
    let deleted_at = (is_draft && next % 2 == 0).then(|| written_at.plus_seconds(86_400));
    let deleted_at = deleted_at.map(|at| generator.calendar.not_after_now(at));
    let metadata = if next % 50 == 0 { r#"{"imported_from":"ledger 2019"}"# } else { "{}" };
    generator.add(
        "invoices",
        (written_at, deleted_at.unwrap_or(settlement.changed_at)),
        [
            ("number", (!is_draft).then_some(number.as_str()).into()),
            ("customer_id", account.customer_id.into()),
            ("subscription_id", draft.subscription_id.into()),
            ("order_id", draft.order_id.into()),
            ("customer_membership_id", draft.customer_membership_id.into()),
            ("site_id", draft.site_id.into()),
            ("status", settlement.status.into()),
            ("billing_reason", draft.reason.into()),
            ("collection_method", draft.collection_method.into()),
            ("currency", draft.currency.code().into()),
            ("subtotal", totals.subtotal.into()),
            ("discount", totals.discount.into()),
            ("tax", totals.tax.into()),
            ("total", totals.total.into()),
            ("amount_paid", settlement.paid.into()),
            ("credit_applied", settlement.credit_applied.into()),
            ("amount_remaining", settlement.remaining(totals).into()),
            ("is_advance", draft.advanced_at.is_some().into()),
            ("date", draft.at.into()),
            ("due_date", due_date.into()),
            ("period_start", draft.period.map(|(start, _)| start).into()),
            ("period_end", draft.period.map(|(_, end)| end).into()),
            ("paid_at", settlement.paid_at.into()),
            ("voided_at", settlement.voided_at.into()),
            ("uncollectible_at", settlement.uncollectible_at.into()),
            ("payment_processor_id", draft.processor_id.into()),
            ("purchase_type", draft.purchase_type.into()),
            ("discount_code", draft.discount_code.into()),
            ("is_credit_note", false.into()),
            ("refunded_invoice_id", None::<i64>.into()),
            ("description", draft.description.into()),
            ("metadata", super::row::DemoValue::Json(metadata)),
            ("deleted_at", deleted_at.into()),
        ],
    )
}

//! The ledger of one invoice, from its records to dated postings. Rule: spec/accounting.md §5, §6.
//!
//! | module | holds |
//! | --- | --- |
//! | `timeline` | the events of an invoice, in processing order |
//! | `settlement` | payments, also those before the invoice, and applied balance (§6.1) |
//! | `reverse` | reversals, shared by credit notes, refunds and write-offs (§6.2) |
//! | `credit_note` | credit notes (§6.3) |
//! | `refund` | refunds (§6.4) |
//! | `termination` | write-offs, voids, early ends of subscriptions (§6.5, §6.6, §2) |
//! | `recognize` | postings for the movement of the pieces (§7) |

mod credit_note;
mod recognize;
mod refund;
mod reverse;
mod settlement;
mod termination;
mod timeline;

use model::time::Instant;

use crate::booking::{InvoiceBooking, InvoiceClass, classify_invoice};
use crate::calendar::{LedgerSpan, Month, ProviderCalendar};
use crate::invoice_records::InvoiceRecords;
use crate::issue::{Issue, IssueCode};
use crate::posting::CalculationStep;
use crate::posting::{
    CategoryAmounts, LedgerCategory, LedgerFile, PieceShare, Posting, PostingLinks, PostingSource,
};
use crate::recognition::piece::{InvoicePiece, MovementContext};
use crate::recognition::piece_builder::PieceBuilder;
use crate::records::Directory;
use crate::settings::{LedgerSettings, OtherInvoices};

use timeline::InvoiceEvent;

/// The calendar and settings from which the ledger of one provider is calculated.
#[derive(Debug, Clone)]
pub struct LedgerRules {
    /// The provider's calendar.
    pub calendar: ProviderCalendar,
    /// The provider's accounting settings.
    pub settings: LedgerSettings,
}

/// The ledger of one invoice, and the state of the invoice at the horizon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceLedger {
    /// The invoice's id.
    pub invoice_id: i64,
    /// The invoice's class.
    pub class: InvoiceClass,
    /// The booking date of the invoice.
    pub booking: InvoiceBooking,
    /// True if the booking is within the horizon.
    pub is_inside: bool,
    /// The postings in processing order. Recognition comes last.
    pub postings: Vec<Posting>,
    /// The issues found, sorted and without duplicates.
    pub issues: Vec<Issue>,
    /// AR: the amount still due.
    pub receivable: i128,
    /// TAX: the tax that is not taken back yet.
    pub tax: i128,
    /// The pieces in their state at the horizon.
    pub pieces: Vec<InvoicePiece>,
    /// The net taken back from deferred by notes, refunds, write-offs and voids.
    pub taken_from_deferred: i128,
    /// Customer balance, by customer, that the invoice will use once it is booked, and that no
    /// balance transaction records. Empty once the invoice is booked.
    pub waiting_credit: Vec<(Option<i64>, i128)>,
}

pub(crate) struct InvoiceLedgerBuilder<'a> {
    books: &'a LedgerRules,
    records: &'a InvoiceRecords,
    directory: &'a Directory,
    span: LedgerSpan,
    class: InvoiceClass,
    booking: InvoiceBooking,
    belongs: PostingLinks,
    receivable: i128,
    tax: i128,
    pieces: Vec<InvoicePiece>,
    taken_from_deferred: i128,
    /// True once the booking is processed. Before that, there is nothing to settle.
    is_booked: bool,
    /// The customer credit left by each payment and not used yet.
    credit_of_payments: Vec<PaymentCredit>,
    is_void: bool,
    is_written_off: bool,
    postings: Vec<Posting>,
    issues: Vec<Issue>,
}

/// The customer credit left by a payment.
struct PaymentCredit {
    payment_id: i64,
    customer_id: Option<i64>,
    /// Minor units. Positive if the amount is owed to the customer.
    amount: i128,
}

/// The posting of an event, before the fields that all postings of the invoice share are added.
struct InvoicePostingDraft {
    file: LedgerFile,
    source: PostingSource,
    id: i64,
    at: Instant,
    customer_id: Option<i64>,
    amounts: CategoryAmounts,
    shares: Vec<PieceShare>,
}

impl LedgerRules {
    /// Calculates the ledger of one invoice. Never fails: bad records are booked by the rule of
    /// spec/accounting.md §12.2 and listed as issues.
    pub fn invoice_ledger(
        &self,
        records: &InvoiceRecords,
        directory: &Directory,
        span: &LedgerSpan,
    ) -> InvoiceLedger {
        let mut life = InvoiceLedgerBuilder::start(self, records, directory, *span);
        let events =
            timeline::invoice_events(records, directory, self, &life.booking, &life.pieces);
        let (ahead, later): (Vec<_>, Vec<_>) =
            events.into_iter().partition(|event| life.moves_money_before_booking(event));
        let inside = |event: &&timeline::DatedEvent<'_>| span.until.includes(event.at);
        for event in ahead.iter().filter(inside) {
            life.apply(event);
        }
        if span.until.includes(life.booking.instant) {
            life.settle_from_payments_ahead();
            for event in later.iter().filter(inside) {
                life.apply(event);
            }
        }
        life.finish()
    }
}

impl<'a> InvoiceLedgerBuilder<'a> {
    fn start(
        books: &'a LedgerRules,
        records: &'a InvoiceRecords,
        directory: &'a Directory,
        span: LedgerSpan,
    ) -> Self {
        let invoice = &records.invoice;
        let class = classify_invoice(records, directory);
        let booking = InvoiceBooking::from_invoice(invoice, &books.calendar);
        let net = i128::from(invoice.total) - i128::from(invoice.tax);
        let mut issues = Vec::new();
        let cut = PieceBuilder {
            records,
            directory,
            settings: &books.settings,
            calendar: &books.calendar,
            class,
            booking,
            issues: &mut issues,
        };
        let pieces = cut.build_pieces(net);
        let mut life = Self {
            books,
            records,
            directory,
            span,
            class,
            booking,
            belongs: posting_links(records, directory),
            receivable: i128::from(invoice.total).max(0),
            tax: i128::from(invoice.tax),
            pieces,
            taken_from_deferred: 0,
            is_booked: false,
            credit_of_payments: Vec::new(),
            is_void: false,
            is_written_off: false,
            postings: Vec::new(),
            issues,
        };
        life.post_booking();
        life
    }

    fn post_booking(&mut self) {
        let invoice = &self.records.invoice;
        let (total, tax) = (i128::from(invoice.total), i128::from(invoice.tax));
        if total >= 0 && tax > total {
            self.report(IssueCode::NetNegative, "invoices", invoice.id, self.booking.month, tax);
        }
        if !self.span.until.includes(self.booking.instant) {
            return;
        }
        let is_separate = self.books.settings.other_invoices == OtherInvoices::Separate;
        let (file, debit) = match self.class {
            _ if total < 0 => (LedgerFile::CreditNotes, LedgerCategory::CustomerBalance),
            InvoiceClass::Order => (LedgerFile::OrderRevenue, LedgerCategory::AccountsReceivable),
            InvoiceClass::Other if is_separate => {
                (LedgerFile::OtherInvoices, LedgerCategory::AccountsReceivable)
            }
            _ => (LedgerFile::SubscriptionRevenue, LedgerCategory::AccountsReceivable),
        };
        let shares = self.pieces.iter().map(|piece| piece.share(-piece.net, 0)).collect();
        let entry = InvoicePostingDraft {
            file,
            source: PostingSource::Invoice,
            id: invoice.id,
            at: self.booking.instant,
            customer_id: None,
            amounts: CategoryAmounts::from_entries([
                (debit, total),
                (LedgerCategory::DeferredRevenue, tax - total),
                (LedgerCategory::Taxes, -tax),
            ]),
            shares,
        };
        self.post(entry, || vec![CalculationStep::Booked { total, tax }]);
    }

    /// Returns true if an event moves money before the invoice is booked: on an earlier day, or
    /// while the booking is beyond the horizon.
    fn moves_money_before_booking(&self, event: &timeline::DatedEvent<'_>) -> bool {
        let is_earlier = timeline::is_before_booking(event.at, &self.booking, &self.books.calendar);
        let is_unbooked = !self.span.until.includes(self.booking.instant);
        event.event.moves_money() && (is_earlier || is_unbooked)
    }

    fn apply(&mut self, event: &timeline::DatedEvent<'_>) {
        match event.event {
            InvoiceEvent::Application(transaction) => self.apply_balance(transaction, event.at),
            InvoiceEvent::Payment(payment) => self.apply_payment(payment),
            InvoiceEvent::Note(note) => self.apply_credit_note(&note, event.at),
            InvoiceEvent::Refund(refund) => self.apply_refund(refund),
            InvoiceEvent::Void => self.apply_void(event.at),
            InvoiceEvent::Uncollectible => self.write_off(event.at),
            InvoiceEvent::EarlyEnd(subscription) => self.end_subscription(subscription, event.at),
        }
    }

    fn post(
        &mut self,
        entry: InvoicePostingDraft,
        workings: impl FnOnce() -> Vec<CalculationStep>,
    ) {
        let date = self.books.calendar.date_of(entry.at);
        let customer_id = entry.customer_id.or(self.belongs.customer_id);
        self.postings.push(Posting {
            file: entry.file,
            source: entry.source,
            source_id: Some(entry.id),
            month: Month::from_date(date),
            date,
            occurred_at: entry.at,
            currency: self.records.invoice.currency,
            amounts: entry.amounts,
            links: PostingLinks { customer_id, ..self.belongs },
            booking_month: Some(self.booking.month),
            shares: entry.shares,
            progress: None,
            adjusts_month: None,
            calculation: if self.span.explains { workings() } else { Vec::new() },
        });
    }

    fn report(
        &mut self,
        code: IssueCode,
        table: &'static str,
        id: i64,
        month: Month,
        amount: i128,
    ) {
        let currency = Some(self.records.invoice.currency);
        self.issues.push(Issue { code, table, id, month, currency, amount });
    }

    fn report_at(
        &mut self,
        code: IssueCode,
        table: &'static str,
        id: i64,
        at: Instant,
        amount: i128,
    ) {
        let month = self.books.calendar.month_of(at);
        self.report(code, table, id, month, amount);
    }

    fn movement_context(&self) -> MovementContext<'a> {
        MovementContext {
            calendar: &self.books.calendar,
            booking: self.booking.month,
            detail_from: self.span.detail_from,
            explains: self.span.explains,
        }
    }

    /// Returns G: the part of the invoice that is not taken back yet.
    fn remaining_amount(&self) -> i128 {
        let pieces = self.pieces.iter().map(|piece| piece.deferred + piece.recognized);
        self.tax + pieces.sum::<i128>()
    }

    fn finish(mut self) -> InvoiceLedger {
        let is_inside = self.span.until.includes(self.booking.instant);
        if is_inside {
            self.recognize();
        }
        let waiting_credit = if is_inside { Vec::new() } else { self.waiting_credit() };
        self.issues.sort_unstable();
        self.issues.dedup();
        InvoiceLedger {
            invoice_id: self.records.invoice.id,
            class: self.class,
            booking: self.booking,
            is_inside,
            postings: self.postings,
            issues: self.issues,
            receivable: self.receivable,
            tax: self.tax,
            pieces: self.pieces,
            taken_from_deferred: self.taken_from_deferred,
            waiting_credit,
        }
    }
}

/// Returns the ids that all rows of an invoice share. Plan and product are those of the invoice's
/// first line with a plan.
fn posting_links(records: &InvoiceRecords, directory: &Directory) -> PostingLinks {
    let invoice = &records.invoice;
    let plan_of = |line: &crate::records::InvoiceLine| {
        let subscription = line.subscription_id.or(invoice.subscription_id);
        Some((line.id, directory.plan_of(line.plan_id, subscription)?))
    };
    let plan = records.lines.iter().filter_map(plan_of).min_by_key(|(id, _)| *id);
    let plan = plan.map(|(_, plan)| plan);
    let order_site = || records.order.as_ref().and_then(|order| order.site_id);
    let site_id = invoice
        .site_id
        .or_else(|| directory.subscription_site(invoice.subscription_id))
        .or_else(order_site)
        .or_else(|| directory.customer_site(Some(invoice.customer_id)));
    PostingLinks {
        customer_id: Some(invoice.customer_id),
        invoice_id: Some(invoice.id),
        subscription_id: invoice.subscription_id,
        order_id: invoice.order_id,
        plan_id: plan.map(|plan| plan.id),
        product_id: plan.map(|plan| plan.product_id),
        site_id,
    }
}

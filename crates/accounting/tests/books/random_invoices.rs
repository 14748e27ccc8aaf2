//! Random invoices with every kind of event and every kind of bad link.

use accounting::records::{
    BalanceKind, BalanceTransaction, CreditNote, Customer, Directory, Invoice, InvoiceLine,
    InvoiceStatus, NoteType, Order, OrderItem, Payment, PaymentChannel, PlanRecord, Product,
    RecognitionBasis, Refund, RefundDestination, Shipment, ShipmentStatus, Subscription,
};
use accounting::settings::{
    BalanceAdjustments, EarlyEnd, OtherInvoices, RecognitionMethod, ReversalSplit,
};
use accounting::{LedgerRules, LedgerSettings, Month, ProviderCalendar, RecordTables};
use model::money::Currency;
use model::time::{Instant, Zone};

use crate::scenario::{instant, month};

const HOUR: i64 = 3_600_000_000;
const CHOICES: usize = 400;

/// The choices behind a random ledger, which proptest generates and shrinks. All zero is the
/// plainest case.
pub(crate) struct RandomChoices {
    choices: Vec<u32>,
    taken: usize,
}

/// Returns a strategy of [`RandomChoices`].
pub(crate) fn dice() -> impl proptest::strategy::Strategy<Value = Vec<u32>> {
    proptest::collection::vec(proptest::arbitrary::any::<u32>(), CHOICES)
}

impl RandomChoices {
    pub(crate) fn new(choices: Vec<u32>) -> Self {
        Self { choices, taken: 0 }
    }

    /// Returns a number from 0 to `sides`, exclusive.
    fn roll(&mut self, sides: u32) -> u32 {
        self.taken += 1;
        self.choices.get(self.taken % CHOICES).copied().unwrap_or(0) % sides
    }

    fn one_in(&mut self, sides: u32) -> bool {
        self.roll(sides) == sides - 1
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.roll(of.len() as u32) as usize]
    }

    /// Returns an amount: often round, sometimes odd, rarely zero or huge.
    fn amount(&mut self) -> i64 {
        match self.roll(12) {
            0..2 => self.pick(&[5000, 10_000, 3100]),
            2..4 => 100 * (1 + i64::from(self.roll(900))),
            4..10 => i64::from(self.roll(100_000)),
            10 => i64::from(self.roll(3)),
            _ => 1_000_000_000_000_000 + i64::from(self.roll(1000)),
        }
    }

    fn instant(&mut self) -> Instant {
        let hours = match self.roll(3) {
            // Most mistakes happen at local midnights and at month ends.
            0 => 24 * i64::from(self.roll(420)),
            1 => 24 * 31 * i64::from(self.roll(14)) + i64::from(self.roll(3)) - 1,
            _ => i64::from(self.roll(24 * 420)),
        };
        Instant::from_micros(instant("2024-01-01").micros() + hours * HOUR)
    }

    fn maybe<T>(&mut self, value: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.roll(3) == 0 { None } else { Some(value(self)) }
    }

    fn period(&mut self) -> (Option<Instant>, Option<Instant>) {
        if self.roll(4) == 0 {
            return (None, None);
        }
        let start = self.instant();
        let days = self.pick(&[30, 31, 365, 90, 0, 1, 17, -3, 7]);
        let end = Instant::from_micros(start.micros() + days * 24 * HOUR);
        let end = if self.one_in(6) { Instant::from_micros(end.micros() - 1) } else { end };
        (Some(start), Some(end))
    }

    fn currency(&mut self) -> Currency {
        if self.one_in(30) { Currency::parse("eur").unwrap() } else { Currency::USD }
    }

    pub(crate) fn books(&mut self) -> LedgerRules {
        let zone = self.pick(&["UTC", "America/New_York", "Asia/Kathmandu", "America/Sao_Paulo"]);
        let settings = LedgerSettings {
            recognition_method: self.pick(&[
                RecognitionMethod::Daily,
                RecognitionMethod::Exact,
                RecognitionMethod::MonthlyEven,
                RecognitionMethod::MonthlyEvenProrated,
            ]),
            reversal_split: self
                .pick(&[ReversalSplit::UndeliveredFirst, ReversalSplit::Proportional]),
            early_end: self.pick(&[EarlyEnd::Continue, EarlyEnd::Accelerate]),
            other_invoices: self
                .pick(&[OtherInvoices::Separate, OtherInvoices::SubscriptionRevenue]),
            balance_adjustments: self
                .pick(&[BalanceAdjustments::ContraRevenue, BalanceAdjustments::Excluded]),
            ..LedgerSettings::default()
        };
        LedgerRules { calendar: ProviderCalendar::new(Zone::parse(zone).unwrap()), settings }
    }

    /// Returns a few months to calculate between.
    pub(crate) fn months(&mut self) -> [Month; 3] {
        let first = month("2023-12");
        let mut months = [0; 3].map(|_: i32| first.plus(i32::try_from(self.roll(20)).unwrap_or(0)));
        months.sort();
        months
    }

    pub(crate) fn as_of(&mut self) -> Instant {
        self.instant()
    }

    /// Returns the same rows in another order.
    pub(crate) fn shuffle(&mut self, tables: &mut RecordTables) {
        self.swap(&mut tables.invoices);
        self.swap(&mut tables.lines);
        self.swap(&mut tables.order_items);
        self.swap(&mut tables.payments);
        self.swap(&mut tables.refunds);
        self.swap(&mut tables.credit_notes);
        self.swap(&mut tables.balance_transactions);
        self.swap(&mut tables.shipments);
    }

    fn swap<T>(&mut self, rows: &mut [T]) {
        for at in 1..rows.len() {
            rows.swap(at, self.roll(at as u32 + 1) as usize);
        }
    }

    pub(crate) fn tables(&mut self) -> RecordTables {
        let mut tables = RecordTables { directory: self.directory(), ..RecordTables::default() };
        for id in 1..=i64::from(1 + self.roll(3)) {
            self.add_invoice(id, &mut tables);
        }
        for id in 1..=i64::from(self.roll(4)) {
            let payment = self.payment(id);
            tables.payments.push(payment);
        }
        for id in 1..=i64::from(self.roll(3)) {
            let note = self.note(id);
            tables.credit_notes.push(note);
        }
        for id in 1..=i64::from(self.roll(3)) {
            let mut refund = self.refund(id);
            // Refunds and notes of the same amount on one invoice, linked or not.
            if let Some(note) = tables.credit_notes.first().filter(|_| self.one_in(3)) {
                refund.amount = note.total;
                refund.invoice_id = Some(note.invoice_id);
            }
            tables.refunds.push(refund);
        }
        for id in 1..=i64::from(self.roll(3)) {
            let transaction = self.transaction(id);
            tables.balance_transactions.push(transaction);
        }
        for id in 1..=i64::from(self.roll(6)) {
            let shipment = self.shipment(id);
            tables.shipments.push(shipment);
        }
        tables
    }

    fn directory(&mut self) -> Directory {
        let mut directory = Directory::default();
        let customer = Customer { id: 1, site_id: Some(9), email: None, name: Some("Ada".into()) };
        directory.customers.insert(1, customer);
        directory.products.insert(1, Product { id: 1, name: "Daily".into() });
        for (id, recognition) in [(1, RecognitionBasis::Time), (2, RecognitionBasis::Shipments)] {
            let plan = PlanRecord {
                id,
                product_id: 1,
                name: "Plan".into(),
                shipments_per_interval: i64::from(self.roll(5)),
                recognition,
            };
            directory.plans.insert(id, plan);
            let subscription = Subscription {
                id,
                plan_id: id,
                site_id: None,
                subscription_type: "regular",
                ended_at: self.maybe(Self::instant),
            };
            directory.subscriptions.insert(id, subscription);
        }
        directory
    }

    fn add_invoice(&mut self, id: i64, tables: &mut RecordTables) {
        let sign = if self.one_in(8) { -1 } else { 1 };
        let net = sign * self.amount();
        let tax = if self.roll(2) == 0 { 0 } else { net / 10 + i64::from(self.roll(3)) };
        let order_id = self.one_in(4).then_some(id);
        let (period_start, period_end) = self.period();
        let is_credit_note = id > 1 && self.one_in(6);
        let currency = self.currency();
        let invoice = Invoice {
            id,
            number: None,
            customer_id: 1,
            subscription_id: self.maybe(|d| d.pick(&[1, 2])).filter(|_| order_id.is_none()),
            order_id,
            customer_membership_id: None,
            site_id: None,
            status: self.pick(&[
                InvoiceStatus::Paid,
                InvoiceStatus::Open,
                InvoiceStatus::Paid,
                InvoiceStatus::Void,
                InvoiceStatus::Uncollectible,
                InvoiceStatus::PastDue,
                InvoiceStatus::Draft,
            ]),
            billing_reason: None,
            currency,
            subtotal: net,
            discount: 0,
            tax,
            total: net + tax,
            amount_remaining: 0,
            is_advance: self.one_in(8),
            date: self.instant(),
            created_at: self.instant(),
            due_date: None,
            period_start,
            period_end,
            voided_at: self.maybe(Self::instant),
            uncollectible_at: self.maybe(Self::instant),
            is_credit_note,
            refunded_invoice_id: is_credit_note.then(|| 1 + i64::from(self.roll(3))),
            is_deleted: self.one_in(20),
        };
        tables.invoices.push(invoice);
        self.add_lines(id, net, currency, tables);
        if order_id.is_some() {
            self.add_order(id, currency, tables);
        }
    }

    /// Adds lines that usually sum to the net, with proration credits among them.
    fn add_lines(
        &mut self,
        invoice_id: i64,
        net: i64,
        currency: Currency,
        tables: &mut RecordTables,
    ) {
        let count = i64::from(self.roll(4));
        let mut rest = net;
        for at in 1..=count {
            let is_last = at == count && !self.one_in(6);
            let amount = if is_last { rest } else { self.amount() - 20_000 };
            rest -= amount;
            let (period_start, period_end) = self.period();
            tables.lines.push(InvoiceLine {
                id: invoice_id * 10 + at,
                invoice_id,
                subscription_id: self.maybe(|d| d.pick(&[1, 2])),
                plan_id: self.maybe(|d| d.pick(&[1, 2, 3])),
                customer_membership_id: self.one_in(5).then_some(1),
                order_item_id: self.maybe(|d| invoice_id * 10 + i64::from(d.roll(3))),
                description: None,
                amount,
                currency: if self.one_in(20) { self.currency() } else { currency },
                period_start,
                period_end,
            });
        }
    }

    fn add_order(&mut self, id: i64, currency: Currency, tables: &mut RecordTables) {
        tables.orders.push(Order {
            id,
            customer_id: 1,
            site_id: Some(7),
            status: self.pick(&["paid", "fulfilled", "returned", "canceled", "created"]),
            amount: 0,
            shipping_amount: 0,
            currency,
            date: self.instant(),
            is_deleted: false,
        });
        for at in 0..i64::from(self.roll(4)) {
            tables.order_items.push(OrderItem {
                id: id * 10 + at,
                order_id: id,
                sku_id: None,
                product_id: Some(1),
                description: None,
                quantity: i64::from(self.roll(4)) - i64::from(self.one_in(9)),
                unit_amount: self.amount(),
                fulfilled_at: self.maybe(Self::instant),
                shipped_at: self.maybe(Self::instant),
            });
        }
    }

    fn invoice_id(&mut self) -> Option<i64> {
        self.maybe(|d| 1 + i64::from(d.roll(4)))
    }

    fn channel(&mut self) -> PaymentChannel {
        self.pick(&[PaymentChannel::Online, PaymentChannel::Offline])
    }

    fn payment(&mut self, id: i64) -> Payment {
        Payment {
            id,
            customer_id: Some(1),
            invoice_id: self.invoice_id(),
            order_id: None,
            amount: self.amount(),
            currency: self.currency(),
            is_succeeded: !self.one_in(8),
            channel: self.channel(),
            category: "Card",
            destination: None,
            reference: None,
            date: self.instant(),
            is_deleted: self.one_in(20),
        }
    }

    fn refund(&mut self, id: i64) -> Refund {
        Refund {
            id,
            payment_id: self.maybe(|d| 1 + i64::from(d.roll(4))),
            customer_id: None,
            invoice_id: self.invoice_id(),
            credit_note_id: self.one_in(3).then_some(1),
            amount: self.amount(),
            currency: self.currency(),
            is_succeeded: !self.one_in(8),
            channel: self.channel(),
            destination: self.pick(&[
                RefundDestination::Card,
                RefundDestination::Offline,
                RefundDestination::CustomerBalance,
            ]),
            reason: None,
            succeeded_at: self.maybe(Self::instant),
            created_at: self.instant(),
            is_deleted: self.one_in(20),
        }
    }

    fn note(&mut self, id: i64) -> CreditNote {
        let amount = self.amount();
        let tax = if self.roll(2) == 0 { 0 } else { amount / 10 };
        CreditNote {
            id,
            number: None,
            invoice_id: 1 + i64::from(self.roll(4)),
            customer_id: 1,
            note_type: self.pick(&[NoteType::PostPayment, NoteType::PrePayment]),
            is_issued: !self.one_in(9),
            reason: None,
            amount,
            tax,
            total: amount + tax + i64::from(self.one_in(15)),
            currency: self.currency(),
            refund_id: self.one_in(4).then_some(1),
            date: self.instant(),
            is_deleted: self.one_in(20),
        }
    }

    fn transaction(&mut self, id: i64) -> BalanceTransaction {
        let kind = self.pick(&[
            BalanceKind::AppliedToInvoice,
            BalanceKind::UnappliedFromInvoice,
            BalanceKind::Adjustment,
            BalanceKind::Gift,
            BalanceKind::Payment,
        ]);
        let amount = self.amount();
        let is_debit = (kind == BalanceKind::AppliedToInvoice) ^ self.one_in(9);
        BalanceTransaction {
            id,
            customer_id: 1,
            direction: if is_debit { "debit" } else { "credit" },
            kind,
            amount: if is_debit { amount } else { -amount },
            currency: self.currency(),
            invoice_id: self.invoice_id(),
            description: None,
            date: self.instant(),
        }
    }

    fn shipment(&mut self, id: i64) -> Shipment {
        Shipment {
            id,
            subscription_id: self.pick(&[2, 2, 1]),
            invoice_id: self.one_in(4).then(|| 1 + i64::from(self.roll(3))),
            status: self.pick(&[
                ShipmentStatus::Approved,
                ShipmentStatus::Returned,
                ShipmentStatus::Pending,
            ]),
            approved_at: self.maybe(Self::instant),
            returned_at: self.maybe(Self::instant),
        }
    }
}

//! Groups table rows into one set of records per booked invoice.
//! Rule: spec/accounting.md §3, §4, §6.4, §7.4.
//!
//! The result does not depend on the order of the rows. A streaming caller may group a part of the
//! tables, as long as the part contains all rows that are linked with each other.

use std::collections::{BTreeMap, BTreeSet};

use crate::booking::{InvoiceBooking, booked_at, is_booked};
use crate::calendar::ProviderCalendar;
use crate::invoice_records::{InvoiceRecords, InvoiceRefund};
use crate::issue::{Issue, IssueCode};
use crate::plausibility::implausible_records;
use crate::recognition::shipments::{ShipmentInvoice, allocate_shipments};
use crate::records::{
    BalanceTransaction, CreditNote, Directory, Invoice, InvoiceLine, InvoiceStatus, NoteType,
    Order, OrderItem, Payment, RecognitionBasis, RecordTables, Refund, Shipment, ShipmentStatus,
};

/// Posted records that are not linked to a booked invoice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnlinkedRecords {
    /// Payments.
    pub payments: Vec<Payment>,
    /// Refunds.
    pub refunds: Vec<Refund>,
    /// Balance transactions of kind adjustment and gift.
    pub adjustments: Vec<BalanceTransaction>,
}

/// The result of grouping the tables.
#[derive(Debug, Clone, Default)]
pub struct GroupedRecords {
    /// The booked invoices, by id.
    pub invoices: Vec<InvoiceRecords>,
    /// The records that are linked to no invoice, each list by id.
    pub untied: UnlinkedRecords,
    /// Issues found in links between records, and implausible dates and currencies.
    pub issues: Vec<Issue>,
    /// Records that are looked up by id.
    pub directory: Directory,
}

/// Groups the tables.
pub fn group_records(tables: RecordTables, calendar: &ProviderCalendar) -> GroupedRecords {
    let implausible = implausible_records(&tables, calendar);
    let RecordTables { invoices, lines, orders, order_items, .. } = tables;
    let mut grouping = RecordGrouper {
        calendar,
        booked: BTreeMap::new(),
        note_targets: BTreeMap::new(),
        skipped_notes: BTreeSet::new(),
        untied: UnlinkedRecords::default(),
        issues: implausible,
    };
    let orders: BTreeMap<i64, Order> = orders.into_iter().map(|order| (order.id, order)).collect();
    grouping.add_invoices(invoices, &orders);
    grouping.add_goods(lines, orders, order_items);
    let mut payments = grouping.add_payments(tables.payments);
    payments.extend(payment_links(&tables.refunded_payments));
    grouping.add_applications(tables.balance_transactions);
    let linked = refunds_of_notes(&tables.credit_notes, &tables.refunds);
    grouping.add_notes(tables.credit_notes);
    grouping.add_refunds(tables.refunds, &payments, &linked);
    grouping.add_shipments(tables.shipments, &tables.directory);
    grouping.issues.sort_unstable();
    GroupedRecords {
        invoices: grouping.booked.into_values().collect(),
        untied: grouping.untied,
        issues: grouping.issues,
        directory: tables.directory,
    }
}

struct RecordGrouper<'a> {
    calendar: &'a ProviderCalendar,
    booked: BTreeMap<i64, InvoiceRecords>,
    /// The ids of credit-note invoices, with the id of the invoice that each acts on.
    note_targets: BTreeMap<i64, i64>,
    /// The ids of credit-note invoices that are not booked.
    skipped_notes: BTreeSet<i64>,
    untied: UnlinkedRecords,
    issues: Vec<Issue>,
}

/// The result of following a link to an invoice.
enum InvoiceLink {
    Booked,
    OtherCurrency,
    None,
}

impl RecordGrouper<'_> {
    fn add_invoices(&mut self, invoices: Vec<Invoice>, orders: &BTreeMap<i64, Order>) {
        let order_of = |invoice: &Invoice| orders.get(&invoice.order_id?);
        let booked: BTreeMap<i64, Invoice> = invoices
            .into_iter()
            .filter(|invoice| is_booked(invoice, order_of(invoice)))
            .map(|invoice| (invoice.id, invoice))
            .collect();
        let target_of = |invoice: &Invoice| {
            invoice
                .refunded_invoice_id
                .filter(|id| invoice.is_credit_note && booked.contains_key(id))
        };
        let acting: Vec<_> = booked.values().filter_map(|i| Some((i.id, target_of(i)?))).collect();
        self.note_targets = acting.into_iter().collect();
        let mut notes = Vec::new();
        for (id, invoice) in booked {
            if self.note_targets.contains_key(&id) {
                notes.push(invoice);
            } else if invoice.is_credit_note && invoice.total >= 0 {
                // The total is a credited amount. Booked as an invoice, it would count as revenue.
                self.report_note_invoice(&invoice, IssueCode::CreditNoteWithoutInvoice);
            } else {
                self.booked.insert(id, InvoiceRecords::new(invoice));
            }
        }
        for note in notes {
            self.add_note_invoice(note);
        }
    }

    fn add_note_invoice(&mut self, note: Invoice) {
        let target = self.note_targets.get(&note.id).and_then(|target| self.booked.get_mut(target));
        let is_in_force = note.status != InvoiceStatus::Void;
        match target {
            Some(target) if target.invoice.currency != note.currency => {
                self.report_note_invoice(&note, IssueCode::LinkCurrencyMismatch);
            }
            Some(target) if is_in_force => target.credit_note_invoices.push(note),
            _ => self.report_note_invoice(&note, IssueCode::CreditNoteWithoutInvoice),
        }
    }

    fn report_note_invoice(&mut self, note: &Invoice, code: IssueCode) {
        let month = InvoiceBooking::from_invoice(note, self.calendar).month;
        let amount = i128::from(note.total);
        self.skipped_notes.insert(note.id);
        let currency = Some(note.currency);
        self.issues.push(Issue { code, table: "invoices", id: note.id, month, currency, amount });
    }

    fn add_goods(
        &mut self,
        lines: Vec<InvoiceLine>,
        orders: BTreeMap<i64, Order>,
        order_items: Vec<OrderItem>,
    ) {
        for line in lines {
            if let Some(records) = self.booked.get_mut(&line.invoice_id) {
                records.lines.push(line);
            }
        }
        let mut items: BTreeMap<i64, Vec<OrderItem>> = BTreeMap::new();
        for item in order_items {
            items.entry(item.order_id).or_default().push(item);
        }
        let mut invoiced = BTreeSet::new();
        for records in self.booked.values_mut() {
            let Some(order) = records.invoice.order_id.and_then(|id| orders.get(&id)) else {
                continue;
            };
            invoiced.insert(order.id);
            records.order_items = items.get(&order.id).cloned().unwrap_or_default();
            records.order = Some(order.clone());
        }
        for order in orders.into_values() {
            let is_expected = !order.is_abandoned() && !order.is_deleted;
            if is_expected && !invoiced.contains(&order.id) {
                self.issues.push(Issue {
                    code: IssueCode::OrderWithoutInvoice,
                    table: "orders",
                    id: order.id,
                    month: self.calendar.month_of(order.date),
                    currency: Some(order.currency),
                    amount: i128::from(order.amount),
                });
            }
        }
    }

    fn find_link(&self, invoice_id: i64, currency: model::money::Currency) -> InvoiceLink {
        match self.booked.get(&invoice_id) {
            Some(records) if records.invoice.currency == currency => InvoiceLink::Booked,
            Some(_) => InvoiceLink::OtherCurrency,
            None => InvoiceLink::None,
        }
    }

    /// Adds the payments and returns the invoice and customer of each, for their refunds.
    fn add_payments(&mut self, payments: Vec<Payment>) -> BTreeMap<i64, PaymentLinks> {
        let links = payment_links(&payments).collect();
        let mut payments = payments;
        payments.sort_unstable_by_key(|payment| payment.id);
        for payment in payments.into_iter().filter(Payment::is_posted) {
            let tied = payment.invoice_id.map(|id| (id, self.find_link(id, payment.currency)));
            match tied {
                Some((id, InvoiceLink::Booked)) => {
                    if let Some(records) = self.booked.get_mut(&id) {
                        records.payments.push(payment);
                    }
                    continue;
                }
                Some((_, InvoiceLink::OtherCurrency)) => self.issues.push(Issue {
                    code: IssueCode::LinkCurrencyMismatch,
                    table: "payments",
                    id: payment.id,
                    month: self.calendar.month_of(payment.date),
                    currency: Some(payment.currency),
                    amount: i128::from(payment.amount),
                }),
                Some((_, InvoiceLink::None)) | None => {}
            }
            self.untied.payments.push(payment);
        }
        links
    }

    fn add_applications(&mut self, mut transactions: Vec<BalanceTransaction>) {
        transactions.sort_unstable_by_key(|transaction| transaction.id);
        for transaction in transactions {
            if transaction.kind.is_adjustment() {
                self.untied.adjustments.push(transaction);
                continue;
            }
            if !transaction.kind.is_application() {
                continue;
            }
            let tied =
                transaction.invoice_id.map(|id| (id, self.find_link(id, transaction.currency)));
            let code = match tied {
                Some((id, InvoiceLink::Booked)) => {
                    if let Some(records) = self.booked.get_mut(&id) {
                        records.applications.push(transaction);
                    }
                    continue;
                }
                Some((_, InvoiceLink::OtherCurrency)) => IssueCode::LinkCurrencyMismatch,
                Some((_, InvoiceLink::None)) | None => IssueCode::AppliedWithoutInvoice,
            };
            self.issues.push(Issue {
                code,
                table: "balance_transactions",
                id: transaction.id,
                month: self.calendar.month_of(transaction.date),
                currency: Some(transaction.currency),
                amount: i128::from(transaction.amount),
            });
        }
    }

    fn add_notes(&mut self, mut notes: Vec<CreditNote>) {
        notes.sort_unstable_by_key(|note| note.id);
        for note in notes.into_iter().filter(CreditNote::is_posted) {
            let code = match self.find_link(note.invoice_id, note.currency) {
                InvoiceLink::Booked => {
                    if let Some(records) = self.booked.get_mut(&note.invoice_id) {
                        records.credit_notes.push(note);
                    }
                    continue;
                }
                InvoiceLink::OtherCurrency => IssueCode::LinkCurrencyMismatch,
                InvoiceLink::None => IssueCode::CreditNoteWithoutInvoice,
            };
            self.issues.push(Issue {
                code,
                table: "credit_notes",
                id: note.id,
                month: self.calendar.month_of(note.date),
                currency: Some(note.currency),
                amount: i128::from(note.total),
            });
        }
    }

    fn add_refunds(
        &mut self,
        mut refunds: Vec<Refund>,
        payments: &BTreeMap<i64, PaymentLinks>,
        linked: &BTreeSet<i64>,
    ) {
        refunds.sort_unstable_by_key(|refund| refund.id);
        for mut refund in refunds.into_iter().filter(Refund::is_posted) {
            let payment = refund.payment_id.and_then(|id| payments.get(&id));
            refund.customer_id = refund.customer_id.or(payment.and_then(|p| p.customer_id));
            let acts_on = refund.invoice_id.and_then(|id| {
                self.note_targets.get(&id).copied().filter(|_| !self.skipped_notes.contains(&id))
            });
            let is_linked = linked.contains(&refund.id) || acts_on.is_some();
            let named = [acts_on.or(refund.invoice_id), payment.and_then(|p| p.invoice_id)];
            let tied = named.into_iter().flatten().find(|id| self.booked.contains_key(id));
            let target = tied.and_then(|id| self.booked.get_mut(&id));
            match target {
                Some(records) if records.invoice.currency == refund.currency => {
                    records.refunds.push(InvoiceRefund { refund, pays_out_note: is_linked });
                }
                Some(_) => {
                    self.issues.push(Issue {
                        code: IssueCode::LinkCurrencyMismatch,
                        table: "refunds",
                        id: refund.id,
                        month: self.calendar.month_of(refund.date()),
                        currency: Some(refund.currency),
                        amount: i128::from(refund.amount),
                    });
                    self.untied.refunds.push(refund);
                }
                None => self.untied.refunds.push(refund),
            }
        }
    }

    fn add_shipments(&mut self, shipments: Vec<Shipment>, directory: &Directory) {
        let mut by_subscription: BTreeMap<i64, Vec<Shipment>> = BTreeMap::new();
        for shipment in shipments {
            if shipment.status != ShipmentStatus::Pending {
                by_subscription.entry(shipment.subscription_id).or_default().push(shipment);
            }
        }
        if by_subscription.is_empty() {
            return;
        }
        let mut invoices: BTreeMap<i64, Vec<ShipmentInvoice>> = BTreeMap::new();
        for records in self.booked.values() {
            for (subscription, invoice) in shipment_invoices(records, directory) {
                invoices.entry(subscription).or_default().push(invoice);
            }
        }
        for (subscription, shipments) in by_subscription {
            let invoices = invoices.get(&subscription).map_or(&[][..], Vec::as_slice);
            let pays = |id: i64| invoices.iter().any(|invoice| invoice.invoice_id == id);
            // A booked invoice that pays for no shipments still keeps shipments that name it.
            let is_stray = |shipment: &Shipment| {
                shipment.invoice_id.is_some_and(|id| self.booked.contains_key(&id) && !pays(id))
            };
            let (stray, shipments): (Vec<_>, Vec<_>) = shipments.into_iter().partition(is_stray);
            let allocation = allocate_shipments(invoices, &shipments);
            for (invoice, marks) in allocation.marks {
                if let Some(records) = self.booked.get_mut(&invoice) {
                    records.shipments.extend(marks);
                }
            }
            let without = |s: &&Shipment| allocation.without_invoice.contains(&s.id);
            for shipment in stray.iter().chain(shipments.iter().filter(without)) {
                self.report_shipment(shipment);
            }
        }
    }

    fn report_shipment(&mut self, shipment: &Shipment) {
        // A shipment without any date is listed under 1970-01 instead of being dropped.
        let at = shipment.approved_at.or(shipment.returned_at);
        let at = at.unwrap_or(model::time::Instant::from_micros(0));
        self.issues.push(Issue {
            code: IssueCode::ShipmentWithoutInvoice,
            table: "shipments",
            id: shipment.id,
            month: self.calendar.month_of(at),
            currency: None,
            amount: 0,
        });
    }
}

#[derive(Debug, Clone, Copy)]
struct PaymentLinks {
    invoice_id: Option<i64>,
    customer_id: Option<i64>,
}

fn payment_links(payments: &[Payment]) -> impl Iterator<Item = (i64, PaymentLinks)> {
    payments.iter().filter(|payment| !payment.is_deleted).map(|payment| {
        let Payment { invoice_id, customer_id, .. } = *payment;
        (payment.id, PaymentLinks { invoice_id, customer_id })
    })
}

/// Returns the refunds that pay out an issued post-payment credit note.
fn refunds_of_notes(notes: &[CreditNote], refunds: &[Refund]) -> BTreeSet<i64> {
    let is_linking =
        |note: &&CreditNote| note.is_posted() && note.note_type == NoteType::PostPayment;
    let named: BTreeSet<i64> =
        notes.iter().filter(is_linking).filter_map(|n| n.refund_id).collect();
    let notes: BTreeSet<i64> = notes.iter().filter(is_linking).map(|note| note.id).collect();
    let names_note =
        |refund: &Refund| refund.credit_note_id.is_some_and(|note| notes.contains(&note));
    let is_linked = |refund: &&Refund| names_note(refund) || named.contains(&refund.id);
    refunds.iter().filter(is_linked).map(|refund| refund.id).collect()
}

/// Returns the subscriptions whose shipments an invoice pays for, with the number of shipments.
fn shipment_invoices(
    records: &InvoiceRecords,
    directory: &Directory,
) -> BTreeMap<i64, ShipmentInvoice> {
    let invoice = &records.invoice;
    let mut found: BTreeMap<i64, ShipmentInvoice> = BTreeMap::new();
    if invoice.order_id.is_some() && invoice.subscription_id.is_none() {
        return found;
    }
    for line in records.lines.iter().filter(|line| line.currency == invoice.currency) {
        let Some(subscription) = line.subscription_id.or(invoice.subscription_id) else { continue };
        let Some(plan) = directory.plan_of(line.plan_id, Some(subscription)) else { continue };
        if plan.recognition != RecognitionBasis::Shipments || plan.shipments_per_interval <= 0 {
            continue;
        }
        let entry = found.entry(subscription).or_insert(ShipmentInvoice {
            invoice_id: invoice.id,
            booked_at: booked_at(invoice),
            per_interval: 0,
        });
        entry.per_interval = entry.per_interval.max(plan.shipments_per_interval);
    }
    found
}

//! Splits an invoice's net into pieces that always sum to it. Rule: spec/accounting.md §7.1.

use model::time::Instant;

use super::order_items::split_over_items;
use super::piece::{InvoicePiece, PieceTerms};
use super::schedule::{Schedule, SingleDelivery};
use super::shipments::ShipmentSchedule;
use super::time::TimeSchedule;
use crate::booking::{InvoiceBooking, InvoiceClass};
use crate::calendar::{Month, ProviderCalendar};
use crate::invoice_records::InvoiceRecords;
use crate::issue::{Issue, IssueCode};
use crate::posting::{LedgerFile, PieceId};
use crate::records::{Directory, InvoiceLine, OrderItem, PlanRecord, RecognitionBasis};
use crate::settings::{LedgerSettings, OtherInvoices, RecognitionMethod};

/// The inputs from which an invoice's pieces are built.
pub(crate) struct PieceBuilder<'a> {
    pub(crate) records: &'a InvoiceRecords,
    pub(crate) directory: &'a Directory,
    pub(crate) settings: &'a LedgerSettings,
    pub(crate) calendar: &'a ProviderCalendar,
    pub(crate) class: InvoiceClass,
    pub(crate) booking: InvoiceBooking,
    pub(crate) issues: &'a mut Vec<Issue>,
}

impl PieceBuilder<'_> {
    /// Returns the pieces, in order. They sum to `net`.
    pub(crate) fn build_pieces(mut self, net: i128) -> Vec<InvoicePiece> {
        let mut pieces = match self.class {
            InvoiceClass::Order => self.item_pieces(net),
            InvoiceClass::Subscription | InvoiceClass::Other => self.line_pieces(),
        };
        let difference = net - pieces.iter().map(|piece| piece.net).sum::<i128>();
        if difference != 0 {
            let id = self.records.invoice.id;
            self.report(IssueCode::LinesDoNotSum, "invoices", id, difference);
            pieces.push(self.residual_piece(difference));
        }
        pieces
    }

    fn line_pieces(&mut self) -> Vec<InvoicePiece> {
        let invoice = &self.records.invoice;
        let mut lines: Vec<_> = self.records.lines.iter().collect();
        lines.sort_unstable_by_key(|line| line.id);
        let mut pieces = Vec::with_capacity(lines.len() + 1);
        for line in lines {
            if line.currency != invoice.currency {
                let amount = i128::from(line.amount);
                self.report(IssueCode::LineCurrencyMismatch, "invoice_lines", line.id, amount);
                continue;
            }
            pieces.push(self.line_piece(line));
        }
        pieces
    }

    fn line_piece(&mut self, line: &InvoiceLine) -> InvoicePiece {
        let net = i128::from(line.amount);
        let subscription_id = line.subscription_id.or(self.records.invoice.subscription_id);
        let plan = self.directory.plan_of(line.plan_id, subscription_id);
        let schedule = match (plan, subscription_id) {
            (Some(plan), Some(subscription)) if self.is_by_shipments(plan) => {
                let count = plan.shipments_per_interval;
                let marks = &self.records.shipments;
                Schedule::Shipments(ShipmentSchedule::new(
                    count,
                    subscription,
                    marks,
                    self.calendar,
                ))
            }
            _ => match self.line_period(line) {
                Some(period) => self.schedule_over_period(period, net),
                None => self.schedule_at_once(),
            },
        };
        let file = self.recognition_file(&schedule);
        InvoicePiece::new(PieceTerms {
            id: PieceId::Line(line.id),
            plan_id: plan.map(|plan| plan.id),
            product_id: plan.map(|plan| plan.product_id),
            subscription_id,
            file,
            net,
            schedule,
        })
    }

    fn is_by_shipments(&mut self, plan: &PlanRecord) -> bool {
        if plan.recognition != RecognitionBasis::Shipments {
            return false;
        }
        if plan.shipments_per_interval <= 0 {
            self.report(IssueCode::ShipmentsPlanWithoutCount, "plans", plan.id, 0);
            return false;
        }
        true
    }

    fn item_pieces(&mut self, net: i128) -> Vec<InvoicePiece> {
        let mut items: Vec<_> = self.records.order_items.iter().collect();
        items.sort_unstable_by_key(|item| item.id);
        let currency = self.records.invoice.currency;
        let lines = self.records.lines.iter().filter(|line| line.currency == currency);
        let nets = split_over_items(net, &items, &lines.collect::<Vec<_>>());
        items.into_iter().zip(nets).map(|(item, net)| self.item_piece(item, net)).collect()
    }

    fn item_piece(&self, item: &OrderItem, net: i128) -> InvoicePiece {
        let of_sku = || self.directory.skus.get(&item.sku_id?).map(|sku| sku.product_id);
        let delivery =
            item.delivered_at().map(|at| SingleDelivery { at, month: self.calendar.month_of(at) });
        InvoicePiece::new(PieceTerms {
            id: PieceId::Item(item.id),
            plan_id: None,
            product_id: item.product_id.or_else(of_sku),
            subscription_id: None,
            file: LedgerFile::RecognizedRevenueOrderBased,
            net,
            schedule: Schedule::Item(delivery),
        })
    }

    fn residual_piece(&mut self, net: i128) -> InvoicePiece {
        let schedule = match self.invoice_period() {
            Some(period) => self.schedule_over_period(period, net),
            None => self.schedule_at_once(),
        };
        InvoicePiece::new(PieceTerms {
            id: PieceId::Residual(self.records.invoice.id),
            plan_id: None,
            product_id: None,
            subscription_id: self.records.invoice.subscription_id,
            file: self.recognition_file(&schedule),
            net,
            schedule,
        })
    }

    fn line_period(&mut self, line: &InvoiceLine) -> Option<(Instant, Instant)> {
        match (line.period_start, line.period_end) {
            (Some(start), Some(end)) if start <= end => return Some((start, end)),
            (Some(_), Some(_)) => {
                let amount = i128::from(line.amount);
                self.report(IssueCode::PeriodInverted, "invoice_lines", line.id, amount);
            }
            _ => {}
        }
        self.invoice_period()
    }

    fn invoice_period(&mut self) -> Option<(Instant, Instant)> {
        let invoice = &self.records.invoice;
        let (start, end) = (invoice.period_start?, invoice.period_end?);
        if end < start {
            let amount = i128::from(invoice.total);
            self.report(IssueCode::PeriodInverted, "invoices", invoice.id, amount);
            return None;
        }
        Some((start, end))
    }

    fn schedule_over_period(&self, period: (Instant, Instant), net: i128) -> Schedule {
        let method: RecognitionMethod = self.settings.recognition_method;
        Schedule::Time(TimeSchedule::new(method, period, net, self.calendar))
    }

    fn schedule_at_once(&self) -> Schedule {
        Schedule::AtOnce(SingleDelivery { at: self.booking.instant, month: self.booking.month })
    }

    fn recognition_file(&self, schedule: &Schedule) -> LedgerFile {
        let is_separate = self.class == InvoiceClass::Other
            && self.settings.other_invoices == OtherInvoices::Separate;
        match schedule {
            _ if is_separate => LedgerFile::OtherRecognizedRevenue,
            Schedule::Shipments(_) => LedgerFile::RecognizedRevenueIssueBased,
            Schedule::Item(_) => LedgerFile::RecognizedRevenueOrderBased,
            Schedule::Time(_) | Schedule::AtOnce(_) => LedgerFile::RecognizedRevenue,
        }
    }

    fn report(&mut self, code: IssueCode, table: &'static str, id: i64, amount: i128) {
        let month: Month = self.booking.month;
        let currency = Some(self.records.invoice.currency);
        self.issues.push(Issue { code, table, id, month, currency, amount });
    }
}

//! Issues: suspicious records, each with the rule that the ledger applied.
//! Rule: spec/accounting.md §12.2.

use std::borrow::Cow;

use model::money::Currency;

use crate::calendar::Month;
use crate::package::field::{FieldKind::*, FieldValue, PackageColumn};

/// The code of an issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IssueCode {
    /// A void invoice without `voided_at`: voided at its booking date.
    VoidedAtMissing,
    /// An uncollectible invoice without `uncollectible_at`: written off at its booking date.
    UncollectibleAtMissing,
    /// Lines (or items) do not sum to the net: a residual piece.
    LinesDoNotSum,
    /// A line in another currency than its invoice: skipped.
    LineCurrencyMismatch,
    /// A period that ends before it begins: no period.
    PeriodInverted,
    /// Tax above total: booked as it is.
    NetNegative,
    /// A link to an invoice in another currency: the link is ignored, and a credit note is left
    /// out.
    LinkCurrencyMismatch,
    /// An application of credit to an invoice that is not booked: left out.
    AppliedWithoutInvoice,
    /// A credit note on an invoice that is not booked: left out.
    CreditNoteWithoutInvoice,
    /// Receivables below zero after an application: booked as it is.
    OverappliedBalance,
    /// Kind and sign of a balance transaction disagree: booked as it is.
    BalanceSign,
    /// A credit note that takes back more than is left: the excess is contra revenue.
    CreditNoteExceedsInvoice,
    /// A credit note whose amount and tax do not sum to its total: total and tax are used.
    CreditNoteTotalMismatch,
    /// A credit note after its invoice was voided: left out.
    CreditNoteOnVoidInvoice,
    /// An unlinked refund beside an unlinked credit note of the same total: both are booked.
    RefundUnlinkedNote,
    /// A payment after the write-off: customer credit.
    PaymentAfterWriteOff,
    /// A payment after the void: customer credit.
    PaymentOnVoid,
    /// A shipment without an invoice: nothing is recognized.
    ShipmentWithoutInvoice,
    /// A plan recognized by shipments that has no count: recognized by time.
    ShipmentsPlanWithoutCount,
    /// An order without an invoice: not in the ledger.
    OrderWithoutInvoice,
    /// A date before 1990 or after 2099: booked as dated.
    ImplausibleDate,
    /// A currency that was withdrawn before the record's date: booked in it.
    WithdrawnCurrency,
    /// A customer's credit differs from the balance transactions.
    CustomerBalanceDifference,
    /// An invoice's receivable differs from its `amount_remaining`.
    ArDifference,
}

impl IssueCode {
    const ALL: [(Self, &'static str); 24] = [
        (Self::VoidedAtMissing, "voided_at_missing"),
        (Self::UncollectibleAtMissing, "uncollectible_at_missing"),
        (Self::LinesDoNotSum, "lines_do_not_sum"),
        (Self::LineCurrencyMismatch, "line_currency_mismatch"),
        (Self::PeriodInverted, "period_inverted"),
        (Self::NetNegative, "net_negative"),
        (Self::LinkCurrencyMismatch, "link_currency_mismatch"),
        (Self::AppliedWithoutInvoice, "applied_without_invoice"),
        (Self::CreditNoteWithoutInvoice, "credit_note_without_invoice"),
        (Self::OverappliedBalance, "overapplied_balance"),
        (Self::BalanceSign, "balance_sign"),
        (Self::CreditNoteExceedsInvoice, "credit_note_exceeds_invoice"),
        (Self::CreditNoteTotalMismatch, "credit_note_total_mismatch"),
        (Self::CreditNoteOnVoidInvoice, "credit_note_on_void_invoice"),
        (Self::RefundUnlinkedNote, "refund_unlinked_note"),
        (Self::PaymentAfterWriteOff, "payment_after_write_off"),
        (Self::PaymentOnVoid, "payment_on_void"),
        (Self::ShipmentWithoutInvoice, "shipment_without_invoice"),
        (Self::ShipmentsPlanWithoutCount, "shipments_plan_without_count"),
        (Self::OrderWithoutInvoice, "order_without_invoice"),
        (Self::ImplausibleDate, "implausible_date"),
        (Self::WithdrawnCurrency, "withdrawn_currency"),
        (Self::CustomerBalanceDifference, "customer_balance_difference"),
        (Self::ArDifference, "ar_difference"),
    ];

    /// Returns the stable name.
    pub fn as_str(self) -> &'static str {
        let found = Self::ALL.iter().find(|(code, _)| *code == self);
        found.map_or("", |(_, name)| name)
    }

    /// Returns a description of what the ledger does with such a record.
    pub fn message(self) -> &'static str {
        match self {
            Self::VoidedAtMissing => "void without a date: voided at the booking date",
            Self::UncollectibleAtMissing => "written off without a date: at the booking date",
            Self::LinesDoNotSum => {
                "lines do not sum to total less tax: the difference is a residual piece"
            }
            Self::LineCurrencyMismatch => "the line has another currency than its invoice: skipped",
            Self::PeriodInverted => "the period ends before it begins: treated as no period",
            Self::NetNegative => "tax is above total: booked as it is",
            Self::LinkCurrencyMismatch => "the linked invoice has another currency: not tied to it",
            Self::AppliedWithoutInvoice => "applied to no booked invoice: left out",
            Self::CreditNoteWithoutInvoice => "a note on no booked invoice: left out",
            Self::OverappliedBalance => "more applied than was due: booked as it is",
            Self::BalanceSign => "kind and sign disagree: booked as it is",
            Self::CreditNoteExceedsInvoice => {
                "the note takes back more than is left of the invoice: the excess is contra revenue"
            }
            Self::CreditNoteTotalMismatch => {
                "amount and tax do not sum to total: total and tax are booked"
            }
            Self::CreditNoteOnVoidInvoice => "the invoice was voided before: left out",
            Self::RefundUnlinkedNote => {
                "a refund and a note of the same total are not linked: both are booked"
            }
            Self::PaymentAfterWriteOff => "paid after the write-off: customer credit",
            Self::PaymentOnVoid => "paid after the void: customer credit",
            Self::ShipmentWithoutInvoice => "no invoice has room for it: nothing recognized",
            Self::ShipmentsPlanWithoutCount => {
                "the plan is recognized by shipments but has no count: recognized by time"
            }
            Self::OrderWithoutInvoice => "the order has no booked invoice: not in the ledger",
            Self::ImplausibleDate => {
                "the date is before 1990 or after 2099: check the year; booked as dated"
            }
            Self::WithdrawnCurrency => {
                "the currency was withdrawn before that date: check it; booked as it is"
            }
            Self::CustomerBalanceDifference => {
                "the customer's credit in the ledger differs from the balance transactions"
            }
            Self::ArDifference => "the receivable in the ledger differs from amount_remaining",
        }
    }
}

/// One suspicious record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Issue {
    /// The code of the issue.
    pub code: IssueCode,
    /// The name of the record's table.
    pub table: &'static str,
    /// The record's id.
    pub id: i64,
    /// The month of the record's event.
    pub month: Month,
    /// The currency of the amount; none for records without one (shipments).
    pub currency: Option<Currency>,
    /// The amount concerned, in minor units.
    pub amount: i128,
}

/// The columns of `issues.csv`, in order. The contract does not have the currency column.
pub const ISSUE_COLUMNS: &[PackageColumn] = &[
    PackageColumn { name: "code", kind: Text },
    PackageColumn { name: "table", kind: Text },
    PackageColumn { name: "id", kind: Int },
    PackageColumn { name: "month", kind: Text },
    PackageColumn { name: "amount", kind: Money },
    PackageColumn { name: "message", kind: Text },
    PackageColumn { name: "currency", kind: Text },
];

impl Issue {
    /// Returns true if the issue is listed for `month`. An implausible date is listed for every
    /// month, because it affects the balances of all months or of none.
    pub fn is_listed_in(&self, month: Month) -> bool {
        self.month == month || self.code == IssueCode::ImplausibleDate
    }

    /// Returns the values, one per column of [`ISSUE_COLUMNS`]. A record without a currency has no
    /// amount.
    pub fn fields(&self) -> Vec<FieldValue<'_>> {
        let (amount, currency) = match &self.currency {
            Some(currency) => (FieldValue::Money(self.amount), FieldValue::text(currency.code())),
            None => (FieldValue::Empty, FieldValue::Empty),
        };
        vec![
            FieldValue::text(self.code.as_str()),
            FieldValue::text(self.table),
            FieldValue::Int(i128::from(self.id)),
            FieldValue::Text(Cow::Owned(self.month.to_string())),
            amount,
            FieldValue::text(self.code.message()),
            currency,
        ]
    }
}

//! The files of the accounting package. Rule: spec/accounting.md §3.

/// A file of the accounting package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LedgerFile {
    /// Invoices of class subscription.
    SubscriptionRevenue,
    /// Invoices of class order.
    OrderRevenue,
    /// Revenue recognized by time and at once.
    RecognizedRevenue,
    /// Revenue recognized by shipments.
    RecognizedRevenueIssueBased,
    /// Revenue recognized by order items.
    RecognizedRevenueOrderBased,
    /// Payments.
    PaymentsReceived,
    /// Customer credit applied to invoices, or taken back from them.
    AppliedBalance,
    /// Refunds.
    RefundsMade,
    /// Write-offs.
    Uncollectible,
    /// Voids.
    Voided,
    /// Credit notes, credit-note invoices, negative invoices.
    CreditNotes,
    /// Invoices of class other.
    OtherInvoices,
    /// Revenue recognized for invoices of class other.
    OtherRecognizedRevenue,
    /// Customer credit given away.
    BalanceAdjustments,
}

impl LedgerFile {
    /// All files, in order: the eleven of the contract, then the other three.
    pub const ALL: [Self; 14] = [
        Self::SubscriptionRevenue,
        Self::OrderRevenue,
        Self::RecognizedRevenue,
        Self::RecognizedRevenueIssueBased,
        Self::RecognizedRevenueOrderBased,
        Self::PaymentsReceived,
        Self::AppliedBalance,
        Self::RefundsMade,
        Self::Uncollectible,
        Self::Voided,
        Self::CreditNotes,
        Self::OtherInvoices,
        Self::OtherRecognizedRevenue,
        Self::BalanceAdjustments,
    ];

    /// Returns the file's name without `.csv`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SubscriptionRevenue => "subscription_revenue",
            Self::OrderRevenue => "order_revenue",
            Self::RecognizedRevenue => "recognized_revenue",
            Self::RecognizedRevenueIssueBased => "recognized_revenue_issue_based",
            Self::RecognizedRevenueOrderBased => "recognized_revenue_order_based",
            Self::PaymentsReceived => "payments_received",
            Self::AppliedBalance => "applied_balance",
            Self::RefundsMade => "refunds_made",
            Self::Uncollectible => "uncollectible",
            Self::Voided => "voided",
            Self::CreditNotes => "credit_notes",
            Self::OtherInvoices => "other_invoices",
            Self::OtherRecognizedRevenue => "other_recognized_revenue",
            Self::BalanceAdjustments => "balance_adjustments",
        }
    }

    /// Returns the file with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|file| file.as_str() == name)
    }

    /// Returns true if the file is one of the contract's eleven.
    pub fn is_contract(self) -> bool {
        !matches!(
            self,
            Self::OtherInvoices | Self::OtherRecognizedRevenue | Self::BalanceAdjustments
        )
    }

    /// Returns the eleven files of the contract, in order.
    pub fn contract() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|file| file.is_contract())
    }

    /// Returns the file's position in [`LedgerFile::ALL`].
    pub fn position(self) -> usize {
        self as usize
    }

    /// Returns true if the file's rows are recognized revenue.
    pub fn is_recognition(self) -> bool {
        use LedgerFile::*;
        matches!(
            self,
            RecognizedRevenue
                | RecognizedRevenueIssueBased
                | RecognizedRevenueOrderBased
                | OtherRecognizedRevenue
        )
    }

    /// Returns true if the file's rows are invoices (negative ones are in [`LedgerFile::CreditNotes`]).
    pub fn is_invoices(self) -> bool {
        matches!(self, Self::SubscriptionRevenue | Self::OrderRevenue | Self::OtherInvoices)
    }
}

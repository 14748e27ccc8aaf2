//! The files of the package. Rule: spec/accounting.md §3.

/// A file of the package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum File {
    /// Invoices of class subscription.
    SubscriptionRevenue,
    /// Invoices of class order.
    OrderRevenue,
    /// Recognition by time and at once.
    RecognizedRevenue,
    /// Recognition by shipments.
    RecognizedRevenueIssueBased,
    /// Recognition by order items.
    RecognizedRevenueOrderBased,
    /// Payments.
    PaymentsReceived,
    /// Credit applied to invoices and taken back.
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
    /// Recognition of invoices of class other.
    OtherRecognizedRevenue,
    /// Credit given away.
    BalanceAdjustments,
}

impl File {
    /// The contract's eleven, in order.
    pub const CONTRACT: [Self; 11] = [
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
    ];

    /// All fourteen, in order.
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

    /// Its name without `.csv`.
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

    /// The file with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|file| file.as_str() == name)
    }

    /// Whether it is one of the contract's eleven.
    pub fn is_contract(self) -> bool {
        Self::CONTRACT.contains(&self)
    }

    /// Whether its rows are movement of pieces.
    pub fn is_recognition(self) -> bool {
        use File::*;
        matches!(
            self,
            RecognizedRevenue
                | RecognizedRevenueIssueBased
                | RecognizedRevenueOrderBased
                | OtherRecognizedRevenue
        )
    }

    /// Whether its rows are invoices (negative ones are in [`File::CreditNotes`]).
    pub fn is_invoices(self) -> bool {
        matches!(self, Self::SubscriptionRevenue | Self::OrderRevenue | Self::OtherInvoices)
    }
}

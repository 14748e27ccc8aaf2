//! The calculation behind a posting, in plain words. Rule: spec/accounting.md §13 (explain).

use crate::posting::{LedgerFile, Posting, PostingSource};

/// The explanation of a posting for an accountant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostingExplanation {
    /// The posting's entry id.
    pub entry_id: String,
    /// The rule that was applied, in plain words.
    pub rule: &'static str,
    /// The tables and ids of the source records.
    pub sources: Vec<(&'static str, i64)>,
    /// The calculation, step by step.
    pub steps: Vec<String>,
    /// The booked amounts: category and signed amount in major units.
    pub booked: Vec<(&'static str, String)>,
}

/// Explains a posting. Its span must be an explained one ([`crate::LedgerSpan::explained`]).
pub fn explain_posting(posting: &Posting) -> PostingExplanation {
    let money = |minor: i128| posting.currency.decimal(minor);
    let steps = posting.calculation.iter().map(|working| working.sentence(posting.currency));
    let booked = posting.amounts.non_zero().map(|(c, amount)| (c.as_str(), money(amount)));
    PostingExplanation {
        entry_id: posting.entry_id(),
        rule: rule_of(posting),
        sources: sources_of(posting),
        steps: steps.collect(),
        booked: booked.collect(),
    }
}

fn rule_of(posting: &Posting) -> &'static str {
    match (posting.file, posting.source) {
        (LedgerFile::CreditNotes, PostingSource::Invoice) => {
            "a negative invoice becomes customer credit; its lines keep their own schedules"
        }
        (
            LedgerFile::SubscriptionRevenue | LedgerFile::OrderRevenue | LedgerFile::OtherInvoices,
            _,
        ) => "an invoice is receivable with tax, and deferred without",
        (LedgerFile::RecognizedRevenue | LedgerFile::OtherRecognizedRevenue, _) => {
            "a period is earned as its time passes; without a period everything is earned at once"
        }
        (LedgerFile::RecognizedRevenueIssueBased, _) => {
            "a line is earned by the shipments that were sent, out of those it pays for"
        }
        (LedgerFile::RecognizedRevenueOrderBased, _) => {
            "an order item is earned once it is fulfilled and shipped"
        }
        (LedgerFile::PaymentsReceived, _) => {
            "a payment settles what is due; the rest is customer credit"
        }
        (LedgerFile::AppliedBalance, PostingSource::Payment) => {
            "a payment from before the invoice is the customer's credit until the invoice is there"
        }
        (LedgerFile::AppliedBalance, _) => "customer credit settles what is due",
        (LedgerFile::RefundsMade, _) => {
            "a refund pays out credit, or takes back the invoice that was paid"
        }
        (LedgerFile::Uncollectible, _) => "what is due is taken back and never asked for again",
        (LedgerFile::Voided, _) => {
            "everything left of the invoice is reversed; what was paid becomes credit"
        }
        (LedgerFile::CreditNotes, _) => {
            "a note takes back what is not delivered, then what is recognized"
        }
        (LedgerFile::BalanceAdjustments, _) => "a credit given away reduces revenue",
    }
}

fn sources_of(posting: &Posting) -> Vec<(&'static str, i64)> {
    let mut sources = Vec::new();
    let table = match posting.source {
        PostingSource::Invoice | PostingSource::CreditNoteInvoice => "invoices",
        PostingSource::Payment => "payments",
        PostingSource::BalanceTransaction => "balance_transactions",
        PostingSource::CreditNote => "credit_notes",
        PostingSource::Refund => "refunds",
        PostingSource::Piece(crate::posting::PieceId::Item(_)) => "order_items",
        PostingSource::Piece(_) => "invoice_lines",
    };
    sources.extend(posting.source_id.map(|id| (table, id)));
    let invoice = posting.links.invoice_id.map(|id| ("invoices", id));
    sources.extend(invoice.filter(|invoice| !sources.contains(invoice)));
    sources
}

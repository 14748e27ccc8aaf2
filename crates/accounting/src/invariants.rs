//! Invariants that hold for any records, checked in production, too. A broken invariant is a bug in
//! the ledger, never an error in a record. Rule: spec/accounting.md §8.

use crate::invoice_ledger::InvoiceLedger;
use crate::posting::{CategoryAmounts, LedgerCategory, Posting};

/// A broken invariant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BrokenInvariant {
    /// A posting does not sum to zero.
    #[error("posting {entry_id} sums to {sum} minor units instead of zero")]
    Unbalanced {
        /// The posting's entry id.
        entry_id: String,
        /// The sum of the posting.
        sum: i128,
    },
    /// The shares by piece do not sum to the posting.
    #[error("the parts of posting {entry_id} do not sum to it")]
    Parts {
        /// The posting's entry id.
        entry_id: String,
    },
    /// The postings of an invoice do not add up to its state.
    #[error("invoice {invoice_id}: {category} is {posted} by postings but {state} by its state")]
    State {
        /// The invoice.
        invoice_id: i64,
        /// The category.
        category: &'static str,
        /// The sum of the postings.
        posted: i128,
        /// The amount in the invoice's state.
        state: i128,
    },
    /// The pieces of an invoice do not sum to its net.
    #[error("invoice {invoice_id}: pieces sum to {pieces} but the net is {net}")]
    Pieces {
        /// The invoice.
        invoice_id: i64,
        /// The sum of the pieces.
        pieces: i128,
        /// The net of the invoice.
        net: i128,
    },
    /// A piece has more recognized or deferred than its net.
    #[error(
        "invoice {invoice_id}: a piece of net {net} has {deferred} deferred, {recognized} recognized"
    )]
    PieceBounds {
        /// The invoice.
        invoice_id: i64,
        /// The net of the piece.
        net: i128,
        /// The deferred amount.
        deferred: i128,
        /// The recognized amount.
        recognized: i128,
    },
    /// A posting's source is not among the records given.
    #[error("the source of posting {entry_id} is not among the records")]
    SourceMissing {
        /// The posting's entry id.
        entry_id: String,
    },
    /// Two figures that must be equal differ.
    #[error("{what}: {left} differs from {right}")]
    TieOut {
        /// The name of the figures.
        what: &'static str,
        /// The first figure.
        left: i128,
        /// The second figure.
        right: i128,
    },
}

/// Checks that a posting sums to zero and that its shares sum to it.
pub fn check_posting(posting: &Posting) -> Result<(), BrokenInvariant> {
    let sum = posting.amounts.sum();
    if sum != 0 {
        return Err(BrokenInvariant::Unbalanced { entry_id: posting.entry_id(), sum });
    }
    if posting.shares.is_empty() {
        return Ok(());
    }
    let deferred: i128 = posting.shares.iter().map(|share| share.deferred).sum();
    let recognized: i128 = posting.shares.iter().map(|share| share.recognized).sum();
    let amounts = &posting.amounts;
    if deferred != amounts[LedgerCategory::DeferredRevenue]
        || recognized != amounts[LedgerCategory::RecognizedRevenue]
    {
        return Err(BrokenInvariant::Parts { entry_id: posting.entry_id() });
    }
    Ok(())
}

/// Checks the ledger of one invoice: every posting, the state that the postings lead to, and the
/// bounds of the pieces (identities 1, 3, 4, 5).
pub fn check_invoice(ledger: &InvoiceLedger) -> Result<(), BrokenInvariant> {
    ledger.postings.iter().try_for_each(check_posting)?;
    for piece in &ledger.pieces {
        let (low, high) = (piece.net.min(0), piece.net.max(0));
        let are_inside = |amount: i128| (low..=high).contains(&amount);
        if !are_inside(piece.deferred) || !are_inside(piece.recognized) {
            return Err(BrokenInvariant::PieceBounds {
                invoice_id: ledger.invoice_id,
                net: piece.net,
                deferred: piece.deferred,
                recognized: piece.recognized,
            });
        }
    }
    if !ledger.is_inside {
        return Ok(());
    }
    let mut posted = CategoryAmounts::ZERO;
    for posting in &ledger.postings {
        posted += posting.amounts;
    }
    let deferred: i128 = ledger.pieces.iter().map(|piece| piece.deferred).sum();
    for (category, state) in [
        (LedgerCategory::AccountsReceivable, ledger.receivable),
        (LedgerCategory::Taxes, -ledger.tax),
        (LedgerCategory::DeferredRevenue, -deferred),
    ] {
        if posted[category] != state {
            return Err(BrokenInvariant::State {
                invoice_id: ledger.invoice_id,
                category: category.as_str(),
                posted: posted[category],
                state,
            });
        }
    }
    let net: i128 = ledger.pieces.iter().map(|piece| piece.net).sum();
    let moved = ledger.pieces.iter().flat_map(|piece| &piece.movements).map(|m| m.amount);
    let accounted = moved.sum::<i128>() + ledger.taken_from_deferred + deferred;
    if accounted != net {
        let invoice_id = ledger.invoice_id;
        return Err(BrokenInvariant::Pieces { invoice_id, pieces: accounted, net });
    }
    Ok(())
}

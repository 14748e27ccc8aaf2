//! The ways in which an invoice is corrected.

/// The correction of an invoice. All but `NoteBeforePayment` need a payment, happen some days after
/// it, and are left out if that day is still ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Correction {
    /// Nothing.
    None,
    /// A refund of a part of the payment, without a credit note.
    RefundOfPart,
    /// A credit note, and a refund that names it.
    NoteThenRefund,
    /// A refund, and a credit note that names it.
    RefundThenNote,
    /// An invoice that credits another one, and a refund of it.
    CreditNoteInvoice,
    /// A refund that is kept as account credit.
    RefundToBalance,
    /// A credit note whose amount is kept as account credit.
    NoteToBalance,
    /// A credit note on an open invoice.
    NoteBeforePayment,
    /// A credit note that is voided at once.
    NoteVoided,
    /// A refund that does not complete: 0 pending, 1 failed, 2 canceled.
    RefundStuck(u8),
}

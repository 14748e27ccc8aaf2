//! Double entry: the ledger as journals for other programs. Rule: spec/accounting.md §10.2, §10.3.
//!
//! | module | holds |
//! | --- | --- |
//! | [`lines`] | the rows of `journal.csv` |
//! | [`hledger`] | `journal.hledger` and the two files that it includes |
//! | [`beancount`] | `journal.beancount` and the two files that it includes |
//!
//! Opening balances and transactions are separate files, so that months can be chained: the opening
//! balances of the first month, then the transactions of each month.

pub mod beancount;
pub mod hledger;
pub mod lines;

use crate::posting::{LedgerCategory, LedgerFile, Posting, PostingSource};
use crate::settings::JournalAccounts;
use crate::trial_balance::TrialBalance;

pub use lines::{JournalLine, journal_lines};

/// Returns a short description of a posting: `payment 7`, `recognized revenue of line 10`.
pub fn description_of(posting: &Posting) -> String {
    let id = posting.source_id.map(|id| format!(" {id}")).unwrap_or_default();
    match (posting.file, posting.source) {
        (LedgerFile::CreditNotes, PostingSource::Invoice) => format!("negative invoice{id}"),
        (LedgerFile::CreditNotes, PostingSource::CreditNoteInvoice) => {
            format!("credit note invoice{id}")
        }
        (LedgerFile::CreditNotes, _) => format!("credit note{id}"),
        (_, PostingSource::Piece(piece)) => format!("recognized revenue of {}", piece_name(piece)),
        (LedgerFile::Uncollectible, _) => format!("write-off of invoice{id}"),
        (LedgerFile::Voided, _) => format!("void of invoice{id}"),
        (_, PostingSource::Invoice | PostingSource::CreditNoteInvoice) => format!("invoice{id}"),
        (LedgerFile::AppliedBalance, PostingSource::Payment) => format!("payment{id} applied"),
        (_, PostingSource::Payment) => format!("payment{id}"),
        (_, PostingSource::Refund) => format!("refund{id}"),
        (_, PostingSource::CreditNote) => format!("credit note{id}"),
        (LedgerFile::BalanceAdjustments, _) => format!("balance adjustment{id}"),
        (_, PostingSource::BalanceTransaction) => format!("applied balance{id}"),
    }
}

fn piece_name(piece: crate::posting::PieceId) -> String {
    use crate::posting::PieceId;
    match piece {
        PieceId::Line(id) => format!("line {id}"),
        PieceId::Item(id) => format!("order item {id}"),
        PieceId::Residual(invoice) => format!("the rest of invoice {invoice}"),
    }
}

/// The name of the file with accounts and opening balances for hledger.
pub const OPENING_HLEDGER: &str = "opening.hledger";
/// The name of the file with the month's transactions for hledger.
pub const TRANSACTIONS_HLEDGER: &str = "transactions.hledger";
/// The name of the file with accounts and opening balances for Beancount.
pub const OPENING_BEANCOUNT: &str = "opening.beancount";
/// The name of the file with the month's transactions for Beancount.
pub const TRANSACTIONS_BEANCOUNT: &str = "transactions.beancount";

/// Returns the journal's accounts without duplicates. Several categories may share an account.
fn account_names(accounts: &JournalAccounts) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    let all =
        LedgerCategory::ALL.into_iter().map(|category| accounts.account_of_category(category));
    for name in all.chain([accounts.opening_balances.as_str()]) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Returns the balance of each account before the month. Earlier revenue is in equity.
fn opening_amounts<'a>(
    balance: &TrialBalance,
    accounts: &'a JournalAccounts,
) -> impl Iterator<Item = (&'a str, i128)> {
    let amounts: Vec<_> = balance.opening.non_zero().collect();
    amounts.into_iter().map(|(category, amount)| (accounts.opening_account(category), amount))
}

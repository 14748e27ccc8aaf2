//! The journal of a month for hledger, in two files. `opening.hledger` declares the accounts with
//! their opening balances; `transactions.hledger` has one transaction per posting.
//! `journal.hledger` includes both. Rule: spec/accounting.md §10.3.

use std::fmt::Write as _;

use model::money::Currency;

use super::{
    OPENING_HLEDGER, TRANSACTIONS_HLEDGER, account_names, description_of, opening_amounts,
};
use crate::posting::Posting;
use crate::settings::JournalAccounts;
use crate::trial_balance::TrialBalance;

/// Returns the text of `journal.hledger`, which includes the two files.
pub fn main_file() -> String {
    let (opening, transactions) = (OPENING_HLEDGER, TRANSACTIONS_HLEDGER);
    format!("include {opening}\ninclude {transactions}\n")
}

/// Returns the text of `opening.hledger`: declarations, and balances at the end of the day before
/// the month.
pub fn opening_file(balance: &TrialBalance, accounts: &JournalAccounts) -> String {
    let commodity = commodity_of(balance.currency);
    // hledger requires a decimal mark, also for currencies without decimals.
    let sample = match balance.currency.digits() {
        0 => "1000.".to_owned(),
        _ => balance.currency.decimal(1000 * 10_i128.pow(balance.currency.digits())),
    };
    let mut text = format!("commodity {sample} {commodity}\n");
    for account in account_names(accounts) {
        let _ = writeln!(text, "account {account}");
    }
    text.push('\n');
    if !balance.opening.is_zero() {
        let date = balance.month.previous().last_day();
        let _ = writeln!(text, "{date} * opening balances  ; entry:opening");
        push_amounts(&mut text, opening_amounts(balance, accounts), balance.currency);
    }
    text
}

/// Returns one transaction; empty if all amounts are zero.
pub fn transaction(posting: &Posting, accounts: &JournalAccounts) -> String {
    if posting.amounts.is_zero() {
        return String::new();
    }
    let mut text = String::new();
    let entry = posting.entry_id();
    let _ = write!(text, "{} * {}  ; entry:{entry}", posting.date, description_of(posting));
    let tags = [("customer", posting.links.customer_id), ("invoice", posting.links.invoice_id)];
    for (tag, id) in tags {
        if let Some(id) = id {
            let _ = write!(text, ", {tag}:{id}");
        }
    }
    text.push('\n');
    let amounts = posting.amounts.non_zero();
    let amounts =
        amounts.map(|(category, amount)| (accounts.account_of_category(category), amount));
    push_amounts(&mut text, amounts, posting.currency);
    text
}

fn push_amounts<'a>(
    text: &mut String,
    amounts: impl Iterator<Item = (&'a str, i128)>,
    currency: Currency,
) {
    let commodity = commodity_of(currency);
    for (account, amount) in amounts {
        let amount = currency.decimal(amount);
        let _ = writeln!(text, "    {account}  {amount} {commodity}");
    }
    text.push('\n');
}

fn commodity_of(currency: Currency) -> String {
    currency.code().to_ascii_uppercase()
}

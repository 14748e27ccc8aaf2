//! `rollbook ledger`: prints every posting of an invoice, with its rule and calculation. Rule:
//! spec/accounting.md §13.

use accounting::Posting;
use books::explain::{ExplainedPosting, explain_invoice, explanation_json};
use clap::Args;
use mirror::MirrorRole;
use model::clock::{Clock, SystemClock};
use model::id::ProviderId;
use model::time::Instant;

use super::accounting::parse_instant;
use super::provider::provider_id;
use super::{ListFormat, list_format, print, to_json as json_text};
use crate::data_args::DataArgs;
use crate::failure::Failure;
use crate::opening;

/// `rollbook ledger`
#[derive(Debug, Args)]
pub struct LedgerArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Id of the provider
    #[arg(long, value_name = "ID", value_parser = provider_id)]
    provider: ProviderId,
    /// Id of the invoice
    #[arg(long, value_name = "ID")]
    invoice: i64,
    /// Include postings up to this time [default: now]
    #[arg(long, value_name = "TIME", value_parser = parse_instant)]
    until: Option<Instant>,
    /// Output format [default: table on a terminal, else json]
    #[arg(long, value_enum)]
    format: Option<ListFormat>,
}

pub(crate) fn run(args: LedgerArgs) -> Result<(), Failure> {
    let (folder, settings) = super::open_folder(&args.data)?;
    let store = opening::open_store(&folder, &settings)?;
    let reads = opening::open_mirror(&folder, &settings, &store, MirrorRole::Reader)?;
    let session = reads.mirror.session(args.provider)?;
    let until = args.until.unwrap_or_else(|| SystemClock.now());
    let books = settings.accounting.for_provider(args.provider);
    let explained = explain_invoice(&session, &books, args.invoice, until)?
        .ok_or_else(|| Failure::new(format!("there is no invoice {}", args.invoice)))?;
    match list_format(args.format) {
        ListFormat::Table => print(&postings_text(args.invoice, &explained)),
        ListFormat::Json => {
            let all = explained.iter().map(|one| explanation_json(&session, one));
            print(&json_text(&all.collect::<Result<Vec<_>, _>>()?)?)
        }
    }
}

/// Returns the postings as text.
fn postings_text(invoice: i64, explained: &[ExplainedPosting]) -> String {
    let Some(first) = explained.first() else {
        return format!(
            "invoice {invoice} has no postings: it is a draft, deleted, or of a cart\n"
        );
    };
    let currency = first.posting.currency;
    let mut text = format!("invoice {invoice}, amounts in {}\n", currency.code());
    let mut balances = accounting::CategoryAmounts::ZERO;
    for ExplainedPosting { posting, explanation } in explained {
        text.push_str(&format!("\n{}  {}\n", posting.date, explanation.entry_id));
        text.push_str(&format!("    {}\n", explanation.rule));
        for step in &explanation.steps {
            text.push_str(&format!("    {step}\n"));
        }
        text.push_str(&debits_and_credits(posting));
        balances += posting.amounts;
    }
    text.push_str("\nbalances of this invoice\n");
    for (category, minor) in balances.non_zero() {
        text.push_str(&format!("    {:<22}{:>14}\n", category.as_str(), currency.decimal(minor)));
    }
    if balances.is_zero() {
        text.push_str("    all zero\n");
    }
    text
}

/// Returns the debit or credit of each category.
fn debits_and_credits(posting: &Posting) -> String {
    let mut text = String::new();
    for (category, minor) in posting.amounts.non_zero() {
        let amount = posting.currency.decimal(minor.abs());
        let (name, debit, credit) = if minor > 0 {
            (category.as_str(), amount, String::new())
        } else {
            (category.as_str(), String::new(), amount)
        };
        text.push_str(&format!("      {name:<20}{debit:>14}{credit:>14}\n"));
    }
    if posting.amounts.is_zero() {
        text.push_str("      nothing moves\n");
    }
    text
}

//! Explanations of one posting, or of all postings of an invoice: the rule and the arithmetic.
//! Rule: spec/accounting.md §13.

use crate::parts::{LoadedPart, PostingOrigin, load_origin, read_source_row};
use accounting::explain::{PostingExplanation, explain_posting};
use accounting::{Horizon, LedgerFile, LedgerSettings, LedgerSpan, Month, Posting};
use mirror::MirrorSession;
use model::catalogue;
use model::time::Instant;
use serde_json::{Map, Value, json};

use crate::error::PackageError;
use crate::pass::books_of_session;

/// A posting with its explanation.
#[derive(Debug, Clone)]
pub struct ExplainedPosting {
    /// The posting.
    pub posting: Posting,
    /// The rule, the steps and the source records.
    pub explanation: PostingExplanation,
}

/// Returns the record that an entry comes from. The id is `file:id`, with `:piece` and `#YYYY-MM`
/// where needed. Returns `None` for any other text.
fn origin_of_entry(text: &str) -> Option<PostingOrigin> {
    let (entry, month) = match text.split_once('#') {
        Some((entry, month)) => (entry, Some(month)),
        None => (text, None),
    };
    if month.is_some_and(|month| Month::parse(month).is_none()) {
        return None;
    }
    let mut words = entry.split(':');
    let file = LedgerFile::parse(words.next()?)?;
    let id = words.next()?;
    let piece = words.next();
    if words.next().is_some() {
        return None;
    }
    let number = |text: &str| text.parse::<i64>().ok().filter(|id| *id >= 1);
    let residual = piece.and_then(|piece| piece.strip_prefix("residual-")).and_then(number);
    let origin = match (file, residual) {
        (file, Some(invoice)) if file.is_recognition() && id.is_empty() => {
            PostingOrigin::Invoice(invoice)
        }
        (LedgerFile::RecognizedRevenueOrderBased, _) => PostingOrigin::OrderItem(number(id)?),
        (file, _) if file.is_recognition() => PostingOrigin::Line(number(id)?),
        (LedgerFile::PaymentsReceived, _) => PostingOrigin::Payment(number(id)?),
        (LedgerFile::AppliedBalance, _) if piece == Some("payment") => {
            PostingOrigin::Payment(number(id)?)
        }
        (LedgerFile::AppliedBalance | LedgerFile::BalanceAdjustments, _) => {
            PostingOrigin::BalanceTransaction(number(id)?)
        }
        (LedgerFile::RefundsMade, _) => PostingOrigin::Refund(number(id)?),
        (LedgerFile::CreditNotes, _) if piece != Some("invoice") => {
            PostingOrigin::CreditNote(number(id)?)
        }
        _ => PostingOrigin::Invoice(number(id)?),
    };
    Some(origin)
}

/// Explains the posting with an entry id. Returns `None` if the records give no such posting by
/// `until`. Blocking.
pub fn explain_entry(
    session: &MirrorSession,
    settings: &LedgerSettings,
    entry_id: &str,
    until: Instant,
) -> Result<Option<ExplainedPosting>, PackageError> {
    let Some(origin) = origin_of_entry(entry_id) else { return Ok(None) };
    let postings = postings_of(session, settings, origin, until)?;
    let found = postings.into_iter().flatten().find(|posting| posting.entry_id() == entry_id);
    Ok(found.map(with_explanation))
}

/// Explains every posting of an invoice by `until`, in the order in which they occurred. Returns
/// `None` if there is no such invoice. Blocking.
pub fn explain_invoice(
    session: &MirrorSession,
    settings: &LedgerSettings,
    invoice_id: i64,
    until: Instant,
) -> Result<Option<Vec<ExplainedPosting>>, PackageError> {
    let origin = PostingOrigin::Invoice(invoice_id);
    let Some(postings) = postings_of(session, settings, origin, until)? else { return Ok(None) };
    let own = postings.into_iter().filter(|posting| posting.links.invoice_id == Some(invoice_id));
    let mut own: Vec<Posting> = own.collect();
    own.sort_by_key(|posting| (posting.occurred_at, posting.package_order()));
    Ok(Some(own.into_iter().map(with_explanation).collect()))
}

fn with_explanation(posting: Posting) -> ExplainedPosting {
    let explanation = explain_posting(&posting);
    ExplainedPosting { posting, explanation }
}

/// Returns the postings of a record and of those booked with it, or `None` if it does not exist.
fn postings_of(
    session: &MirrorSession,
    settings: &LedgerSettings,
    origin: PostingOrigin,
    until: Instant,
) -> Result<Option<Vec<Posting>>, PackageError> {
    let books = books_of_session(session, settings);
    let Some(part) = load_origin(session, books.calendar.clone(), origin)? else {
        return Ok(None);
    };
    let LoadedPart { grouped, .. } = part;
    let span = LedgerSpan::until(Horizon::AsOf(until)).explained();
    let mut postings = Vec::new();
    for records in &grouped.invoices {
        postings.extend(books.invoice_ledger(records, &grouped.directory, &span).postings);
    }
    postings.extend(books.unlinked_ledger(&grouped.untied, &grouped.directory, &span).postings);
    Ok(Some(postings))
}

/// Returns the answer of `GET …/explain`: the posting, its stored source rows and the steps.
/// Blocking.
pub fn explanation_json(
    session: &MirrorSession,
    explained: &ExplainedPosting,
) -> Result<Value, PackageError> {
    let ExplainedPosting { posting, explanation } = explained;
    let mut sources = Vec::new();
    for (table, id) in &explanation.sources {
        let row = match catalogue::table(table) {
            Some(table) => read_source_row(session, table, *id)?,
            None => None,
        };
        sources.push(json!({ "table": table, "id": id, "row": row }));
    }
    let amounts = posting.amounts.non_zero();
    let amounts =
        amounts.map(|(category, minor)| (category.as_str().to_owned(), minor_units(minor)));
    Ok(json!({
        "entry_id": explanation.entry_id,
        "file": posting.file.as_str(),
        "month": posting.month.to_string(),
        "date": posting.date.to_string(),
        "occurred_at": posting.occurred_at.to_string(),
        "currency": posting.currency.code(),
        "customer_id": posting.links.customer_id,
        "invoice_id": posting.links.invoice_id,
        "amounts": Map::from_iter(amounts),
        "rule": explanation.rule,
        "steps": explanation.steps,
        "sources": sources,
    }))
}

/// Returns minor units as a JSON number if it fits into 64 bits, or else as text.
pub(super) fn minor_units(minor: i128) -> Value {
    i64::try_from(minor).map_or_else(|_| Value::String(minor.to_string()), Value::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entry_ids_name_their_records() {
        for (text, origin) in [
            ("subscription_revenue:7", PostingOrigin::Invoice(7)),
            ("recognized_revenue:10#2024-10", PostingOrigin::Line(10)),
            ("recognized_revenue::residual-9#2024-10", PostingOrigin::Invoice(9)),
            ("recognized_revenue_order_based:30#2024-10", PostingOrigin::OrderItem(30)),
            ("payments_received:1", PostingOrigin::Payment(1)),
            ("applied_balance:2", PostingOrigin::BalanceTransaction(2)),
            ("applied_balance:2:payment", PostingOrigin::Payment(2)),
            ("refunds_made:3", PostingOrigin::Refund(3)),
            ("credit_notes:4", PostingOrigin::CreditNote(4)),
            ("credit_notes:8:invoice", PostingOrigin::Invoice(8)),
            ("voided:5", PostingOrigin::Invoice(5)),
        ] {
            assert_eq!(origin_of_entry(text), Some(origin), "{text}");
        }
        for bad in [
            "",
            "voided",
            "voided:",
            "voided:x",
            "voided:0",
            "nothing:1",
            "voided:1:2:3",
            "recognized_revenue:1#2024-13",
        ] {
            assert_eq!(origin_of_entry(bad), None, "{bad}");
        }
    }
}

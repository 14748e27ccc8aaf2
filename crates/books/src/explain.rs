//! Explanations of one posting, or of all postings of an invoice: the rule and the arithmetic.
//! Rule: spec/accounting.md §13.

use crate::parts::{LoadedPart, Origin, load_origin, source_row};
use accounting::explain::{Explanation, explain};
use accounting::{Calendar, File, Horizon, Month, Posting, Settings, Span};
use mirror::Session;
use model::catalogue;
use model::time::Instant;
use serde_json::{Map, Value, json};

use crate::error::PackageError;
use crate::pass::books_of;

/// A posting with its explanation.
#[derive(Debug, Clone)]
pub struct Explained {
    /// The posting.
    pub posting: Posting,
    /// The rule, the steps and the source records.
    pub explanation: Explanation,
}

/// A parsed entry id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryId {
    /// The record that the entry comes from.
    pub origin: Origin,
}

impl EntryId {
    /// Parses `file:id`, with `:piece` and `#YYYY-MM` where needed. Returns `None` for any other
    /// text.
    pub fn parse(text: &str) -> Option<Self> {
        let (entry, month) = match text.split_once('#') {
            Some((entry, month)) => (entry, Some(month)),
            None => (text, None),
        };
        if month.is_some_and(|month| Month::parse(month).is_none()) {
            return None;
        }
        let mut words = entry.split(':');
        let file = File::parse(words.next()?)?;
        let id = words.next()?;
        let piece = words.next();
        if words.next().is_some() {
            return None;
        }
        let number = |text: &str| text.parse::<i64>().ok().filter(|id| *id >= 1);
        let residual = piece.and_then(|piece| piece.strip_prefix("residual-")).and_then(number);
        let origin = match (file, residual) {
            (file, Some(invoice)) if file.is_recognition() && id.is_empty() => {
                Origin::Invoice(invoice)
            }
            (File::RecognizedRevenueOrderBased, _) => Origin::OrderItem(number(id)?),
            (file, _) if file.is_recognition() => Origin::Line(number(id)?),
            (File::PaymentsReceived, _) => Origin::Payment(number(id)?),
            (File::AppliedBalance, _) if piece == Some("payment") => Origin::Payment(number(id)?),
            (File::AppliedBalance | File::BalanceAdjustments, _) => {
                Origin::BalanceTransaction(number(id)?)
            }
            (File::RefundsMade, _) => Origin::Refund(number(id)?),
            (File::CreditNotes, _) if piece != Some("invoice") => Origin::CreditNote(number(id)?),
            _ => Origin::Invoice(number(id)?),
        };
        Some(Self { origin })
    }
}

/// Explains the posting with an entry id. Returns `None` if the records give no such posting by
/// `until`. Blocking.
pub fn explain_entry(
    session: &Session,
    settings: &Settings,
    entry_id: &str,
    until: Instant,
) -> Result<Option<Explained>, PackageError> {
    let Some(EntryId { origin }) = EntryId::parse(entry_id) else { return Ok(None) };
    let postings = postings_of(session, settings, origin, until)?;
    let found = postings.into_iter().find(|posting| posting.entry_id() == entry_id);
    Ok(found.map(explained))
}

/// Explains every posting of an invoice by `until`, in the order in which they occurred. Returns
/// `None` if there is no such invoice. Blocking.
pub fn explain_invoice(
    session: &Session,
    settings: &Settings,
    invoice_id: i64,
    until: Instant,
) -> Result<Option<Vec<Explained>>, PackageError> {
    let calendar = Calendar::new(session.provider().timezone.clone());
    let Some(_) = load_origin(session, calendar, Origin::Invoice(invoice_id))? else {
        return Ok(None);
    };
    let postings = postings_of(session, settings, Origin::Invoice(invoice_id), until)?;
    let own = postings.into_iter().filter(|posting| posting.belongs.invoice_id == Some(invoice_id));
    let mut own: Vec<Posting> = own.collect();
    own.sort_by_key(|posting| (posting.occurred_at, posting.package_order()));
    Ok(Some(own.into_iter().map(explained).collect()))
}

fn explained(posting: Posting) -> Explained {
    let explanation = explain(&posting);
    Explained { posting, explanation }
}

fn postings_of(
    session: &Session,
    settings: &Settings,
    origin: Origin,
    until: Instant,
) -> Result<Vec<Posting>, PackageError> {
    let books = books_of(session, settings);
    let Some(part) = load_origin(session, books.calendar.clone(), origin)? else {
        return Ok(Vec::new());
    };
    let LoadedPart { grouped, .. } = part;
    let span = Span::until(Horizon::AsOf(until)).explained();
    let mut postings = Vec::new();
    for records in &grouped.invoices {
        postings.extend(books.invoice(records, &grouped.directory, &span).postings);
    }
    postings.extend(books.untied(&grouped.untied, &grouped.directory, &span).postings);
    Ok(postings)
}

/// Returns the answer of `GET …/explain`: the posting, its stored source rows and the steps.
/// Blocking.
pub fn to_json(session: &Session, explained: &Explained) -> Result<Value, PackageError> {
    let Explained { posting, explanation } = explained;
    let mut sources = Vec::new();
    for (table, id) in &explanation.sources {
        let row = match catalogue::table(table) {
            Some(table) => source_row(session, table, *id)?,
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
        "customer_id": posting.belongs.customer_id,
        "invoice_id": posting.belongs.invoice_id,
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
            ("subscription_revenue:7", Origin::Invoice(7)),
            ("recognized_revenue:10#2024-10", Origin::Line(10)),
            ("recognized_revenue::residual-9#2024-10", Origin::Invoice(9)),
            ("recognized_revenue_order_based:30#2024-10", Origin::OrderItem(30)),
            ("payments_received:1", Origin::Payment(1)),
            ("applied_balance:2", Origin::BalanceTransaction(2)),
            ("applied_balance:2:payment", Origin::Payment(2)),
            ("refunds_made:3", Origin::Refund(3)),
            ("credit_notes:4", Origin::CreditNote(4)),
            ("credit_notes:8:invoice", Origin::Invoice(8)),
            ("voided:5", Origin::Invoice(5)),
        ] {
            assert_eq!(EntryId::parse(text), Some(EntryId { origin }), "{text}");
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
            assert_eq!(EntryId::parse(bad), None, "{bad}");
        }
    }
}

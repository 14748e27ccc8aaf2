//! Revenue by plan, product or site and month. Rule: spec/accounting.md §13.

use crate::parts::{BookTableColumn, read_names};
use accounting::package::{FieldKind, FieldValue};
use accounting::revenue_by_group::{RevenueByGroup, RevenueGrouping, RevenueRow};
use accounting::{LedgerSpan, Month, Posting};
use serde_json::{Map, json};

use super::{BooksView, ViewRequest, optional_id, text_field};
use crate::error::PackageError;
use crate::pass::{LedgerPass, LedgerVisit, books_of_session};

/// The name of the group without a plan, product or site.
const NONE: &str = "none";

/// Returns the revenue of the months `from` to `to` by `group_by`. Blocking.
pub fn revenue_by_plan(
    request: &ViewRequest<'_>,
    from: Month,
    to: Month,
    group_by: RevenueGrouping,
) -> Result<BooksView<'static>, PackageError> {
    let books = books_of_session(request.session, &request.settings);
    let frozen = request.frozen()?;
    let open = frozen.first_open();
    let detail_from = open.map_or(from, |open| open.min(from));
    let until = LedgerSpan::until(request.until(to, &books.calendar));
    let span = LedgerSpan { detail_from: Some(detail_from), ..until };
    let pass = LedgerPass { books, currency: request.currency, span };
    let visit = |revenue: &mut RevenueByGroup, visit: LedgerVisit<'_>| {
        let postings = match visit {
            LedgerVisit::Invoice { ledger, .. } => &ledger.postings,
            LedgerVisit::Untied { ledger, .. } => &ledger.postings,
            LedgerVisit::Links(_) | LedgerVisit::BalanceTransactions(_) => return Ok(()),
        };
        let is_open = |posting: &Posting| open.is_none_or(|open| posting.month >= open);
        let own = |posting: &&Posting| posting.currency == request.currency && is_open(posting);
        postings.iter().filter(own).for_each(|posting| revenue.add(posting));
        Ok(())
    };
    let begin = || RevenueByGroup::new(group_by);
    let mut revenue = begin();
    for part in pass.run(request.session, request.observer(), &begin, &visit)? {
        revenue.merge(&part);
    }
    frozen.visit_postings(request.currency, &mut |row| {
        revenue.add(&row.posting);
        Ok(())
    })?;
    if open.is_some_and(|open| open <= to) {
        request.visit_adjustments(&frozen, &mut |adjustment| revenue.add(adjustment))?;
    }
    let (word, table) = word_of(group_by);
    let names = read_names(request.session, table)?;
    let code = request.currency;
    let row = move |row: &RevenueRow| {
        let name = row.group.map_or(Some(NONE), |id| names.get(&id).map(String::as_str));
        let moved = &row.movement;
        let amounts = [
            row.deferred_opening,
            moved.billed,
            moved.recognized,
            moved.reversed_deferred,
            moved.reversed_recognized,
            row.deferred_closing,
            row.net_revenue,
        ];
        let head =
            [text_field(row.month.to_string()), optional_id(row.group), super::optional_text(name)];
        let amounts = amounts.map(FieldValue::Money);
        head.into_iter().chain(amounts).chain([text_field(code.code())]).collect::<Vec<_>>()
    };
    let facts = [("from", from.to_string()), ("to", to.to_string()), ("group_by", word.to_owned())];
    Ok(BooksView {
        name: "revenue_by_plan",
        facts: Map::from_iter(facts.map(|(key, value)| (key.to_owned(), json!(value)))),
        columns: revenue_columns(word),
        rows: Box::new(move |sink| revenue.visit_rows(from, to, &mut |moved| sink(&row(moved)))),
        revision: request.session.revision(),
    })
}

/// Parses the word of a grouping.
pub fn parse_group_by(word: &str) -> Option<RevenueGrouping> {
    let all = [RevenueGrouping::Plan, RevenueGrouping::Product, RevenueGrouping::Site];
    all.into_iter().find(|group_by| word_of(*group_by).0 == word)
}

fn word_of(group_by: RevenueGrouping) -> (&'static str, &'static str) {
    match group_by {
        RevenueGrouping::Plan => ("plan", "plans"),
        RevenueGrouping::Product => ("product", "products"),
        RevenueGrouping::Site => ("site", "sites"),
    }
}

/// Returns the columns of the view.
pub fn revenue_columns(word: &str) -> Vec<BookTableColumn> {
    let head = [
        BookTableColumn::new("month", FieldKind::Text),
        BookTableColumn::new(format!("{word}_id"), FieldKind::Int),
        BookTableColumn::new(format!("{word}_name"), FieldKind::Text),
    ];
    let amounts = [
        "deferred_opening",
        "billed",
        "recognized",
        "reversed_deferred",
        "reversed_recognized",
        "deferred_closing",
        "net_revenue",
    ];
    let amounts = amounts.map(|name| BookTableColumn::new(name, FieldKind::Money));
    let currency = [BookTableColumn::new("currency", FieldKind::Text)];
    head.into_iter().chain(amounts).chain(currency).collect()
}

//! Revenue by plan, product or site and month. Rule: spec/accounting.md §13.

use crate::parts::{TableColumn, names};
use accounting::package::{Field, FieldKind};
use accounting::revenue_by_plan::{GroupBy, RevenueByGroup, RevenueRow};
use accounting::{Month, Posting, Span};
use serde_json::{Map, json};

use super::{View, ViewRequest, optional_id, text};
use crate::error::PackageError;
use crate::pass::{Pass, Visit, books_of};

/// The name of the group without a plan, product or site.
const NONE: &str = "none";

/// Returns the revenue of the months `from` to `to` by `group_by`. Blocking.
pub fn revenue_by_plan(
    request: &ViewRequest<'_>,
    from: Month,
    to: Month,
    group_by: GroupBy,
) -> Result<View<'static>, PackageError> {
    let books = books_of(request.session, &request.settings);
    let frozen = request.frozen()?;
    let open = frozen.first_open();
    let detail_from = open.map_or(from, |open| open.min(from));
    let until = Span::until(request.until(to, &books.calendar));
    let span = Span { detail_from: Some(detail_from), ..until };
    let pass = Pass { books, currency: request.currency, span };
    let visit = |revenue: &mut RevenueByGroup, visit: Visit<'_>| {
        let postings = match visit {
            Visit::Invoice { ledger, .. } => &ledger.postings,
            Visit::Untied { ledger, .. } => &ledger.postings,
            Visit::Links(_) | Visit::BalanceTransactions(_) => return Ok(()),
        };
        let is_open = |posting: &Posting| open.is_none_or(|open| posting.month >= open);
        let own = |posting: &&Posting| posting.currency == request.currency && is_open(posting);
        postings.iter().filter(own).for_each(|posting| revenue.add(posting));
        Ok(())
    };
    let begin = || RevenueByGroup::new(group_by);
    let mut revenue = begin();
    for part in pass.run(request.session, request.watch(), &begin, &visit)? {
        revenue.merge(&part);
    }
    frozen.each_posting(request.currency, &mut |row| {
        revenue.add(&row.posting);
        Ok(())
    })?;
    if open.is_some_and(|open| open <= to) {
        request.each_adjustment(&frozen, &mut |adjustment| revenue.add(adjustment))?;
    }
    let (word, table) = word_of(group_by);
    let names = names(request.session, table)?;
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
            [text(row.month.to_string()), optional_id(row.group), super::optional_text(name)];
        let amounts = amounts.map(Field::Money);
        head.into_iter().chain(amounts).chain([text(code.code())]).collect::<Vec<_>>()
    };
    let facts = [("from", from.to_string()), ("to", to.to_string()), ("group_by", word.to_owned())];
    Ok(View {
        name: "revenue_by_plan",
        facts: Map::from_iter(facts.map(|(key, value)| (key.to_owned(), json!(value)))),
        columns: columns(word),
        rows: Box::new(move |sink| revenue.each_row(from, to, &mut |moved| sink(&row(moved)))),
        revision: request.session.revision(),
    })
}

/// Parses the word of a grouping.
pub fn parse_group_by(word: &str) -> Option<GroupBy> {
    let all = [GroupBy::Plan, GroupBy::Product, GroupBy::Site];
    all.into_iter().find(|group_by| word_of(*group_by).0 == word)
}

fn word_of(group_by: GroupBy) -> (&'static str, &'static str) {
    match group_by {
        GroupBy::Plan => ("plan", "plans"),
        GroupBy::Product => ("product", "products"),
        GroupBy::Site => ("site", "sites"),
    }
}

/// Returns the columns of the view.
pub fn columns(word: &str) -> Vec<TableColumn> {
    let head = [
        TableColumn::new("month", FieldKind::Text),
        TableColumn::new(format!("{word}_id"), FieldKind::Int),
        TableColumn::new(format!("{word}_name"), FieldKind::Text),
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
    let amounts = amounts.map(|name| TableColumn::new(name, FieldKind::Money));
    let currency = [TableColumn::new("currency", FieldKind::Text)];
    head.into_iter().chain(amounts).chain(currency).collect()
}

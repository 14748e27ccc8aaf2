//! The months of a provider's books, with their states and their drift.
//! Rule: spec/accounting.md §11.1, §11.3.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::parts::{BookTableColumn, ids_referring_to};
use accounting::package::{FieldKind, FieldValue};
use accounting::posting::PieceId;
use accounting::{
    CategoryAmounts, LedgerCategory, LedgerFile, Month, PostingSource, ProviderCalendar,
};
use mirror::MirrorSession;
use model::catalogue::{self, Table};
use model::money::Currency;
use model::time::Instant;
use serde_json::{Map, Value, json};
use store::port::books::{ClosedMonth, ClosedPartKind};
use store::{KeyRange, RowKey, Store, StoreError};

use crate::books_coverage::first_books_month;
use crate::drift::DriftRow;
use crate::error::PackageError;
use crate::explain::minor_units;
use crate::frozen::FrozenBooks;
use crate::request::package_file_name;
use crate::tables::FieldRowSink;
use crate::views::{BooksView, ViewRequest, text_field};

/// Returns every month of the books up to the current one. Blocking.
pub fn list_periods(
    session: &MirrorSession,
    store: &dyn Store,
    now: Instant,
) -> Result<Vec<Value>, PackageError> {
    let calendar = ProviderCalendar::new(session.provider().timezone.clone());
    let frozen = FrozenBooks::load(store, session.provider().id)?;
    let Some(first) = first_books_month(session, &frozen)? else { return Ok(Vec::new()) };
    let months = first.through(calendar.month_of(now));
    months.map(|month| Ok(period_json(&frozen, month)?)).collect()
}

/// Returns one month: the closing in force, the last reopening, and all closings.
pub fn period_json(frozen: &FrozenBooks<'_>, month: Month) -> Result<Value, StoreError> {
    let versions = frozen.versions(month);
    let state = if frozen.is_closed(month) { "closed" } else { "open" };
    let mut told = Map::from_iter([
        ("month".to_owned(), json!(month.to_string())),
        ("state".to_owned(), json!(state)),
    ]);
    told.extend(match frozen.closing(month) {
        Some(closing) => closing_facts(frozen, closing)?,
        None => Map::from_iter(CLOSING_KEYS.map(|key| (key.to_owned(), Value::Null))),
    });
    if told["packages"].is_null() {
        told.insert("packages".to_owned(), json!([]));
    }
    let latest = versions.iter().rev().find(|closing| closing.reopened.is_some());
    told.extend(reopening_facts(latest.copied()));
    let versions = versions.into_iter().map(|closing| {
        let mut facts = closing_facts(frozen, closing)?;
        facts.extend(reopening_facts(Some(closing)));
        Ok(Value::Object(facts))
    });
    told.insert("versions".to_owned(), versions.collect::<Result<_, StoreError>>()?);
    Ok(Value::Object(told))
}

/// The keys of a closing in the answer.
const CLOSING_KEYS: [&str; 6] = ["closed_at", "closed_by", "note", "version", "rev", "packages"];

/// Returns the keys and values of a closing, see [`CLOSING_KEYS`].
fn closing_facts(
    frozen: &FrozenBooks<'_>,
    closing: &ClosedMonth,
) -> Result<Map<String, Value>, StoreError> {
    let month = Month::from_date(closing.month);
    let parts = frozen.parts(closing)?.into_iter();
    let packages = parts.filter(|part| part.kind != ClosedPartKind::Postings).map(|part| {
        json!({
            "currency": part.currency.code(),
            "bundle": part.kind.as_str(),
            "bytes": part.bytes,
            "sha256": files::write::FileDigest { bytes: part.bytes, sha256: part.sha256 }.sha256_hex(),
            "file_name": package_file_name(month, part.currency, part.kind == ClosedPartKind::Full),
        })
    });
    let values = [
        json!(closing.closed_at.to_string()),
        json!(closing.closed_by),
        json!(closing.note),
        json!(closing.version),
        json!(closing.revision.0),
        Value::Array(packages.collect()),
    ];
    Ok(CLOSING_KEYS.into_iter().map(str::to_owned).zip(values).collect())
}

/// Returns the facts of a reopening; null if the closing was not reopened.
fn reopening_facts(closing: Option<&ClosedMonth>) -> Map<String, Value> {
    let reopened = closing.and_then(|closing| closing.reopened.as_ref());
    Map::from_iter([
        ("reopened_at".to_owned(), json!(reopened.map(|reopened| reopened.at.to_string()))),
        ("reopened_by".to_owned(), json!(reopened.map(|reopened| reopened.by.as_str()))),
        ("reopen_reason".to_owned(), json!(reopened.map(|reopened| reopened.reason.as_str()))),
    ])
}

/// The drift of one closed month.
pub struct DriftReport {
    /// The month.
    pub month: Month,
    /// The currency.
    pub currency: Currency,
    /// The requested page of the differing postings, by file, record and piece.
    pub rows: Vec<DriftRow>,
    /// The total number of differing postings.
    pub total: u64,
    /// The sums of all differences by file.
    pub sums: BTreeMap<LedgerFile, CategoryAmounts>,
    /// The month in which the adjustments are booked.
    pub booked_in: Month,
}

/// Compares a closed month with the present records. Returns `None` if the month is open. Keeps the
/// differing postings at the positions `wanted`, and counts all of them. Blocking.
pub fn drift_of_month(
    request: &ViewRequest<'_>,
    month: Month,
    wanted: Range<u64>,
) -> Result<Option<DriftReport>, PackageError> {
    let frozen = request.frozen()?;
    let Some(booked_in) = frozen.first_open().filter(|open| month < *open) else {
        return Ok(None);
    };
    let currency = request.currency;
    let (rows, sums) = (Vec::new(), BTreeMap::new());
    let mut report = DriftReport { month, currency, rows, total: 0, sums, booked_in };
    request.visit_drift(&frozen, &mut |found| {
        if frozen.closed_with(found.drift.key.month) == month {
            *report.sums.entry(found.drift.key.file).or_default() += found.drift.difference();
            if wanted.contains(&report.total) {
                report.rows.push(found);
            }
            report.total += 1;
        }
        Ok(())
    })?;
    Ok(Some(report))
}

impl DriftReport {
    /// Returns the JSON of one row, with the records that changed since the month was closed.
    pub fn row_json(&self, row: &DriftRow, changed: Vec<Value>) -> Value {
        let drift = &row.drift;
        json!({
            "file": drift.key.file.as_str(),
            "id": drift.key.source_id,
            "piece_id": piece_of(drift.key.source).map(|piece| piece.to_string()),
            "frozen": amounts(&drift.frozen),
            "fresh": amounts(&drift.fresh),
            "difference": amounts(&drift.difference()),
            "booked_in": self.booked_in.to_string(),
            "changed_rows": changed,
        })
    }

    /// Returns the JSON of the sums by file.
    pub fn sums_json(&self) -> Value {
        let sums = self.sums.iter().map(|(file, sum)| (file.as_str().to_owned(), amounts(sum)));
        Value::Object(sums.collect())
    }
}

/// Returns all differing postings of a closed month as a table, with their changed records, or
/// `None` if the month is open.
pub fn drift_view(
    request: ViewRequest<'_>,
    month: Month,
) -> Result<Option<BooksView<'_>>, PackageError> {
    let open = request.frozen()?.first_open();
    let Some(booked_in) = open.filter(|open| month < *open) else { return Ok(None) };
    let mut columns = vec![
        BookTableColumn::new("file", FieldKind::Text),
        BookTableColumn::new("id", FieldKind::Int),
        BookTableColumn::new("piece_id", FieldKind::Text),
    ];
    for side in ["frozen", "fresh", "difference"] {
        let name = |category: LedgerCategory| format!("{side}_{}", category.as_str());
        columns
            .extend(LedgerCategory::ALL.map(|c| BookTableColumn::new(name(c), FieldKind::Money)));
    }
    let tail = ["booked_in", "changed_rows", "currency"];
    columns.extend(tail.map(|name| BookTableColumn::new(name, FieldKind::Text)));
    let revision = request.session.revision();
    let rows = move |sink: &mut FieldRowSink<'_>| {
        let frozen = request.frozen()?;
        request.visit_drift(&frozen, &mut |row| {
            if frozen.closed_with(row.drift.key.month) == month {
                let changed = changed_rows(request.session, request.store, &frozen, &row)?;
                let changed = Value::Array(changed).to_string();
                sink(&drift_fields(&row, booked_in, &changed, request.currency))?;
            }
            Ok(())
        })
    };
    Ok(Some(BooksView {
        name: "drift",
        facts: Map::new(),
        columns,
        rows: Box::new(rows),
        revision,
    }))
}

fn drift_fields(
    row: &DriftRow,
    booked_in: Month,
    changed: &str,
    currency: Currency,
) -> Vec<FieldValue<'static>> {
    let drift = &row.drift;
    let id = drift.key.source_id.map_or(FieldValue::Empty, |id| FieldValue::Int(i128::from(id)));
    let piece = piece_of(drift.key.source).map_or(FieldValue::Empty, |p| text_field(p.to_string()));
    let mut fields = vec![text_field(drift.key.file.as_str()), id, piece];
    for side in [drift.frozen, drift.fresh, drift.difference()] {
        fields.extend(LedgerCategory::ALL.map(|category| FieldValue::Money(side[category])));
    }
    fields.extend([
        text_field(booked_in.to_string()),
        text_field(changed),
        text_field(currency.code()),
    ]);
    fields
}

fn piece_of(source: PostingSource) -> Option<PieceId> {
    match source {
        PostingSource::Piece(piece) => Some(piece),
        _ => None,
    }
}

fn amounts(amounts: &CategoryAmounts) -> Value {
    let all = LedgerCategory::ALL.map(|c| (c.as_str().to_owned(), minor_units(amounts[c])));
    Value::Object(Map::from_iter(all))
}

/// Returns the tables whose rows refer to an invoice.
fn invoice_tables() -> impl Iterator<Item = &'static str> {
    let refers = |table: &&Table| {
        table
            .columns
            .iter()
            .any(|column| column.name == "invoice_id" && column.references == Some("invoices"))
    };
    catalogue::tables().iter().filter(refers).map(|table| table.name)
}

/// Returns the records behind a posting that were written since its month was closed: the sources
/// of the posting and the records of its invoice. `rev` is null for a deleted record. Empty if the
/// month has no closing in force. Blocking.
pub fn changed_rows(
    session: &MirrorSession,
    store: &dyn Store,
    frozen: &FrozenBooks<'_>,
    row: &DriftRow,
) -> Result<Vec<Value>, PackageError> {
    let month = frozen.closed_with(row.drift.key.month);
    let Some(closing) = frozen.closing(month) else { return Ok(Vec::new()) };
    let explanation = accounting::explain::explain_posting(&row.drift.adjustment);
    let mut behind: BTreeSet<(&'static str, i64)> = explanation.sources.into_iter().collect();
    if let Some(invoice) = row.drift.adjustment.links.invoice_id {
        for table in invoice_tables() {
            let ids = ids_referring_to(session, table, "invoice_id", invoice)?;
            behind.extend(ids.into_iter().map(|id| (table, id)));
        }
    }
    let snapshot = store.snapshot()?;
    let mut changed = Vec::new();
    for (name, id) in behind {
        let Some(table) = catalogue::table(name) else { continue };
        let key = RowKey { provider: session.provider().id, id };
        let mut found = None;
        snapshot.rows(table, KeyRange { first: key, last: key }, &mut |row| {
            found = Some(row.revision());
            Ok(())
        })?;
        if found.is_none_or(|revision| revision > closing.revision) {
            let rev = found.map(|revision| revision.0);
            changed.push(json!({ "table": name, "id": id, "rev": rev }));
        }
    }
    Ok(changed)
}

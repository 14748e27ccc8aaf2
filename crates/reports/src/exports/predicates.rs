//! The predicates of an export. Rule: spec/exports.md §10.1.

use datafusion::logical_expr::{Expr, lit};
use datafusion::prelude::col;
use model::time::Instant;

use super::filter::{DELETED, Test, Wanted};
use super::layout::{ItemIds, Layout};
use super::request::ExportRequest;
use crate::engine::scope::{self, Scope};
use crate::error::ReportError;

const SECOND: i64 = 1_000_000;

/// Returns all predicates that a matching row must meet.
pub(super) fn all(
    scope: &Scope<'_>,
    layout: &Layout,
    request: &ExportRequest,
) -> Result<Vec<Expr>, ReportError> {
    let record = |name: &str| col(format!("{}.{name}", layout.record));
    let mut predicates = Vec::new();
    if let Some(range) = request.range {
        let at = record(request.mode.date_field());
        let micros = |second: i64| Instant::from_micros(second.saturating_mul(SECOND));
        predicates.push(at.clone().gt_eq(scope::instant(micros(range.from))));
        predicates.push(at.lt(scope::instant(micros(range.to.saturating_add(1)))));
    }
    if layout.has_deleted && !asks_for_deleted(request) {
        predicates.push(record("deleted_at").is_null());
    }
    if let Some(only) = &layout.only {
        predicates.push(only(scope));
    }
    if let Some(site) = request.site_id {
        predicates.push((layout.site)(scope).eq(lit(site)));
    }
    let mut ids = ItemIds::default();
    for filter in &request.export_type().filters {
        let Some(wanted) = request.wanted(filter.name) else { continue };
        predicates.extend(filter.condition(scope, &wanted));
        match (&filter.test, wanted) {
            (Test::ItemProduct, Wanted::Id(id)) => ids.product = Some(id),
            (Test::ItemSku, Wanted::Id(id)) => ids.sku = Some(id),
            _ => {}
        }
    }
    if let Some(items) = layout.items.filter(|_| ids != ItemIds::default()) {
        predicates.push(items(scope, ids)?);
    }
    Ok(predicates)
}

fn asks_for_deleted(request: &ExportRequest) -> bool {
    let is_status = || request.wanted("status") == Some(Wanted::Text(DELETED.to_owned()));
    request.include_deleted || is_status()
}

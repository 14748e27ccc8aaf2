//! The predicates of an export. Rule: spec/exports.md §10.1.

use datafusion::logical_expr::{Expr, lit};
use datafusion::prelude::col;
use model::time::Instant;

use super::export_filter::{DELETED_STATUS, ExportFilterTest, ExportFilterValue};
use super::export_layout::{ExportLayout, ItemIds};
use super::export_request::ExportRequest;
use crate::error::ReportError;
use crate::query_scope::{self, QueryScope};

const SECOND: i64 = 1_000_000;

/// Returns all predicates that a matching row must meet.
pub(super) fn export_predicates(
    scope: &QueryScope<'_>,
    layout: &ExportLayout,
    request: &ExportRequest,
) -> Result<Vec<Expr>, ReportError> {
    let record = |name: &str| col(format!("{}.{name}", layout.record));
    let mut predicates = Vec::new();
    if let Some(range) = request.range {
        let at = record(request.mode.date_field());
        let micros = |second: i64| Instant::from_micros(second.saturating_mul(SECOND));
        predicates.push(at.clone().gt_eq(query_scope::instant(micros(range.from))));
        predicates.push(at.lt(query_scope::instant(micros(range.to.saturating_add(1)))));
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
        let Some(wanted) = request.filter_value(filter.name) else { continue };
        predicates.extend(filter.condition(scope, &wanted));
        match (&filter.test, wanted) {
            (ExportFilterTest::ItemProduct, ExportFilterValue::Id(id)) => ids.product = Some(id),
            (ExportFilterTest::ItemSku, ExportFilterValue::Id(id)) => ids.sku = Some(id),
            _ => {}
        }
    }
    if let Some(items) = layout.items.filter(|_| ids != ItemIds::default()) {
        predicates.push(items(scope, ids)?);
    }
    Ok(predicates)
}

fn asks_for_deleted(request: &ExportRequest) -> bool {
    let is_status = || {
        request.filter_value("status") == Some(ExportFilterValue::Text(DELETED_STATUS.to_owned()))
    };
    request.include_deleted || is_status()
}

//! The filters of a request as expressions over qualified columns.

use datafusion::functions_nested::expr_fn::{array_has_any, make_array};
use datafusion::logical_expr::{Expr, lit};

use super::base;
use crate::definition::DeletedRows;
use crate::definition::filter::FilterTest;
use crate::definition::scoped_expr::ScopedExpr;
use crate::error::ReportError;
use crate::query_scope::{self, QueryScope};
use crate::request::conditions::ConditionValue;
use crate::request::report_query::ReportQuery;
use crate::request::timeframe::Timeframe;

/// Returns all predicates that a matching row must meet.
pub(crate) fn query_predicates(
    scope: &QueryScope<'_>,
    query: &ReportQuery,
) -> Result<Vec<Expr>, ReportError> {
    let report = query.report;
    let mut predicates = Vec::new();
    if leaves_deleted_out(query) {
        predicates.push(report.source.base_column("deleted_at").is_null());
    }
    predicates.extend(report.row_condition.as_ref().map(|kept| kept(scope)));
    if let Some(id) = query.id_gt {
        predicates.push(report.source.base_column(base::cursor_column(&report.source)).gt(lit(id)));
    }
    for condition in &query.conditions {
        let test = &report.filters[condition.filter].test;
        predicates.extend(predicate_of_condition(scope, test, &condition.value)?);
    }
    for (position, filter) in report.filters.iter().enumerate() {
        if let FilterTest::UnlessAsked(condition) = &filter.test {
            let is_asked = query.has_condition_true(|asked| asked == position);
            predicates.extend((!is_asked).then(|| condition(scope)));
        }
    }
    Ok(predicates)
}

fn leaves_deleted_out(query: &ReportQuery) -> bool {
    let includes_deleted =
        |filter: usize| matches!(query.report.filters[filter].test, FilterTest::IncludeDeleted);
    match query.report.deleted {
        DeletedRows::Never => false,
        DeletedRows::LeftOut => true,
        DeletedRows::OnRequest => !query.has_condition_true(includes_deleted),
    }
}

/// Returns the predicate of one condition; none if all rows meet it.
fn predicate_of_condition(
    scope: &QueryScope<'_>,
    test: &FilterTest,
    wanted: &ConditionValue,
) -> Result<Option<Expr>, ReportError> {
    Ok(match (test, wanted) {
        (
            FilterTest::Ids(value) | FilterTest::IdsOrNone(value),
            ConditionValue::Ids { ids, none },
        ) => Some(is_one_of_ids(value(scope), ids, *none)),
        (FilterTest::IdsWith(condition), ConditionValue::Ids { ids, .. }) => {
            Some(condition(scope, ids)?)
        }
        (FilterTest::Instructors(value), ConditionValue::Instructors { ids, .. }) => {
            let ids = make_array(ids.iter().map(|id| lit(*id)).collect());
            Some(array_has_any(value(scope), ids))
        }
        (FilterTest::Words(words), ConditionValue::Words(chosen)) => {
            let chosen = chosen.iter().map(|position| (words[*position].condition)(scope));
            chosen.reduce(Expr::or)
        }
        (FilterTest::Is(value), ConditionValue::Bool(true)) => Some(value(scope)),
        (FilterTest::Unless(value), ConditionValue::Bool(false)) => Some(value(scope)),
        (FilterTest::IntFrom(value), ConditionValue::Int(number)) => {
            Some(value(scope).gt_eq(lit(*number)))
        }
        (FilterTest::IntTo(value), ConditionValue::Int(number)) => {
            Some(value(scope).lt_eq(lit(*number)))
        }
        (FilterTest::Is(value), ConditionValue::Bool(false)) => Some(!value(scope)),
        (FilterTest::DateFrom(value), ConditionValue::Date(date)) => {
            Some(value(scope).gt_eq(query_scope::date(*date)))
        }
        (FilterTest::DateTo(value), ConditionValue::Date(date)) => {
            Some(value(scope).lt_eq(query_scope::date(*date)))
        }
        (FilterTest::InstantFrom(value), ConditionValue::Instant(instant)) => {
            Some(value(scope).gt_eq(query_scope::instant(*instant)))
        }
        (FilterTest::InstantTo(value), ConditionValue::Instant(instant)) => {
            Some(value(scope).lt_eq(query_scope::instant(*instant)))
        }
        (FilterTest::DatesWithin(value), ConditionValue::Timeframe(frame)) => {
            dates_within(scope, value, *frame)
        }
        (FilterTest::InstantsWithin(value), ConditionValue::Timeframe(frame)) => {
            instants_within(scope, value, *frame)
        }
        // These tests set no condition. Parsing gives every test the kind of value that it takes.
        _ => None,
    })
}

/// Returns the condition that `value` is one of `ids`, or null if `none` is true.
pub(crate) fn is_one_of_ids(value: Expr, ids: &[i64], none: bool) -> Expr {
    let listed = value.clone().in_list(ids.iter().map(|id| lit(*id)).collect(), false);
    match (none, ids.is_empty()) {
        (true, true) => value.is_null(),
        (true, false) => value.is_null().or(listed),
        (false, _) => listed,
    }
}

fn dates_within(scope: &QueryScope<'_>, value: &ScopedExpr, frame: Timeframe) -> Option<Expr> {
    let value = value(scope);
    match frame {
        Timeframe::All => None,
        Timeframe::Past => Some(value.lt(scope.today())),
        Timeframe::Future => Some(value.gt(scope.today())),
        Timeframe::Days(first, last) => {
            let from = first.map(|day| value.clone().gt_eq(query_scope::date(day)));
            let until = last.map(|day| value.lt_eq(query_scope::date(day)));
            from.into_iter().chain(until).reduce(Expr::and)
        }
    }
}

fn instants_within(scope: &QueryScope<'_>, value: &ScopedExpr, frame: Timeframe) -> Option<Expr> {
    let value = value(scope);
    let zone = &scope.provider().timezone;
    match frame {
        Timeframe::All => None,
        Timeframe::Past => Some(value.lt_eq(scope.now())),
        Timeframe::Future => Some(value.gt(scope.now())),
        Timeframe::Days(first, last) => {
            let start = |day| query_scope::instant(zone.start_of(day));
            let from = first.map(|day| value.clone().gt_eq(start(day)));
            let until = last.map(|day| value.lt(start(day.plus_days(1))));
            from.into_iter().chain(until).reduce(Expr::and)
        }
    }
}

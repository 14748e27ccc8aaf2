//! The filters of a request as expressions over qualified columns.

use datafusion::common::Column;
use datafusion::functions_nested::expr_fn::{array_has_any, make_array};
use datafusion::logical_expr::{Expr, lit};

use super::base;
use super::scope::{self, Scope};
use crate::definition::filter::Test;
use crate::definition::value::Value;
use crate::definition::{Deleted, Report};
use crate::error::ReportError;
use crate::request::conditions::Wanted;
use crate::request::question::Question;
use crate::request::timeframe::Timeframe;

/// Returns all predicates that a matching row must meet.
pub(crate) fn all(scope: &Scope<'_>, question: &Question) -> Result<Vec<Expr>, ReportError> {
    let report = question.report;
    let mut predicates = Vec::new();
    if leaves_deleted_out(question) {
        predicates.push(base_column(report, "deleted_at").is_null());
    }
    predicates.extend(report.kept.as_ref().map(|kept| kept(scope)));
    if let Some(id) = question.id_gt {
        predicates.push(base_column(report, base::cursor(report)).gt(lit(id)));
    }
    for condition in &question.conditions {
        let test = &report.filters[condition.filter].test;
        predicates.extend(holds(scope, test, &condition.wanted)?);
    }
    for (position, filter) in report.filters.iter().enumerate() {
        if let Test::UnlessAsked(condition) = &filter.test {
            let is_asked = question.is_asked(|asked| asked == position);
            predicates.extend((!is_asked).then(|| condition(scope)));
        }
    }
    Ok(predicates)
}

/// Returns a column of the base as an expression.
pub(crate) fn base_column(report: &Report, name: &str) -> Expr {
    Expr::Column(Column::new(Some(report.base.alias), name))
}

fn leaves_deleted_out(question: &Question) -> bool {
    let includes_deleted =
        |filter: usize| matches!(question.report.filters[filter].test, Test::IncludeDeleted);
    match question.report.base.deleted {
        Deleted::Never => false,
        Deleted::LeftOut => true,
        Deleted::OnRequest => !question.is_asked(includes_deleted),
    }
}

/// Returns the predicate of one condition; none if all rows meet it.
fn holds(scope: &Scope<'_>, test: &Test, wanted: &Wanted) -> Result<Option<Expr>, ReportError> {
    Ok(match (test, wanted) {
        (Test::Ids(value) | Test::IdsOrNone(value), Wanted::Ids { ids, none }) => {
            Some(one_of(value(scope), ids, *none))
        }
        (Test::IdsWith(condition), Wanted::Ids { ids, .. }) => Some(condition(scope, ids)?),
        (Test::Instructors(value), Wanted::Instructors { ids, .. }) => {
            let ids = make_array(ids.iter().map(|id| lit(*id)).collect());
            Some(array_has_any(value(scope), ids))
        }
        (Test::Words(words), Wanted::Words(chosen)) => {
            let chosen = chosen.iter().map(|position| (words[*position].holds)(scope));
            chosen.reduce(Expr::or)
        }
        (Test::Is(value), Wanted::Bool(true)) => Some(value(scope)),
        (Test::Unless(value), Wanted::Bool(false)) => Some(value(scope)),
        (Test::IntFrom(value), Wanted::Int(number)) => Some(value(scope).gt_eq(lit(*number))),
        (Test::IntTo(value), Wanted::Int(number)) => Some(value(scope).lt_eq(lit(*number))),
        (Test::Is(value), Wanted::Bool(false)) => Some(!value(scope)),
        (Test::DateFrom(value), Wanted::Date(date)) => Some(value(scope).gt_eq(scope::date(*date))),
        (Test::DateTo(value), Wanted::Date(date)) => Some(value(scope).lt_eq(scope::date(*date))),
        (Test::InstantFrom(value), Wanted::Instant(instant)) => {
            Some(value(scope).gt_eq(scope::instant(*instant)))
        }
        (Test::InstantTo(value), Wanted::Instant(instant)) => {
            Some(value(scope).lt_eq(scope::instant(*instant)))
        }
        (Test::DatesWithin(value), Wanted::Timeframe(frame)) => dates_within(scope, value, *frame),
        (Test::InstantsWithin(value), Wanted::Timeframe(frame)) => {
            instants_within(scope, value, *frame)
        }
        // These tests set no condition. Parsing gives every test the kind of value that it takes.
        _ => None,
    })
}

/// Returns the condition that `value` is one of `ids`, or null if `none` is true.
pub(crate) fn one_of(value: Expr, ids: &[i64], none: bool) -> Expr {
    let listed = value.clone().in_list(ids.iter().map(|id| lit(*id)).collect(), false);
    match (none, ids.is_empty()) {
        (true, true) => value.is_null(),
        (true, false) => value.is_null().or(listed),
        (false, _) => listed,
    }
}

fn dates_within(scope: &Scope<'_>, value: &Value, frame: Timeframe) -> Option<Expr> {
    let value = value(scope);
    match frame {
        Timeframe::All => None,
        Timeframe::Past => Some(value.lt(scope.today())),
        Timeframe::Future => Some(value.gt(scope.today())),
        Timeframe::Days(first, last) => {
            let from = first.map(|day| value.clone().gt_eq(scope::date(day)));
            let until = last.map(|day| value.lt_eq(scope::date(day)));
            from.into_iter().chain(until).reduce(Expr::and)
        }
    }
}

fn instants_within(scope: &Scope<'_>, value: &Value, frame: Timeframe) -> Option<Expr> {
    let value = value(scope);
    let zone = &scope.provider().timezone;
    match frame {
        Timeframe::All => None,
        Timeframe::Past => Some(value.lt_eq(scope.now())),
        Timeframe::Future => Some(value.gt(scope.now())),
        Timeframe::Days(first, last) => {
            let start = |day| scope::instant(zone.start_of(day));
            let from = first.map(|day| value.clone().gt_eq(start(day)));
            let until = last.map(|day| value.lt(start(day.plus_days(1))));
            from.into_iter().chain(until).reduce(Expr::and)
        }
    }
}

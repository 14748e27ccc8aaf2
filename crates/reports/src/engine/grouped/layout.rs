//! The dimensions, measures, periods and currency of a grouped query. Rule: spec/reports.md §9,
//! §10.

use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::datatypes::Date32Type;
use datafusion::functions_aggregate::expr_fn::max;
use datafusion::logical_expr::Expr;
use datafusion::prelude::col;
use model::time::Date;

use crate::definition::Report;
use crate::definition::column::{ColumnRole, ReportColumn};
use crate::definition::grouping::{PivotBucket, PivotDayBucket};
use crate::engine::{base, matching};
use crate::error::ReportError;
use crate::functions::periods::{self, PeriodBounds};
use crate::query_scope::QueryScope;
use crate::request::grouped::{CURRENCY, GroupedOptions, adds_currency_to_key};
use crate::request::period::ShownPeriod;
use crate::request::pivot::{LastPivotPeriod, PivotOptions};
use crate::request::report_query::{ReportQuery, SelectedColumn};
use crate::terms::life_span;

/// The layout of a grouped result.
pub(super) struct GroupLayout<'q> {
    pub(super) report: &'static Report,
    pub(super) arrangement: &'q GroupedOptions,
    /// The positions of the selected columns in the report, in the order asked for.
    pub(super) selected: Vec<usize>,
    pub(super) currency: CurrencyPosition,
    pub(super) spread: Option<PivotPeriods>,
}

/// The place of the currency of the amounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CurrencyPosition {
    /// No amounts are selected.
    Nowhere,
    /// A selected column, at this position among the selected columns.
    Selected(usize),
    /// An added column, which is shown if there are several currencies.
    Added,
}

/// The periods of a pivot.
pub(super) struct PivotPeriods {
    pub(super) periods: Vec<ShownPeriod>,
    /// The mask of the periods in which a row counts.
    pub(super) mask: Expr,
}

impl<'q> GroupLayout<'q> {
    /// Makes the layout of a query. Reads the rows on which the periods of its pivot depend.
    pub(super) async fn read(
        scope: &QueryScope<'_>,
        query: &'q ReportQuery,
        arrangement: &'q GroupedOptions,
        predicates: &[Expr],
    ) -> Result<Self, ReportError> {
        let report = query.report;
        let position = |chosen: &SelectedColumn| match chosen {
            SelectedColumn::Column(position) => Some(*position),
            SelectedColumn::CustomField(_) => None,
        };
        let selected: Vec<usize> = query.columns.iter().filter_map(position).collect();
        let spread = match &arrangement.pivot {
            Some(pivot) => Some(PivotPeriods::find(scope, report, pivot, predicates).await?),
            None => None,
        };
        let currency = currency_place(report, &selected);
        Ok(Self { report, arrangement, selected, currency, spread })
    }

    pub(super) fn column(&self, position: usize) -> &ReportColumn {
        &self.report.columns[position]
    }

    /// Returns the positions of the selected dimensions in the report.
    pub(super) fn dimensions(&self) -> impl Iterator<Item = usize> {
        let is_dimension = |position: &usize| self.column(*position).role == ColumnRole::Dimension;
        self.selected.iter().copied().filter(is_dimension)
    }

    pub(super) fn periods(&self) -> &[ShownPeriod] {
        self.spread.as_ref().map_or(&[], |spread| &spread.periods)
    }
}

fn currency_place(report: &Report, selected: &[usize]) -> CurrencyPosition {
    let asked = selected.iter().position(|column| report.columns[*column].key == CURRENCY);
    match asked {
        Some(place) => CurrencyPosition::Selected(place),
        None if adds_currency_to_key(report, selected) => CurrencyPosition::Added,
        None => CurrencyPosition::Nowhere,
    }
}

impl PivotPeriods {
    async fn find(
        scope: &QueryScope<'_>,
        report: &Report,
        pivot: &PivotOptions,
        predicates: &[Expr],
    ) -> Result<Self, ReportError> {
        let pivots = report.grouping().and_then(|grouping| grouping.pivots.as_ref());
        let bucket = pivots.map_or(&PivotBucket::Active, |pivots| &pivots.bucket);
        let last = match (pivot.last(), bucket) {
            (LastPivotPeriod::ContainsLastRowOr(day), PivotBucket::Day(bucket)) => {
                last_day(scope, report, bucket, predicates).await?.map_or(day, |last| last.max(day))
            }
            (LastPivotPeriod::Contains(day) | LastPivotPeriod::ContainsLastRowOr(day), _) => day,
        };
        let periods = pivot.periods_until(last);
        let bounds = PeriodBounds::from_periods(&periods);
        let mask = match bucket {
            PivotBucket::Day(bucket) => periods::period_mask_of_day((bucket.day)(scope), bounds),
            PivotBucket::Active => life_span::active_periods_mask(scope, bounds).await?,
        };
        Ok(Self { periods, mask })
    }
}

/// Returns the latest day of any matching row.
async fn last_day(
    scope: &QueryScope<'_>,
    report: &Report,
    bucket: &PivotDayBucket,
    predicates: &[Expr],
) -> Result<Option<Date>, ReportError> {
    let day = [("day".to_owned(), (bucket.day)(scope))];
    let base = base::candidate_rows(scope, &report.source, predicates)?;
    let plan = matching::select_rows(scope, &report.source, base, predicates, &day)?
        .aggregate(Vec::<Expr>::new(), vec![max(col("day"))])?
        .build()?;
    let batches = scope.session.collect(plan).await?;
    let days = batches.iter().filter(|batch| batch.num_rows() > 0);
    let mut days = days.map(|batch| batch.column(0).as_primitive::<Date32Type>());
    Ok(days.find(|day| day.is_valid(0)).map(|day| Date::from_days(day.value(0))))
}

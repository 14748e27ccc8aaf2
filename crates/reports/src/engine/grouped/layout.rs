//! The dimensions, measures, periods and currency of a grouped query. Rule: spec/reports.md §9,
//! §10.

use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::datatypes::Date32Type;
use datafusion::functions_aggregate::expr_fn::max;
use datafusion::logical_expr::Expr;
use datafusion::prelude::col;
use model::time::Date;

use crate::definition::Report;
use crate::definition::column::{Column, Role};
use crate::definition::grouping::{Bucket, DayBucket};
use crate::definition::relation::Keys;
use crate::engine::scope::Scope;
use crate::engine::{base, matching};
use crate::error::ReportError;
use crate::functions::periods::{self, Bounds};
use crate::request::grouped::{Arrangement, CURRENCY, joins_currency};
use crate::request::period::Period;
use crate::request::pivot::{LastPeriod, Pivot};
use crate::request::question::{Chosen, Question};
use crate::terms::life_span;

/// The layout of a grouped result.
pub(super) struct Layout<'q> {
    pub(super) report: &'static Report,
    pub(super) arrangement: &'q Arrangement,
    /// The positions of the selected columns in the report, in the order asked for.
    pub(super) selected: Vec<usize>,
    pub(super) currency: CurrencyPlace,
    pub(super) spread: Option<Spread>,
}

/// The place of the currency of the amounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CurrencyPlace {
    /// No amounts are selected.
    Nowhere,
    /// A selected column, at this position among the selected columns.
    Selected(usize),
    /// An added column, which is shown if there are several currencies.
    Joined,
}

/// The periods of a pivot.
pub(super) struct Spread {
    pub(super) periods: Vec<Period>,
    /// The mask of the periods in which a row counts.
    pub(super) mask: Expr,
}

impl<'q> Layout<'q> {
    /// Makes the layout of a query. Reads the rows on which the periods of its pivot depend.
    pub(super) async fn of(
        scope: &Scope<'_>,
        question: &'q Question,
        arrangement: &'q Arrangement,
        predicates: &[Expr],
    ) -> Result<Self, ReportError> {
        let report = question.report;
        let position = |chosen: &Chosen| match chosen {
            Chosen::Column(position) => Some(*position),
            Chosen::CustomField(_) => None,
        };
        let selected: Vec<usize> = question.columns.iter().filter_map(position).collect();
        let spread = match &arrangement.pivot {
            Some(pivot) => Some(Spread::of(scope, report, pivot, predicates).await?),
            None => None,
        };
        let currency = currency_place(report, &selected);
        Ok(Self { report, arrangement, selected, currency, spread })
    }

    pub(super) fn column(&self, position: usize) -> &Column {
        &self.report.columns[position]
    }

    /// Returns the positions of the selected dimensions in the report.
    pub(super) fn dimensions(&self) -> impl Iterator<Item = usize> {
        let is_dimension = |position: &usize| self.column(*position).role == Role::Dimension;
        self.selected.iter().copied().filter(is_dimension)
    }

    pub(super) fn periods(&self) -> &[Period] {
        self.spread.as_ref().map_or(&[], |spread| &spread.periods)
    }
}

fn currency_place(report: &Report, selected: &[usize]) -> CurrencyPlace {
    let asked = selected.iter().position(|column| report.columns[*column].key == CURRENCY);
    match asked {
        Some(place) => CurrencyPlace::Selected(place),
        None if joins_currency(report, selected) => CurrencyPlace::Joined,
        None => CurrencyPlace::Nowhere,
    }
}

impl Spread {
    async fn of(
        scope: &Scope<'_>,
        report: &Report,
        pivot: &Pivot,
        predicates: &[Expr],
    ) -> Result<Self, ReportError> {
        let pivots = report.grouping().and_then(|grouping| grouping.pivots.as_ref());
        let bucket = pivots.map_or(&Bucket::Active, |pivots| &pivots.bucket);
        let last = match (pivot.last(), bucket) {
            (LastPeriod::HoldsLastRowOr(day), Bucket::Day(bucket)) => {
                last_day(scope, report, bucket, predicates).await?.map_or(day, |last| last.max(day))
            }
            (LastPeriod::Holds(day) | LastPeriod::HoldsLastRowOr(day), _) => day,
        };
        let periods = pivot.periods_until(last);
        let bounds = Bounds::of(&periods);
        let mask = match bucket {
            Bucket::Day(bucket) => periods::of_day((bucket.day)(scope), bounds),
            Bucket::Active => life_span::active_periods(scope, bounds).await?,
        };
        Ok(Self { periods, mask })
    }
}

/// Returns the latest day of any matching row.
async fn last_day(
    scope: &Scope<'_>,
    report: &Report,
    bucket: &DayBucket,
    predicates: &[Expr],
) -> Result<Option<Date>, ReportError> {
    let day = [("day".to_owned(), (bucket.day)(scope))];
    let base = base::rows(scope, report, &Keys::All)?;
    let plan = matching::select(scope, report, base, predicates, &day)?
        .aggregate(Vec::<Expr>::new(), vec![max(col("day"))])?
        .build()?;
    let batches = scope.session.collect(plan).await?;
    let days = batches.iter().filter(|batch| batch.num_rows() > 0);
    let mut days = days.map(|batch| batch.column(0).as_primitive::<Date32Type>());
    Ok(days.find(|day| day.is_valid(0)).map(|day| Date::from_days(day.value(0))))
}

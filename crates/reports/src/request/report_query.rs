//! Rows, columns and order of a request: the part that pages and files share.

use mirror::MirrorSession;
use model::id::MAX_ID;
use model::provider::Provider;
use model::time::{Date, Instant};

use super::RequestContext;
use super::conditions::{self, Condition, ConditionContext, ConditionValue};
use super::grouped::{self, GroupedOptions};
use super::parameters::Parameters;
use super::selection::{self, SortItem};
use super::timeframe::TimeframeCalendar;
use super::values::{self, DayEnd};
use crate::definition::Report;
use crate::definition::filter::FilterTest;
use crate::query_scope::{ProviderPresent, QueryScope};

/// A checked query to a report, without paging or format.
#[derive(Debug, Clone)]
pub(crate) struct ReportQuery {
    pub(crate) report: &'static Report,
    pub(crate) columns: Vec<SelectedColumn>,
    /// The sort asked for, or the default. The primary key breaks ties.
    pub(crate) sort: Vec<SortItem>,
    /// Sort and pivot; none unless the report is grouped.
    pub(crate) arrangement: Option<GroupedOptions>,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) id_gt: Option<i64>,
    /// The instant that the report takes as the present: `as_of`, or the time of the request.
    pub(crate) now: Instant,
}

/// One column of the result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SelectedColumn {
    /// The position of a column in the report.
    Column(usize),
    /// A key of the customer's metadata.
    CustomField(String),
}

impl ReportQuery {
    /// Returns true if any bool filter at a position accepted by `is_meant` was given as true.
    pub(crate) fn has_condition_true(&self, is_meant: impl Fn(usize) -> bool) -> bool {
        let mut conditions = self.conditions.iter();
        conditions.any(|given| given.value == ConditionValue::Bool(true) && is_meant(given.filter))
    }

    /// Returns the scope in which the query is run.
    pub(crate) fn scope<'s>(&self, session: &'s MirrorSession) -> QueryScope<'s> {
        let scope = QueryScope::new(session, self.now);
        let usage_date = self.usage_date().unwrap_or(scope.today);
        scope.with_usage_date(usage_date)
    }

    /// Returns the day for which usage is asked, if the request gives one.
    pub(crate) fn usage_date(&self) -> Option<Date> {
        self.conditions.iter().find_map(|condition| {
            match (&self.report.filters[condition.filter].test, &condition.value) {
                (FilterTest::UsageDate, ConditionValue::Date(date)) => Some(*date),
                _ => None,
            }
        })
    }

    /// Reads the query from `parameters`, which keep the errors.
    pub(crate) fn read(
        report: &'static Report,
        parameters: &mut Parameters<'_>,
        provider: &Provider,
        context: &RequestContext,
    ) -> Self {
        let zone = &provider.timezone;
        let as_of =
            parameters.read("as_of", |text| values::parse_instant(text, zone, DayEnd::First));
        let now = as_of.unwrap_or(context.now);
        let present = ProviderPresent::at_instant(provider, now);
        let calendar =
            TimeframeCalendar { today: present.today, week_starts_on: provider.week_starts_on };
        let selected = columns(report, parameters);
        let id_gt = parameters.read("id_gt", |text| values::parse_int(text, 0, MAX_ID));
        let surroundings =
            ConditionContext { zone, calendar, caller_name: context.caller_name.as_deref() };
        let conditions = conditions::read_conditions(report, parameters, &surroundings);
        let is_grouped = report.grouping().is_some();
        let arrangement = is_grouped.then(|| {
            grouped::read_grouped_options(
                report,
                parameters,
                selected.as_deref(),
                &conditions,
                &present,
            )
        });
        let sort = if is_grouped { vec![] } else { sort(report, parameters, id_gt) };
        let selected = selected.unwrap_or_default().into_iter();
        let mut columns: Vec<SelectedColumn> = selected.map(SelectedColumn::Column).collect();
        for condition in conditions.iter().filter(|_| !is_grouped) {
            if let ConditionValue::Keys(keys) = &condition.value {
                columns.extend(keys.iter().cloned().map(SelectedColumn::CustomField));
            }
        }
        Self { report, columns, sort, arrangement, conditions, id_gt, now }
    }
}

/// Returns the columns asked for, or the default columns. Returns none after an error, which
/// `parameters` keep.
fn columns(report: &Report, parameters: &mut Parameters<'_>) -> Option<Vec<usize>> {
    let asked = parameters.read_list("columns", |items| selection::parse_columns(report, items));
    if asked.is_some() || parameters.errors.0.contains_key("columns") {
        return asked;
    }
    let default = selection::default_columns(report);
    if default.is_empty() {
        let known: Vec<&str> = report.columns.iter().map(|column| column.key).collect();
        let (name, known) = (report.name, known.join(", "));
        let message = format!("{name} needs at least one column: expected some of {known}");
        parameters.errors.push("columns", message);
        return None;
    }
    Some(default)
}

/// Returns the sort of a plain report: the one asked for; else the primary key if `id_gt` is given;
/// else the report's default sort.
fn sort(report: &Report, parameters: &mut Parameters<'_>, id_gt: Option<i64>) -> Vec<SortItem> {
    let sort = parameters.read_list("sort", |items| selection::parse_sort(report, items));
    sort.unwrap_or_else(|| match (id_gt, report.column("id")) {
        (Some(_), Some(column)) => vec![SortItem { column, descending: false }],
        (Some(_), None) => vec![],
        (None, _) => selection::default_sort(report),
    })
}

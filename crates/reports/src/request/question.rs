//! Which rows, which columns, in which order: what pages and files share.

use model::id::MAX_ID;
use model::provider::Provider;
use model::time::{Date, Instant};

use super::RequestContext;
use super::conditions::{self, Condition, Surroundings, Wanted};
use super::grouped::{self, Arrangement};
use super::parameters::Parameters;
use super::selection::{self, SortItem};
use super::timeframe::Calendar;
use super::values::{self, End};
use crate::definition::Report;
use crate::definition::filter::Test;
use crate::engine::scope::Present;

/// A checked question to a report.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) report: &'static Report,
    pub(crate) columns: Vec<Chosen>,
    /// As asked for or by default; the primary key breaks ties after it.
    pub(crate) sort: Vec<SortItem>,
    /// Order and pivot of the groups of a grouped report.
    pub(crate) arrangement: Option<Arrangement>,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) id_gt: Option<i64>,
    /// The present, or `as_of`.
    pub(crate) now: Instant,
}

/// One column of the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Chosen {
    /// Position in the report's columns.
    Column(usize),
    /// A key of the customer's metadata.
    CustomField(String),
}

impl Question {
    /// Whether a filter that is a switch, and one of these positions, is on.
    pub(crate) fn is_asked(&self, is_meant: impl Fn(usize) -> bool) -> bool {
        let mut conditions = self.conditions.iter();
        conditions.any(|given| given.wanted == Wanted::Bool(true) && is_meant(given.filter))
    }

    /// The day whose usage is asked about, when it is given.
    pub(crate) fn usage_date(&self) -> Option<Date> {
        self.conditions.iter().find_map(|condition| {
            match (&self.report.filters[condition.filter].test, &condition.wanted) {
                (Test::UsageDate, Wanted::Date(date)) => Some(*date),
                _ => None,
            }
        })
    }

    /// Takes what it needs from `parameters`; errors stay there.
    pub(crate) fn read(
        report: &'static Report,
        parameters: &mut Parameters<'_>,
        provider: &Provider,
        context: &RequestContext,
    ) -> Self {
        let zone = &provider.timezone;
        let as_of = parameters.read("as_of", |text| values::instant(text, zone, End::First));
        let now = as_of.unwrap_or(context.now);
        let present = Present::of(provider, now);
        let calendar = Calendar { today: present.today, week_starts_on: provider.week_starts_on };
        let selected = columns(report, parameters);
        let id_gt = parameters.read("id_gt", |text| values::int(text, 0, MAX_ID));
        let surroundings =
            Surroundings { zone, calendar, identity_name: context.identity_name.as_deref() };
        let conditions = conditions::read(report, parameters, &surroundings);
        let is_grouped = report.grouping().is_some();
        let arrangement = is_grouped
            .then(|| grouped::read(report, parameters, selected.as_deref(), &conditions, &present));
        let sort = match is_grouped {
            true => vec![],
            false => sort(report, parameters, id_gt),
        };
        let selected = selected.unwrap_or_default().into_iter();
        let mut columns: Vec<Chosen> = selected.map(Chosen::Column).collect();
        for condition in conditions.iter().filter(|_| !is_grouped) {
            if let Wanted::Keys(keys) = &condition.wanted {
                columns.extend(keys.iter().cloned().map(Chosen::CustomField));
            }
        }
        Self { report, columns, sort, arrangement, conditions, id_gt, now }
    }
}

/// The columns asked for, else the default ones; none when they are wrong or missing.
fn columns(report: &Report, parameters: &mut Parameters<'_>) -> Option<Vec<usize>> {
    let asked = parameters.read_list("columns", |items| selection::columns(report, items));
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

/// The sort of a plain report: as asked for, else by the primary key under `id_gt`, else its own.
fn sort(report: &Report, parameters: &mut Parameters<'_>, id_gt: Option<i64>) -> Vec<SortItem> {
    let sort = parameters.read_list("sort", |items| selection::sort(report, items));
    sort.unwrap_or_else(|| match (id_gt, report.column("id")) {
        (Some(_), Some(column)) => vec![SortItem { column, descending: false }],
        (Some(_), None) => vec![],
        (None, _) => selection::default_sort(report),
    })
}

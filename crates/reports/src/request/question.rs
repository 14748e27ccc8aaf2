//! Which rows, which columns, in which order: what pages and files share.

use model::id::MAX_ID;
use model::provider::Provider;
use model::time::Instant;

use super::RequestContext;
use super::conditions::{self, Condition, Surroundings, Wanted};
use super::parameters::Parameters;
use super::selection::{self, SortItem};
use super::timeframe::Calendar;
use super::values::{self, End};
use crate::definition::Report;

/// A checked question to a report.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) report: &'static Report,
    pub(crate) columns: Vec<Chosen>,
    /// As asked for or by default; the primary key breaks ties after it.
    pub(crate) sort: Vec<SortItem>,
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
        let calendar =
            Calendar { today: zone.date_of(now), week_starts_on: provider.week_starts_on };
        let columns = parameters.read_list("columns", |items| selection::columns(report, items));
        let columns = columns.unwrap_or_else(|| selection::default_columns(report));
        let sort = parameters.read_list("sort", |items| selection::sort(report, items));
        let id_gt = parameters.read("id_gt", |text| values::int(text, 0, MAX_ID));
        let surroundings =
            Surroundings { zone, calendar, identity_name: context.identity_name.as_deref() };
        let conditions = conditions::read(report, parameters, &surroundings);
        let mut columns: Vec<Chosen> = columns.into_iter().map(Chosen::Column).collect();
        for condition in &conditions {
            if let Wanted::Keys(keys) = &condition.wanted {
                columns.extend(keys.iter().cloned().map(Chosen::CustomField));
            }
        }
        let sort = sort.unwrap_or_else(|| match (id_gt, report.column("id")) {
            (Some(_), Some(column)) => vec![SortItem { column, descending: false }],
            (Some(_), None) => vec![],
            (None, _) => selection::default_sort(report),
        });
        Self { report, columns, sort, conditions, id_gt, now }
    }
}

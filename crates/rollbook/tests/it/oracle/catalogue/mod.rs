//! The reports. Rule: spec/reports.md §17.

mod attendances;
mod credits;
mod customers;
mod holds;
mod invoices;
mod lines;
mod memberships;
mod usage;

use std::rc::Rc;

use model::time::{Date, Instant};

use super::column::{Get, OracleColumn, c};
use super::data::OracleRow;
use super::filter::OracleFilter;
use super::usage_rows;
use super::value::OracleValue;
use super::world::OracleContext;

pub(super) use attendances::last_event_day;

/// Names of all plain reports of the oracle.
pub(super) const NAMES: &[&str] = &[
    "customer_credits",
    "customers",
    "invoices",
    "customer_memberships",
    "customer_membership_holds",
    "attendances",
    "invoice_line_items",
    "customer_membership_usage",
];

/// One report.
pub(super) struct OracleReport {
    pub(super) name: &'static str,
    /// Table of the base rows.
    pub(super) table: &'static str,
    pub(super) columns: Vec<OracleColumn>,
    pub(super) parents: &'static [&'static str],
    pub(super) filters: Vec<OracleFilter>,
    pub(super) default_sort: &'static [&'static str],
    pub(super) is_base_row: fn(&OracleContext<'_>, &OracleRow) -> bool,
    pub(super) grouping: Option<OracleGrouping>,
}

impl OracleReport {
    /// Returns true if the rows are computed for one day.
    pub(super) fn is_about_usage(&self) -> bool {
        self.table == usage_rows::TABLE
    }

    /// Returns the column of the base table that `id_gt` compares.
    pub(super) fn cursor(&self) -> &'static str {
        if self.is_about_usage() { "customer_membership_id" } else { "id" }
    }

    /// Returns the columns that every answer has.
    pub(super) fn required(&self) -> [&'static str; 2] {
        let id = if self.is_about_usage() { "customer_membership.id" } else { "id" };
        [id, "customer.id"]
    }
}

/// The grouped form of a report.
pub(super) struct OracleGrouping {
    /// Dimensions.
    pub(super) dimensions: Vec<OracleColumn>,
    pub(super) measures: Vec<OracleMeasure>,
    pub(super) parents: &'static [&'static str],
    /// Columns of a request that names none.
    pub(super) default_columns: &'static [&'static str],
    pub(super) pivots: &'static [&'static str],
    pub(super) bucket: Option<OracleBucket>,
}

/// One measure.
#[derive(Clone)]
pub(super) struct OracleMeasure {
    pub(super) key: &'static str,
    pub(super) kind: MeasureKind,
}

/// The computation of a measure.
#[derive(Clone)]
pub(super) enum MeasureKind {
    /// Number of rows.
    Count,
    /// Exact sum of minor units.
    Sum(Get<i128>),
    /// Sum of the values that are not null; null if there are none.
    Total(Get<Option<i64>>),
    /// Mean of the values that are not null, rounded half up; null if there are none.
    Mean(Get<Option<i64>>),
}

/// The pivot periods in which a row counts.
#[derive(Clone)]
pub(super) enum OracleBucket {
    /// The period that contains this day.
    Day {
        of: Get<Date>,
        /// Parameters of the report's own time filter: its upper bound, and its timeframe.
        upper_bound: &'static str,
        timeframe: &'static str,
        /// True if both compare an instant.
        is_instant: bool,
    },
    /// Every period that contains at least one active day.
    Active(Get<LifeSpan>),
}

/// The days on which a membership was active.
pub(super) struct LifeSpan {
    /// First day; none if never active.
    pub(super) start: Option<Date>,
    /// Last days, included; the earliest applies.
    pub(super) last: Vec<Date>,
    /// Holds: first and last day, both included.
    pub(super) held: Vec<(Date, Option<Date>)>,
}

/// Returns the plain report with this name.
pub(super) fn report(name: &str) -> OracleReport {
    match name {
        "customer_credits" => credits::report(),
        "customers" => customers::report(),
        "invoices" => invoices::report(),
        "customer_memberships" => memberships::report(),
        "customer_membership_holds" => holds::report(),
        "attendances" => attendances::report(),
        "invoice_line_items" => lines::report(),
        "customer_membership_usage" => usage::report(),
        _ => panic!("{name} is no report"),
    }
}

/// Returns the columns `customer.id`, `customer.name`, `customer.email` of the customer that `of`
/// returns.
fn customer(of: fn(&OracleContext<'_>, &OracleRow) -> Option<i64>) -> Vec<OracleColumn> {
    vec![
        c("customer.id", "customer_id", move |w, r| OracleValue::int(of(w, r))),
        c("customer.name", "customer_name", move |w, r| w.disp(of(w, r))),
        c("customer.email", "customer_email", move |w, r| {
            OracleValue::text(w.get("customers", of(w, r)).and_then(|c| c.text("email")))
        }),
    ]
}

/// Returns the columns `customer.venue.id`, `customer.venue.name` of the customer that `of`
/// returns.
fn customer_venue(of: fn(&OracleContext<'_>, &OracleRow) -> Option<i64>) -> Vec<OracleColumn> {
    let site = move |w: &OracleContext<'_>, r: &OracleRow| {
        w.get("customers", of(w, r)).and_then(|c| c.int("site_id"))
    };
    vec![
        c("customer.venue.id", "customer_venue_id", move |w, r| OracleValue::int(site(w, r))),
        c("customer.venue.name", "customer_venue_name", move |w, r| w.name_of("sites", site(w, r))),
    ]
}

/// Returns a column that shows a text column of the base row.
fn text(key: &'static str) -> OracleColumn {
    c(key, "", move |_, r| OracleValue::text(r.text(key)))
}

/// Returns a column that shows a date column of the base row.
fn date(key: &'static str) -> OracleColumn {
    c(key, "", move |_, r| OracleValue::date(r.date(key)))
}

/// Returns a column that shows an instant column of the base row.
fn instant(key: &'static str) -> OracleColumn {
    c(key, "", move |_, r| OracleValue::instant(r.instant(key)))
}

/// Returns a column that shows an integer column of the base row.
fn int(key: &'static str) -> OracleColumn {
    c(key, "", move |_, r| OracleValue::int(r.int(key)))
}

/// Returns a column that shows a flag of the base row.
fn flag(key: &'static str) -> OracleColumn {
    c(key, "", move |_, r| OracleValue::Bool(r.flag(key)))
}

fn year(key: &'static str, of: fn(&OracleContext<'_>, &OracleRow) -> Option<Date>) -> OracleColumn {
    c(key, "", move |w, r| OracleValue::int(of(w, r).map(|date| date.year().into())))
}

fn month(
    key: &'static str,
    of: fn(&OracleContext<'_>, &OracleRow) -> Option<Date>,
) -> OracleColumn {
    c(key, "", move |w, r| OracleValue::int(of(w, r).map(|date| date.month().into())))
}

fn count() -> OracleMeasure {
    OracleMeasure { key: "count", kind: MeasureKind::Count }
}

fn sum(key: &'static str, column: &'static str) -> OracleMeasure {
    OracleMeasure { key, kind: MeasureKind::Sum(Rc::new(move |_, r| r.amount(column))) }
}

fn currency_dimension() -> OracleColumn {
    text("currency").addition()
}

fn local_date(w: &OracleContext<'_>, t: Option<Instant>) -> Option<Date> {
    t.map(|t| w.local(t))
}

fn owned(text: Option<&str>) -> Option<String> {
    text.map(str::to_owned)
}

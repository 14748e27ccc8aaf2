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

use super::column::{Column, Get, c};
use super::data::Row;
use super::filter::Filter;
use super::usage_rows;
use super::value::Val;
use super::world::World;

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
pub(super) struct Report {
    pub(super) name: &'static str,
    /// Table of the base rows.
    pub(super) table: &'static str,
    pub(super) columns: Vec<Column>,
    pub(super) parents: &'static [&'static str],
    pub(super) filters: Vec<Filter>,
    pub(super) default_sort: &'static [&'static str],
    pub(super) is_base_row: fn(&World<'_>, &Row) -> bool,
    pub(super) grouping: Option<Grouping>,
}

impl Report {
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
pub(super) struct Grouping {
    /// Dimensions.
    pub(super) dimensions: Vec<Column>,
    pub(super) measures: Vec<Measure>,
    pub(super) parents: &'static [&'static str],
    /// Columns of a request that names none.
    pub(super) default_columns: &'static [&'static str],
    pub(super) pivots: &'static [&'static str],
    pub(super) bucket: Option<Bucket>,
}

/// One measure.
#[derive(Clone)]
pub(super) struct Measure {
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
pub(super) enum Bucket {
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
pub(super) fn report(name: &str) -> Report {
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
fn customer(of: fn(&World<'_>, &Row) -> Option<i64>) -> Vec<Column> {
    vec![
        c("customer.id", "customer_id", move |w, r| Val::int(of(w, r))),
        c("customer.name", "customer_name", move |w, r| w.disp(of(w, r))),
        c("customer.email", "customer_email", move |w, r| {
            Val::text(w.get("customers", of(w, r)).and_then(|c| c.text("email")))
        }),
    ]
}

/// Returns the columns `customer.venue.id`, `customer.venue.name` of the customer that `of`
/// returns.
fn customer_venue(of: fn(&World<'_>, &Row) -> Option<i64>) -> Vec<Column> {
    let site =
        move |w: &World<'_>, r: &Row| w.get("customers", of(w, r)).and_then(|c| c.int("site_id"));
    vec![
        c("customer.venue.id", "customer_venue_id", move |w, r| Val::int(site(w, r))),
        c("customer.venue.name", "customer_venue_name", move |w, r| w.name_of("sites", site(w, r))),
    ]
}

/// Returns a column that shows a text column of the base row.
fn text(key: &'static str) -> Column {
    c(key, "", move |_, r| Val::text(r.text(key)))
}

/// Returns a column that shows a date column of the base row.
fn date(key: &'static str) -> Column {
    c(key, "", move |_, r| Val::date(r.date(key)))
}

/// Returns a column that shows an instant column of the base row.
fn instant(key: &'static str) -> Column {
    c(key, "", move |_, r| Val::instant(r.instant(key)))
}

/// Returns a column that shows an integer column of the base row.
fn int(key: &'static str) -> Column {
    c(key, "", move |_, r| Val::int(r.int(key)))
}

/// Returns a column that shows a flag of the base row.
fn flag(key: &'static str) -> Column {
    c(key, "", move |_, r| Val::Bool(r.flag(key)))
}

fn year(key: &'static str, of: fn(&World<'_>, &Row) -> Option<Date>) -> Column {
    c(key, "", move |w, r| Val::int(of(w, r).map(|date| date.year().into())))
}

fn month(key: &'static str, of: fn(&World<'_>, &Row) -> Option<Date>) -> Column {
    c(key, "", move |w, r| Val::int(of(w, r).map(|date| date.month().into())))
}

fn count() -> Measure {
    Measure { key: "count", kind: MeasureKind::Count }
}

fn sum(key: &'static str, column: &'static str) -> Measure {
    Measure { key, kind: MeasureKind::Sum(Rc::new(move |_, r| r.amount(column))) }
}

fn currency_dimension() -> Column {
    text("currency").addition()
}

fn local_date(w: &World<'_>, t: Option<Instant>) -> Option<Date> {
    t.map(|t| w.local(t))
}

fn owned(text: Option<&str>) -> Option<String> {
    text.map(str::to_owned)
}

//! customer_membership_usage. Rule: spec/usage.md §11.

use std::rc::Rc;

use super::super::column::{OracleColumn, c};
use super::super::data::OracleRow;
use super::super::filter::{
    OracleFilter, flag, ids, int_bounds, membership_types, unless, usage_date, words,
};
use super::super::usage_rows;
use super::super::value::OracleValue;
use super::super::world::OracleContext;
use super::{
    MeasureKind, OracleGrouping, OracleMeasure, OracleReport, count, customer, customer_venue,
    date, int, owned, text,
};

const STATUS: &[&str] = &["active", "hold", "cancelled", "completed", "upgraded", "downgraded"];
const PERIODS: &[&str] = &["day", "week", "month", "year", "lifetime"];

pub(super) fn report() -> OracleReport {
    OracleReport {
        name: "customer_membership_usage",
        table: usage_rows::TABLE,
        columns: columns(),
        parents: &[
            "customer_membership",
            "customer",
            "customer.venue",
            "membership",
            "offering_type",
        ],
        filters: filters(),
        default_sort: &["customer_membership.id"],
        is_base_row: |_, _| true,
        grouping: Some(grouping()),
    }
}

fn held<'a>(w: &OracleContext<'a>, u: &OracleRow) -> &'a OracleRow {
    w.get("customer_memberships", u.int("customer_membership_id")).expect("a membership")
}

fn plan<'a>(w: &OracleContext<'a>, u: &OracleRow) -> Option<&'a OracleRow> {
    w.get("memberships", held(w, u).int("membership_id"))
}

fn is_exhausted(u: &OracleRow) -> bool {
    u.int("remaining_count") == Some(0)
}

fn what() -> Vec<OracleColumn> {
    vec![
        c("membership.id", "membership_id", |w, u| {
            OracleValue::int(held(w, u).int("membership_id"))
        }),
        c("membership.name", "membership_name", |w, u| {
            OracleValue::text(plan(w, u).and_then(|m| m.text("name")))
        }),
        c("type", "", |w, u| OracleValue::text(held(w, u).text("type"))),
        c("status", "", |w, u| OracleValue::text(Some(w.eff(held(w, u))))),
        text("period_type"),
        text("limit_type"),
    ]
}

fn offering_type() -> Vec<OracleColumn> {
    vec![
        c("offering_type.id", "offering_type_id", |_, u| {
            OracleValue::int(u.int("offering_type_id"))
        }),
        c("offering_type.name", "offering_type_name", |w, u| {
            w.name_of("offering_types", u.int("offering_type_id"))
        }),
    ]
}

fn columns() -> Vec<OracleColumn> {
    let of: fn(&OracleContext<'_>, &OracleRow) -> Option<i64> =
        |w, u| held(w, u).int("customer_id");
    let mut columns = vec![c("customer_membership.id", "customer_membership_id", |_, u| {
        OracleValue::int(u.int("customer_membership_id"))
    })];
    columns.extend(customer(of));
    columns.extend(customer_venue(of));
    columns.extend(what());
    columns.extend([date("start_date"), date("end_date")]);
    columns.extend(offering_type());
    columns.push(c("is_extra", "", |_, u| {
        if u.has("is_extra") { OracleValue::Bool(u.flag("is_extra")) } else { OracleValue::Null }
    }));
    let numbers = [
        "max_uses",
        "used_count",
        "remaining_count",
        "bookable_count",
        "original_max_uses",
        "active_days",
        "total_days",
    ];
    columns.extend(numbers.map(int));
    columns
}

fn filters() -> Vec<OracleFilter> {
    let mut filters = vec![
        usage_date("date"),
        ids("ids", |_, u| u.int("customer_membership_id")),
        ids("customers", |w, u| held(w, u).int("customer_id")),
        ids("memberships", |w, u| held(w, u).int("membership_id")),
        ids("membership_categories", |w, u| plan(w, u).and_then(|m| m.int("category_id"))),
        ids("offering_types", |_, u| u.int("offering_type_id")),
        words("status", STATUS, |w, u| owned(Some(w.eff(held(w, u))))),
        membership_types("types", |w, u| owned(held(w, u).text("type"))),
        words("period_types", PERIODS, |_, u| owned(u.text("period_type"))),
        words("limit_types", &["event", "course"], |_, u| owned(u.text("limit_type"))),
        unless("include_offering_types", |_, u| !u.has("offering_type_id")),
        flag("is_exhausted", |_, u| is_exhausted(u)),
    ];
    filters.extend(int_bounds("remaining_count", |_, u| u.int("remaining_count")));
    filters.extend(int_bounds("used_count", |_, u| u.int("used_count")));
    filters
}

fn grouping() -> OracleGrouping {
    let mut dimensions = what();
    dimensions.extend(offering_type());
    dimensions.push(c("is_exhausted", "", |_, u| OracleValue::Bool(is_exhausted(u))));
    let mut measures = vec![count()];
    measures.extend(["max_uses", "used_count", "remaining_count"].map(|key| OracleMeasure {
        key,
        kind: MeasureKind::Total(Rc::new(move |_, u| u.int(key))),
    }));
    OracleGrouping {
        dimensions,
        measures,
        parents: &["membership", "offering_type"],
        default_columns: &[],
        pivots: &[],
        bucket: None,
    }
}

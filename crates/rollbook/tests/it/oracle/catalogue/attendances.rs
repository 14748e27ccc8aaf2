//! attendances. Rule: spec/reports.md §17.5.

use std::rc::Rc;

use model::time::{Date, Instant, Weekday};
use serde_json::json;

use super::super::column::{OracleColumn, c, not_modelled};
use super::super::data::OracleRow;
use super::super::filter::{
    OracleFilter, any_ids, ids, ids_or_none, instant_bounds, instant_frame, switch, words,
};
use super::super::value::OracleValue;
use super::super::world::{ListElement, OracleContext, weekday};
use super::{
    OracleBucket, OracleGrouping, OracleReport, count, customer, instant, int, owned, text,
};

const STATUS: &[&str] = &["attended", "registered", "no_show", "late_cancelled"];
const DAYS: [&str; 7] =
    ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

pub(super) fn report() -> OracleReport {
    OracleReport {
        name: "attendances",
        table: "attendances",
        columns: columns(),
        parents: &[
            "customer",
            "event",
            "offering_type",
            "venue",
            "customer_membership",
            "customer_membership.membership",
            "checkin",
        ],
        filters: filters(),
        default_sort: &["id"],
        is_base_row: |w, a| {
            let e = event(w, a);
            ["class", "appointment"].contains(&e.word("kind")) && e.word("status") == "active"
        },
        grouping: Some(grouping()),
    }
}

/// Returns the latest local day of the events of these rows.
pub(in super::super) fn last_event_day(w: &OracleContext<'_>, rows: &[&OracleRow]) -> Option<Date> {
    rows.iter().map(|a| w.evlocal(event(w, a)).date).max()
}

fn event<'a>(w: &OracleContext<'a>, a: &OracleRow) -> &'a OracleRow {
    w.get("events", a.int("event_id")).expect("an event")
}

fn starts_at(w: &OracleContext<'_>, a: &OracleRow) -> Instant {
    event(w, a).instant("starts_at").expect("events start")
}

fn membership(w: &OracleContext<'_>, a: &OracleRow) -> Option<i64> {
    w.get("customer_memberships", a.int("customer_membership_id"))?.int("membership_id")
}

fn source(w: &OracleContext<'_>, a: &OracleRow) -> OracleValue {
    w.name_of("booking_sources", a.int("booking_source_id"))
}

/// Returns the columns that the plain and the grouped form share.
fn places() -> Vec<OracleColumn> {
    vec![
        c("offering_type.id", "offering_type_id", |w, a| {
            OracleValue::int(event(w, a).int("offering_type_id"))
        }),
        c("offering_type.name", "offering_type_name", |w, a| {
            w.name_of("offering_types", event(w, a).int("offering_type_id"))
        }),
        c("venue.id", "venue_id", |w, a| OracleValue::int(event(w, a).int("site_id"))),
        c("venue.name", "venue_name", |w, a| w.name_of("sites", event(w, a).int("site_id"))),
    ]
}

fn columns() -> Vec<OracleColumn> {
    let mut columns = vec![int("id"), instant("updated_at")];
    columns.extend(customer(|_, a| a.int("customer_id")));
    columns.extend([
        not_modelled("customer.thumbnail_url", "customer_thumbnail_url"),
        c("event.id", "event_id", |_, a| OracleValue::int(a.int("event_id"))),
        c("event.starts_at", "event_starts_at", |w, a| OracleValue::Instant(starts_at(w, a))),
        c("event.ends_at", "event_ends_at", |w, a| {
            OracleValue::instant(event(w, a).instant("ends_at"))
        }),
        c("event.name", "event_name", |w, a| OracleValue::text(event(w, a).text("name"))),
    ]);
    columns.extend(places());
    columns.extend([
        c("instructors", "", instructors).unsortable(),
        text("booking_method"),
        c("customer_membership.id", "customer_membership_id", |_, a| {
            OracleValue::int(a.int("customer_membership_id"))
        }),
        c("customer_membership.membership.id", "membership_id", |w, a| {
            OracleValue::int(membership(w, a))
        }),
        c("customer_membership.membership.name", "membership_name", |w, a| {
            w.name_of("memberships", membership(w, a))
        }),
        c("booking_source", "", source),
        text("status"),
        c("checkin.ocurred_at", "checkin_ocurred_at", |_, a| {
            OracleValue::instant(a.instant("checked_in_at"))
        })
        .also("checkin.occurred_at")
        .also("checkin_occurred_at"),
        c("is_first_attendance", "", |w, a| OracleValue::Bool(is_first(w, a))),
    ]);
    columns
}

fn instructors(w: &OracleContext<'_>, a: &OracleRow) -> OracleValue {
    let ids = event(w, a).ids("instructor_ids").into_iter();
    OracleValue::list(ids.map(|id| {
        let name = w.get("instructors", Some(id)).and_then(|instructor| instructor.text("name"));
        ListElement {
            json: json!({"id": id, "name": name}),
            text: name.unwrap_or_default().to_owned(),
        }
    }))
}

fn is_first(w: &OracleContext<'_>, a: &OracleRow) -> bool {
    let own = w.naming("attendances", "customer_id", a.int("customer_id").expect("a customer"));
    let earlier = |x: &OracleRow| {
        x.word("status") == "attended" && (starts_at(w, x), x.id()) < (starts_at(w, a), a.id())
    };
    a.word("status") == "attended" && !own.into_iter().any(earlier)
}

fn filters() -> Vec<OracleFilter> {
    let mut filters = vec![
        ids("customers", |_, a| a.int("customer_id")),
        ids("customer_memberships", |_, a| a.int("customer_membership_id")),
        ids("memberships", membership),
        words("status", STATUS, |_, a| owned(a.text("status"))),
        words("attendance_status", STATUS, |_, a| owned(a.text("status"))),
        words("booking_methods", &["membership", "dropin", "free"], |_, a| {
            owned(a.text("booking_method"))
        }),
        ids_or_none("booking_sources", |_, a| a.int("booking_source_id")),
        words("event_types", &["appointment", "class"], |w, a| owned(event(w, a).text("kind"))),
        switch("include_future", |w, a| starts_at(w, a) > w.now),
        any_ids("instructors", |w, a| event(w, a).ids("instructor_ids")),
        ids("offering_types", |w, a| event(w, a).int("offering_type_id")),
        ids("venues", |w, a| event(w, a).int("site_id")),
        instant_frame("event_timeframe", |w, a| Some(starts_at(w, a))),
    ];
    filters.extend(instant_bounds("updated_at", |_, a| a.instant("updated_at")));
    filters.extend(instant_bounds("event_start", |w, a| Some(starts_at(w, a))));
    filters
}

fn day_of_week(w: &OracleContext<'_>, a: &OracleRow) -> OracleValue {
    let day = weekday(w.evlocal(event(w, a)).date);
    let first = match w.provider.week_starts_on {
        Weekday::Sunday => 0,
        Weekday::Monday => 1,
    };
    let name = DAYS[usize::try_from(day).expect("a weekday")];
    OracleValue::Weekday(name, (day - first).rem_euclid(7))
}

fn grouping() -> OracleGrouping {
    let mut dimensions = customer(|_, a| a.int("customer_id"));
    dimensions.extend([
        c("day_of_week", "", day_of_week),
        c("event.start_time", "event_start_time", |w, a| {
            OracleValue::Time(w.evlocal(event(w, a)).seconds)
        }),
    ]);
    dimensions.extend(places());
    dimensions.extend([text("booking_method"), c("booking_source", "", source), text("status")]);
    OracleGrouping {
        dimensions,
        measures: vec![count()],
        parents: &["customer", "event", "offering_type", "venue"],
        default_columns: &[],
        pivots: &["all", "year", "month", "week"],
        bucket: Some(OracleBucket::Day {
            of: Rc::new(|w, a| w.evlocal(event(w, a)).date),
            upper_bound: "event_start_lte",
            timeframe: "event_timeframe",
            is_instant: true,
        }),
    }
}

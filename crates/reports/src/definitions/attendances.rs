//! Bookings of classes and appointments. Rule: spec/reports.md §17.5.

use datafusion::prelude::col;
use model::permission::Permission;

use crate::definition::column::{
    Column, boolean, count, instant, int, list, string, time_of_day, unmodelled, weekday,
};
use crate::definition::filter::{
    Filter, Word, each_equal, ids, ids_or_none, instants, instants_within, instructors,
    unless_asked, words,
};
use crate::definition::grouping::{BY_DAY, Bucket, DayBucket, Grouping, Groups, Pivots};
use crate::definition::relation::{derived, row};
use crate::definition::value::{Value, at, is_one_of, text, value};
use crate::definition::{Base, Deleted, Report, Shape};
use crate::functions::event_time::Part;
use crate::terms::{attendance, customer};

pub(super) fn report() -> Report {
    Report {
        name: "attendances",
        label: "Attendances",
        permissions: &[Permission::Attendances],
        base: Base { table: "attendances", alias: "a", deleted: Deleted::Never },
        kept: Some(value(|_| {
            let is_kind = is_one_of(col("e.kind"), &["class", "appointment"]);
            is_kind.and(col("e.status").eq(text("active")))
        })),
        relations: vec![
            row("e", "events", "a.event_id"),
            customer::relation("a.customer_id"),
            row("cm", "customer_memberships", "a.customer_membership_id"),
            row("m", "memberships", "cm.membership_id"),
            row("o", "offering_types", "e.offering_type_id"),
            row("site", "sites", "e.site_id"),
            row("source", "booking_sources", "a.booking_source_id"),
            derived("taught", [("e.id", "event_id")], attendance::instructors),
            derived("first", [("a.customer_id", "customer_id")], attendance::first),
        ],
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
        brief_columns: &[
            "id",
            "event.starts_at",
            "event.name",
            "customer.name",
            "status",
            "venue.name",
        ],
        shape: Shape::Plain,
    }
}

/// Returns the grouped form of the report.
pub(super) fn grouped() -> Report {
    let mut columns = customer::columns("a.customer_id");
    columns.extend([
        weekday("day_of_week", event_time(Part::Weekday)),
        time_of_day("event.start_time", event_time(Part::TimeOfDay)).alias("event_start_time"),
        int("offering_type.id", at("e.offering_type_id")).alias("offering_type_id"),
        string("offering_type.name", at("o.name")).alias("offering_type_name"),
        int("venue.id", at("e.site_id")).alias("venue_id"),
        string("venue.name", at("site.name")).alias("venue_name"),
        string("booking_method", at("a.booking_method")),
        string("booking_source", at("source.name")),
        string("status", at("a.status")),
        count(),
    ]);
    report().in_groups(Groups {
        name: "attendances.grouped",
        label: "Attendances (grouped)",
        columns,
        parents: &["customer", "event", "offering_type", "venue"],
        grouping: Grouping {
            default_columns: &[],
            pivots: Some(Pivots {
                choices: BY_DAY,
                default: Some("all"),
                bucket: Bucket::Day(DayBucket {
                    day: event_time(Part::Date),
                    until: "event_start_lte",
                    within: "event_timeframe",
                    future: Some("include_future"),
                }),
            }),
        },
    })
}

fn event_time(part: Part) -> Value {
    value(move |scope| scope.event_time(part, col("e.starts_at"), col("site.timezone")))
}

fn columns() -> Vec<Column> {
    let mut columns = vec![int("id", at("a.id")), instant("updated_at", at("a.updated_at"))];
    columns.extend(customer::columns("a.customer_id"));
    columns.extend([
        unmodelled("customer.thumbnail_url", "string").alias("customer_thumbnail_url"),
        int("event.id", at("a.event_id")).alias("event_id"),
        instant("event.starts_at", at("e.starts_at")).alias("event_starts_at"),
        instant("event.ends_at", at("e.ends_at")).alias("event_ends_at"),
        string("event.name", at("e.name")).alias("event_name"),
        int("offering_type.id", at("e.offering_type_id")).alias("offering_type_id"),
        string("offering_type.name", at("o.name")).alias("offering_type_name"),
        int("venue.id", at("e.site_id")).alias("venue_id"),
        string("venue.name", at("site.name")).alias("venue_name"),
        list("instructors", &attendance::INSTRUCTOR, at("taught.list")),
        string("booking_method", at("a.booking_method")),
        int("customer_membership.id", at("a.customer_membership_id"))
            .alias("customer_membership_id"),
        int("customer_membership.membership.id", at("cm.membership_id")).alias("membership_id"),
        string("customer_membership.membership.name", at("m.name")).alias("membership_name"),
        string("booking_source", at("source.name")),
        string("status", at("a.status")),
        instant("checkin.ocurred_at", at("a.checked_in_at"))
            .alias("checkin_ocurred_at")
            .alias("checkin.occurred_at")
            .alias("checkin_occurred_at"),
        boolean("is_first_attendance", is_first()),
    ]);
    columns
}

fn filters() -> Vec<Filter> {
    let methods = each_equal(&at("a.booking_method"), ["membership", "dropin", "free"]);
    let mut filters = vec![
        ids("customers", at("a.customer_id")),
        ids("customer_memberships", at("a.customer_membership_id")),
        ids("memberships", at("cm.membership_id")),
        words("status", statuses()),
        words("attendance_status", statuses()),
        words("booking_methods", methods),
        ids_or_none("booking_sources", at("a.booking_source_id")),
        words("event_types", each_equal(&at("e.kind"), ["appointment", "class"])),
        unless_asked("include_future", value(|scope| col("e.starts_at").lt_eq(scope.now()))),
        instructors("instructors", at("e.instructor_ids")),
        ids("offering_types", at("e.offering_type_id")),
        ids("venues", at("e.site_id")),
    ];
    filters.extend(instants(["updated_at_gte", "updated_at_lte"], at("a.updated_at")));
    filters.extend(instants(["event_start_gte", "event_start_lte"], at("e.starts_at")));
    filters.push(instants_within("event_timeframe", at("e.starts_at")));
    filters
}

fn statuses() -> Vec<Word> {
    each_equal(&at("a.status"), ["attended", "registered", "no_show", "late_cancelled"])
}

fn is_first() -> Value {
    value(|_| col("a.status").eq(text("attended")).and(col("first.id").eq(col("a.id"))))
}

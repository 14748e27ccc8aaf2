//! Bookings of classes and appointments. Rule: spec/reports.md §17.5.

use datafusion::prelude::col;
use model::permission::Permission;

use crate::definition::column::{
    ReportColumn, boolean, count, instant, int, list, string, time_of_day, unmodelled, weekday,
};
use crate::definition::filter::{
    FilterWord, ReportFilter, ids, ids_or_none, instants, instants_within, instructors,
    unless_asked, words, words_equal_to,
};
use crate::definition::grouping::{
    BY_DAY, GroupedForm, PivotBucket, PivotDayBucket, Pivots, ReportGrouping,
};
use crate::definition::relation::{derived_relation, related_row};
use crate::definition::scoped_expr::{
    ScopedExpr, column_value, is_one_of, scoped_expr, text_literal,
};
use crate::definition::{DeletedRows, Report, ReportShape, RowSource};
use crate::functions::event_time::EventTimePart;
use crate::terms::{attendance, customer};

pub(super) fn report() -> Report {
    Report {
        name: "attendances",
        label: "Attendances",
        permissions: &[Permission::Attendances],
        source: RowSource {
            table: "attendances",
            alias: "a",
            relations: vec![
                related_row("e", "events", "a.event_id"),
                customer::customer_relation("a.customer_id"),
                related_row("cm", "customer_memberships", "a.customer_membership_id"),
                related_row("m", "memberships", "cm.membership_id"),
                related_row("o", "offering_types", "e.offering_type_id"),
                related_row("site", "sites", "e.site_id"),
                related_row("source", "booking_sources", "a.booking_source_id"),
                derived_relation("taught", [("e.id", "event_id")], attendance::event_instructors),
                derived_relation(
                    "first",
                    [("a.customer_id", "customer_id")],
                    attendance::first_attendances,
                ),
            ],
        },
        deleted: DeletedRows::Never,
        row_condition: Some(scoped_expr(|_| {
            let is_kind = is_one_of(col("e.kind"), &["class", "appointment"]);
            is_kind.and(col("e.status").eq(text_literal("active")))
        })),
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
        shape: ReportShape::Plain,
    }
}

/// Returns the grouped form of the report.
pub(super) fn grouped() -> Report {
    let mut columns = customer::customer_columns("a.customer_id");
    columns.extend([
        weekday("day_of_week", event_time(EventTimePart::Weekday)),
        time_of_day("event.start_time", event_time(EventTimePart::TimeOfDay))
            .alias("event_start_time"),
        int("offering_type.id", column_value("e.offering_type_id")).alias("offering_type_id"),
        string("offering_type.name", column_value("o.name")).alias("offering_type_name"),
        int("venue.id", column_value("e.site_id")).alias("venue_id"),
        string("venue.name", column_value("site.name")).alias("venue_name"),
        string("booking_method", column_value("a.booking_method")),
        string("booking_source", column_value("source.name")),
        string("status", column_value("a.status")),
        count(),
    ]);
    report().into_grouped(GroupedForm {
        name: "attendances.grouped",
        label: "Attendances (grouped)",
        columns,
        parents: &["customer", "event", "offering_type", "venue"],
        grouping: ReportGrouping {
            default_columns: &[],
            pivots: Some(Pivots {
                choices: BY_DAY,
                default: Some("all"),
                bucket: PivotBucket::Day(PivotDayBucket {
                    day: event_time(EventTimePart::Date),
                    until: "event_start_lte",
                    within: "event_timeframe",
                    future: Some("include_future"),
                }),
            }),
        },
    })
}

fn event_time(part: EventTimePart) -> ScopedExpr {
    scoped_expr(move |scope| scope.event_time(part, col("e.starts_at"), col("site.timezone")))
}

fn columns() -> Vec<ReportColumn> {
    let mut columns =
        vec![int("id", column_value("a.id")), instant("updated_at", column_value("a.updated_at"))];
    columns.extend(customer::customer_columns("a.customer_id"));
    columns.extend([
        unmodelled("customer.thumbnail_url", "string").alias("customer_thumbnail_url"),
        int("event.id", column_value("a.event_id")).alias("event_id"),
        instant("event.starts_at", column_value("e.starts_at")).alias("event_starts_at"),
        instant("event.ends_at", column_value("e.ends_at")).alias("event_ends_at"),
        string("event.name", column_value("e.name")).alias("event_name"),
        int("offering_type.id", column_value("e.offering_type_id")).alias("offering_type_id"),
        string("offering_type.name", column_value("o.name")).alias("offering_type_name"),
        int("venue.id", column_value("e.site_id")).alias("venue_id"),
        string("venue.name", column_value("site.name")).alias("venue_name"),
        list("instructors", &attendance::INSTRUCTOR, column_value("taught.list")),
        string("booking_method", column_value("a.booking_method")),
        int("customer_membership.id", column_value("a.customer_membership_id"))
            .alias("customer_membership_id"),
        int("customer_membership.membership.id", column_value("cm.membership_id"))
            .alias("membership_id"),
        string("customer_membership.membership.name", column_value("m.name"))
            .alias("membership_name"),
        string("booking_source", column_value("source.name")),
        string("status", column_value("a.status")),
        instant("checkin.ocurred_at", column_value("a.checked_in_at"))
            .alias("checkin_ocurred_at")
            .alias("checkin.occurred_at")
            .alias("checkin_occurred_at"),
        boolean("is_first_attendance", is_first()),
    ]);
    columns
}

fn filters() -> Vec<ReportFilter> {
    let methods =
        words_equal_to(&column_value("a.booking_method"), ["membership", "dropin", "free"]);
    let mut filters = vec![
        ids("customers", column_value("a.customer_id")),
        ids("customer_memberships", column_value("a.customer_membership_id")),
        ids("memberships", column_value("cm.membership_id")),
        words("status", statuses()),
        words("attendance_status", statuses()),
        words("booking_methods", methods),
        ids_or_none("booking_sources", column_value("a.booking_source_id")),
        words("event_types", words_equal_to(&column_value("e.kind"), ["appointment", "class"])),
        unless_asked("include_future", scoped_expr(|scope| col("e.starts_at").lt_eq(scope.now()))),
        instructors("instructors", column_value("e.instructor_ids")),
        ids("offering_types", column_value("e.offering_type_id")),
        ids("venues", column_value("e.site_id")),
    ];
    filters.extend(instants(["updated_at_gte", "updated_at_lte"], column_value("a.updated_at")));
    filters.extend(instants(["event_start_gte", "event_start_lte"], column_value("e.starts_at")));
    filters.push(instants_within("event_timeframe", column_value("e.starts_at")));
    filters
}

fn statuses() -> Vec<FilterWord> {
    words_equal_to(
        &column_value("a.status"),
        ["attended", "registered", "no_show", "late_cancelled"],
    )
}

fn is_first() -> ScopedExpr {
    scoped_expr(|_| {
        col("a.status").eq(text_literal("attended")).and(col("first.id").eq(col("a.id")))
    })
}

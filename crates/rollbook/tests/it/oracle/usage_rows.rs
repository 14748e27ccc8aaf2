//! The rows of customer_membership_usage, computed from the tables with the day-by-day reference of
//! the usage rules. Rule: spec/usage.md §11.

use std::num::NonZeroU16;
use std::sync::LazyLock;

use model::allotment::{self, Allotment};
use model::catalogue::{Column, ColumnType, Presence, Table};
use model::cell::Cell;
use model::provider::Provider;
use model::time::{Date, Zone};
use usage::{
    BookedEvent, Booking, BookingMethod, BookingStatus, EventKind, Hold, Membership,
    MembershipStatus,
};

use super::data::{OracleRow, OracleTables};
use super::usage_reference::{self, ReferenceInput, expected_rows, uses};

/// Name of the table with these rows.
pub(super) const TABLE: &str = "usage";

/// Columns of these rows; `id` is a running number.
const COLUMNS: [&str; 16] = [
    "id",
    "customer_membership_id",
    "period_type",
    "limit_type",
    "start_date",
    "end_date",
    "offering_type_id",
    "is_extra",
    "max_uses",
    "used_count",
    "remaining_count",
    "bookable_count",
    "original_max_uses",
    "active_days",
    "total_days",
    "holds",
];

static USAGE: LazyLock<Table> = LazyLock::new(|| {
    let column = |name: &&'static str| Column {
        name,
        kind: ColumnType::Int { min: i64::MIN, max: i64::MAX },
        presence: Presence::Nullable,
        references: None,
        has_index: false,
    };
    let columns = COLUMNS.iter().map(column).collect();
    Table { name: TABLE, doc: "", columns, rules: &[], position: usize::MAX }
});

/// Returns the rows of all memberships on `date`, by membership and entry.
pub(super) fn rows(tables: &OracleTables, provider: &Provider, date: Date) -> Vec<OracleRow> {
    let mut rows = Vec::new();
    for cm in tables.all("customer_memberships") {
        if !cm.has("deleted_at") {
            for cells in of_membership(tables, provider, date, cm) {
                let id = i64::try_from(rows.len() + 1).expect("few");
                let cells = [vec![Cell::Int(id), Cell::Int(cm.id())], cells].concat();
                rows.push(OracleRow::new(&USAGE, cells));
            }
        }
    }
    rows
}

/// Returns the cells after the membership's id.
fn of_membership(
    tables: &OracleTables,
    provider: &Provider,
    date: Date,
    cm: &OracleRow,
) -> Vec<Vec<Cell>> {
    let plan = tables.get("memberships", cm.int("membership_id")).expect("a plan");
    let allotment = cm.text("custom_allotment").unwrap_or_else(|| plan.word("allotment"));
    let allotment = parsed(allotment);
    let naming = |table| tables.naming(table, "customer_membership_id", cm.id());
    let holds: Vec<Hold> = naming("customer_membership_holds").into_iter().map(hold).collect();
    let bookings = naming("attendances").into_iter().map(|a| booking(tables, provider, a));
    let given = ReferenceInput {
        provider,
        allotment: &allotment,
        begins_on_use: plan.flag("begin_on_first_registration"),
        membership: &membership(cm),
        holds: &holds,
        bookings: &bookings.collect::<Vec<_>>(),
        date,
    };
    let mut rows: Vec<_> = expected_rows(&given).iter().map(cells).collect();
    if rows.is_empty() {
        let mut cells = vec![Cell::Null; COLUMNS.len() - 2];
        cells[7] = Cell::Int(uses(&given));
        rows.push(cells);
    }
    rows
}

fn cells(row: &usage_reference::ReferenceRow) -> Vec<Cell> {
    let int = |value: Option<i64>| value.map_or(Cell::Null, Cell::Int);
    let day = |day: Option<Date>| int(day.map(|day| day.days().into()));
    let adjusted = row.adjustment.as_ref();
    vec![
        Cell::text(row.period.as_str()),
        Cell::text(row.limit_type.as_str()),
        day(row.days.0),
        day(row.days.1),
        int(row.own.map(|(id, _)| id)),
        int(row.own.map(|(_, is_extra)| is_extra.into())),
        int(row.max),
        Cell::Int(row.used),
        int(row.remaining),
        int(row.bookable),
        int(adjusted.map(|adjusted| adjusted.2)),
        int(adjusted.map(|adjusted| adjusted.0)),
        int(adjusted.map(|adjusted| adjusted.1)),
        adjusted.map_or(Cell::Null, |adjusted| Cell::text(format!("{:?}", adjusted.4))),
    ]
}

fn parsed(text: &str) -> Allotment {
    allotment::parse_allotment(text).expect("an allotment")
}

fn membership(cm: &OracleRow) -> Membership {
    Membership {
        id: cm.id(),
        status: match cm.word("status") {
            "active" => MembershipStatus::Active,
            "hold" => MembershipStatus::Hold,
            "cancelled" => MembershipStatus::Cancelled,
            _ => MembershipStatus::Completed,
        },
        purchased_at: cm.instant("purchased_at").expect("an instant"),
        start_date: cm.date("start_date"),
        expiration_date: cm.date("expiration_date"),
        cancelled_at: cm.instant("cancelled_at"),
        // The reference receives the effective allotment.
        custom_limits: None,
        billing_anchor_day: cm.int("billing_anchor_day").and_then(|day| day.try_into().ok()),
        billing_interval_weeks: cm
            .int("billing_interval_weeks")
            .and_then(|weeks| weeks.try_into().ok())
            .and_then(NonZeroU16::new),
    }
}

fn hold(h: &OracleRow) -> Hold {
    Hold {
        id: h.id(),
        start_date: h.date("start_date").expect("a start"),
        end_date: h.date("end_date"),
        prorate_usage: h.flag("prorate_usage"),
    }
}

fn booking(tables: &OracleTables, provider: &Provider, a: &OracleRow) -> Booking {
    let e = tables.get("events", a.int("event_id")).expect("an event");
    let zone = tables.get("sites", e.int("site_id")).and_then(|site| site.text("timezone"));
    let zone = zone.and_then(Zone::parse).unwrap_or_else(|| provider.timezone.clone());
    Booking {
        attendance: a.id(),
        status: match a.word("status") {
            "registered" => BookingStatus::Registered,
            "attended" => BookingStatus::Attended,
            "no_show" => BookingStatus::NoShow,
            _ => BookingStatus::LateCancelled,
        },
        method: match a.word("booking_method") {
            "membership" => BookingMethod::Membership,
            "dropin" => BookingMethod::Dropin,
            _ => BookingMethod::Free,
        },
        is_comped: a.flag("comped"),
        event: BookedEvent {
            kind: match e.word("kind") {
                "class" => EventKind::Class,
                "appointment" => EventKind::Appointment,
                _ => EventKind::CourseSession,
            },
            offering_type: e.int("offering_type_id").expect("an offering type"),
            course: e.int("course_id"),
            date: zone.date_of(e.instant("starts_at").expect("an instant")),
            is_cancelled: e.word("status") == "cancelled",
        },
    }
}

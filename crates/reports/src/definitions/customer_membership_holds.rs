//! Holds of customer memberships. Rule: spec/reports.md §17.3.

use datafusion::arrow::datatypes::DataType;
use datafusion::functions::expr_fn::coalesce;
use datafusion::logical_expr::{Expr, cast, lit};
use datafusion::prelude::col;
use model::permission::Permission;

use crate::definition::column::{
    Column, boolean, count, date, instant, int, list, mean, money, month, string, unmodelled, year,
};
use crate::definition::filter::{
    Filter, Word, dates, dates_within, each_equal, equal, ids, instants_within, is, words,
};
use crate::definition::grouping::{BY_DAY, Bucket, DayBucket, Grouping, Groups, Pivots};
use crate::definition::relation::{derived, row};
use crate::definition::value::{Value, at, choose, only_when, text, value};
use crate::definition::{Base, Deleted, Report, Shape};
use crate::functions::members;
use crate::terms::{customer, membership};

pub(super) fn report() -> Report {
    Report {
        name: "customer_membership_holds",
        label: "Customer Membership Holds",
        permissions: &[Permission::Customers],
        base: Base { table: "customer_membership_holds", alias: "h", deleted: Deleted::Never },
        kept: Some(value(|_| col("cm.deleted_at").is_null())),
        relations: vec![
            row("cm", "customer_memberships", "h.customer_membership_id"),
            customer::relation("cm.customer_id"),
            customer::venue_relation(),
            row("m", "memberships", "cm.membership_id"),
            derived("owned", [("cm.customer_id", "customer_id")], membership::lists),
        ],
        columns: columns(),
        parents: &[
            "customer",
            "customer.venue",
            "customer_membership",
            "customer_membership.membership",
        ],
        filters: filters(),
        default_sort: &["id"],
        brief_columns: &[
            "id",
            "customer.name",
            "customer_membership.membership.name",
            "status",
            "start_date",
            "end_date",
            "credit_amount",
        ],
        shape: Shape::Plain,
    }
}

/// Returns the grouped form of the report.
pub(super) fn grouped() -> Report {
    let resolution = value(|_| {
        let stored = col("h.payment_resolution_type");
        only_when(stored.clone().not_eq(text("none")), stored)
    });
    report().in_groups(Groups {
        name: "customer_membership_holds.grouped",
        label: "Customer Membership Holds (grouped)",
        columns: vec![
            string("status", status()),
            string("membership.name", at("m.name")).alias("membership_name"),
            string("membership.type", plan_type()).alias("membership_type"),
            string("payment_resolution_type", resolution),
            month("start_month", at("h.start_date")),
            year("start_year", at("h.start_date")),
            month("end_month", at("h.end_date")),
            year("end_year", at("h.end_date")),
            mean("average_hold_duration", held_days()),
            count(),
        ],
        parents: &["membership"],
        grouping: Grouping {
            default_columns: &[],
            pivots: Some(Pivots {
                choices: BY_DAY,
                default: Some("all"),
                bucket: Bucket::Day(DayBucket {
                    day: at("h.start_date"),
                    until: "start_date_lte",
                    within: "start_timeframe",
                    future: None,
                }),
            }),
        },
    })
}

/// Returns the number of days of a hold, counting both its first and its last day; null if the hold
/// has no end.
fn held_days() -> Value {
    value(|_| {
        let number = |date: Expr| cast(cast(date, DataType::Int32), DataType::Int64);
        number(col("h.end_date")) - number(col("h.start_date")) + lit(1_i64)
    })
}

fn columns() -> Vec<Column> {
    let currency = || value(|_| coalesce(vec![col("h.currency"), col("cm.currency")]));
    let mut columns = vec![
        int("id", at("h.id")),
        instant("created_at", at("h.created_at")),
        instant("updated_at", at("h.updated_at")),
        date("start_date", at("h.start_date")),
        date("end_date", at("h.end_date")),
        string("status", status()),
        boolean("is_usage_prorated", at("h.prorate_usage")),
        money("credit_amount", at("h.credit_amount"), currency()),
        money("reactivation_charge_amount", at("h.reactivation_charge_amount"), currency()),
        unmodelled("is_payment_resolution_customized", "bool"),
    ];
    columns.extend(customer::columns("cm.customer_id"));
    columns.extend(customer::venue_columns());
    let other_active = value(|_| members::without(col("owned.active"), col("cm.id")));
    columns.extend([
        int("customer_membership.id", at("cm.id")).alias("customer_membership_id"),
        int("customer_membership.membership.id", at("cm.membership_id")).alias("membership_id"),
        string("customer_membership.membership.type", plan_type()).alias("membership_type"),
        string("customer_membership.membership.name", at("m.name")).alias("membership_name"),
        date("customer_membership.start_date", at("cm.start_date")).alias("membership_start_date"),
        date("customer_membership.expiration_date", at("cm.expiration_date"))
            .alias("membership_expiration_date"),
        unmodelled("customer_membership.allowed_cancellation_date", "date")
            .alias("membership_allowed_cancellation_date"),
        unmodelled("previous_expiration_date", "date"),
        unmodelled("previous_allowed_cancellation_date", "date"),
        list("other_active_customer_memberships", &membership::SHORT, other_active),
        int("days_to_add", at("h.days_to_add")),
    ]);
    columns
}

fn filters() -> Vec<Filter> {
    let local = |column: &'static str| value(move |scope| scope.local(col(column)));
    let mut filters = vec![
        ids("customers", at("cm.customer_id")),
        ids("memberships", at("cm.membership_id")),
        words("membership_types", plan_types()),
    ];
    filters.extend(dates(["created_at_gte", "created_at_lte"], local("h.created_at")));
    filters.extend(dates(["updated_at_gte", "updated_at_lte"], local("h.updated_at")));
    filters.push(instants_within("created_at_timeframe", at("h.created_at")));
    filters.extend(dates(["start_date_gte", "start_date_lte"], at("h.start_date")));
    filters.extend(dates(["end_date_gte", "end_date_lte"], at("h.end_date")));
    let resolutions = each_equal(&at("h.payment_resolution_type"), ["charge", "credit", "none"]);
    filters.extend([
        dates_within("start_timeframe", at("h.start_date")),
        dates_within("end_timeframe", at("h.end_date")),
        words("status", each_equal(&status(), ["active", "ended", "upcoming"])),
        words("payment_resolution_type", resolutions),
        is("is_usage_prorated", at("h.prorate_usage")),
    ]);
    filters
}

fn status() -> Value {
    value(|scope| {
        let is_upcoming = scope.today().lt(col("h.start_date"));
        let is_ended = col("h.end_date").lt(scope.today());
        choose([(is_upcoming, text("upcoming")), (is_ended, text("ended"))], Some(text("active")))
    })
}

/// Returns the plan's type in the spelling of this report.
fn plan_type() -> Value {
    value(|_| {
        let stored = |word: &str| col("m.type").eq(text(word));
        let written = [
            (stored("prepaid"), text("prepaid_plan")),
            (stored("recurring"), text("recurring_plan")),
        ];
        choose(written, Some(col("m.type")))
    })
}

fn plan_types() -> Vec<Word> {
    let stored = at("m.type");
    vec![
        equal(&stored, "pack"),
        equal(&stored, "prepaid").also(&["prepaid_plan"]),
        equal(&stored, "recurring").also(&["recurring_plan"]),
    ]
}

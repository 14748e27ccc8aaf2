//! Holds of customer memberships. Rule: spec/reports.md §17.3.

use datafusion::arrow::datatypes::DataType;
use datafusion::functions::expr_fn::coalesce;
use datafusion::logical_expr::{Expr, cast, lit};
use datafusion::prelude::col;
use model::permission::Permission;

use crate::definition::column::{
    ReportColumn, boolean, count, date, instant, int, list, mean, money, month, string, unmodelled,
    year,
};
use crate::definition::filter::{
    FilterWord, ReportFilter, dates, dates_within, ids, instants_within, is, word_equal_to, words,
    words_equal_to,
};
use crate::definition::grouping::{
    BY_DAY, GroupedForm, PivotBucket, PivotDayBucket, Pivots, ReportGrouping,
};
use crate::definition::relation::{derived_relation, related_row};
use crate::definition::scoped_expr::{
    ScopedExpr, case_when, column_value, null_unless, scoped_expr, text_literal,
};
use crate::definition::{DeletedRows, Report, ReportShape, RowSource};
use crate::functions::without_membership;
use crate::terms::{customer, membership};

pub(super) fn report() -> Report {
    Report {
        name: "customer_membership_holds",
        label: "Customer Membership Holds",
        permissions: &[Permission::Customers],
        source: RowSource {
            table: "customer_membership_holds",
            alias: "h",
            relations: vec![
                related_row("cm", "customer_memberships", "h.customer_membership_id"),
                customer::customer_relation("cm.customer_id"),
                customer::venue_relation(),
                related_row("m", "memberships", "cm.membership_id"),
                derived_relation(
                    "owned",
                    [("cm.customer_id", "customer_id")],
                    membership::memberships_by_status,
                ),
            ],
        },
        deleted: DeletedRows::Never,
        row_condition: Some(scoped_expr(|_| col("cm.deleted_at").is_null())),
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
        shape: ReportShape::Plain,
    }
}

/// Returns the grouped form of the report.
pub(super) fn grouped() -> Report {
    let resolution = scoped_expr(|_| {
        let stored = col("h.payment_resolution_type");
        null_unless(stored.clone().not_eq(text_literal("none")), stored)
    });
    report().into_grouped(GroupedForm {
        name: "customer_membership_holds.grouped",
        label: "Customer Membership Holds (grouped)",
        columns: vec![
            string("status", status()),
            string("membership.name", column_value("m.name")).alias("membership_name"),
            string("membership.type", plan_type()).alias("membership_type"),
            string("payment_resolution_type", resolution),
            month("start_month", column_value("h.start_date")),
            year("start_year", column_value("h.start_date")),
            month("end_month", column_value("h.end_date")),
            year("end_year", column_value("h.end_date")),
            mean("average_hold_duration", held_days()),
            count(),
        ],
        parents: &["membership"],
        grouping: ReportGrouping {
            default_columns: &[],
            pivots: Some(Pivots {
                choices: BY_DAY,
                default: Some("all"),
                bucket: PivotBucket::Day(PivotDayBucket {
                    day: column_value("h.start_date"),
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
fn held_days() -> ScopedExpr {
    scoped_expr(|_| {
        let number = |date: Expr| cast(cast(date, DataType::Int32), DataType::Int64);
        number(col("h.end_date")) - number(col("h.start_date")) + lit(1_i64)
    })
}

fn columns() -> Vec<ReportColumn> {
    let currency = || scoped_expr(|_| coalesce(vec![col("h.currency"), col("cm.currency")]));
    let mut columns = vec![
        int("id", column_value("h.id")),
        instant("created_at", column_value("h.created_at")),
        instant("updated_at", column_value("h.updated_at")),
        date("start_date", column_value("h.start_date")),
        date("end_date", column_value("h.end_date")),
        string("status", status()),
        boolean("is_usage_prorated", column_value("h.prorate_usage")),
        money("credit_amount", column_value("h.credit_amount"), currency()),
        money(
            "reactivation_charge_amount",
            column_value("h.reactivation_charge_amount"),
            currency(),
        ),
        unmodelled("is_payment_resolution_customized", "bool"),
    ];
    columns.extend(customer::customer_columns("cm.customer_id"));
    columns.extend(customer::venue_columns());
    let other_active =
        scoped_expr(|_| without_membership::without_membership(col("owned.active"), col("cm.id")));
    columns.extend([
        int("customer_membership.id", column_value("cm.id")).alias("customer_membership_id"),
        int("customer_membership.membership.id", column_value("cm.membership_id"))
            .alias("membership_id"),
        string("customer_membership.membership.type", plan_type()).alias("membership_type"),
        string("customer_membership.membership.name", column_value("m.name"))
            .alias("membership_name"),
        date("customer_membership.start_date", column_value("cm.start_date"))
            .alias("membership_start_date"),
        date("customer_membership.expiration_date", column_value("cm.expiration_date"))
            .alias("membership_expiration_date"),
        unmodelled("customer_membership.allowed_cancellation_date", "date")
            .alias("membership_allowed_cancellation_date"),
        unmodelled("previous_expiration_date", "date"),
        unmodelled("previous_allowed_cancellation_date", "date"),
        list("other_active_customer_memberships", &membership::MEMBERSHIP_SUMMARY, other_active),
        int("days_to_add", column_value("h.days_to_add")),
    ]);
    columns
}

fn filters() -> Vec<ReportFilter> {
    let local = |column: &'static str| scoped_expr(move |scope| scope.local_date(col(column)));
    let mut filters = vec![
        ids("customers", column_value("cm.customer_id")),
        ids("memberships", column_value("cm.membership_id")),
        words("membership_types", plan_types()),
    ];
    filters.extend(dates(["created_at_gte", "created_at_lte"], local("h.created_at")));
    filters.extend(dates(["updated_at_gte", "updated_at_lte"], local("h.updated_at")));
    filters.push(instants_within("created_at_timeframe", column_value("h.created_at")));
    filters.extend(dates(["start_date_gte", "start_date_lte"], column_value("h.start_date")));
    filters.extend(dates(["end_date_gte", "end_date_lte"], column_value("h.end_date")));
    let resolutions =
        words_equal_to(&column_value("h.payment_resolution_type"), ["charge", "credit", "none"]);
    filters.extend([
        dates_within("start_timeframe", column_value("h.start_date")),
        dates_within("end_timeframe", column_value("h.end_date")),
        words("status", words_equal_to(&status(), ["active", "ended", "upcoming"])),
        words("payment_resolution_type", resolutions),
        is("is_usage_prorated", column_value("h.prorate_usage")),
    ]);
    filters
}

fn status() -> ScopedExpr {
    scoped_expr(|scope| {
        let is_upcoming = scope.today().lt(col("h.start_date"));
        let is_ended = col("h.end_date").lt(scope.today());
        case_when(
            [(is_upcoming, text_literal("upcoming")), (is_ended, text_literal("ended"))],
            Some(text_literal("active")),
        )
    })
}

/// Returns the plan's type in the spelling of this report.
fn plan_type() -> ScopedExpr {
    scoped_expr(|_| {
        let stored = |word: &str| col("m.type").eq(text_literal(word));
        let written = [
            (stored("prepaid"), text_literal("prepaid_plan")),
            (stored("recurring"), text_literal("recurring_plan")),
        ];
        case_when(written, Some(col("m.type")))
    })
}

fn plan_types() -> Vec<FilterWord> {
    let stored = column_value("m.type");
    vec![
        word_equal_to(&stored, "pack"),
        word_equal_to(&stored, "prepaid").also(&["prepaid_plan"]),
        word_equal_to(&stored, "recurring").also(&["recurring_plan"]),
    ]
}

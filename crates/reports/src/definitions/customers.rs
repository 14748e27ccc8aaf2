//! Customers. Rule: spec/reports.md §17.4.

use datafusion::functions::expr_fn::{coalesce, named_struct};
use datafusion::functions_aggregate::expr_fn::first_value;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, lit};
use datafusion::prelude::col;
use model::output::ObjectText;
use model::permission::Permission;

use crate::definition::column::{
    ReportColumn, ReportColumnKind, boolean, count, date, instant, int, list, money, month, object,
    string, unmodelled, year,
};
use crate::definition::filter::{
    FilterWord, ReportFilter, custom_fields, dates, ids, ids_with, include_deleted, instants,
    instants_within, is, words,
};
use crate::definition::grouping::{GroupedForm, ReportGrouping};
use crate::definition::relation::{RelationKeys, derived_relation, related_row};
use crate::definition::scoped_expr::{
    ScopedExpr, case_when, column_value, constant_value, null_unless, scoped_expr, text_literal,
    zero_amount,
};
use crate::definition::{DeletedRows, Report, ReportShape, RowSource};
use crate::error::ReportError;
use crate::functions::birthday;
use crate::query_scope::{self, QueryScope};
use crate::terms::{attendance, credit, customer, membership, payment};

/// The number of days during which a customer counts as new.
const NEW_DAYS: i64 = 30;
/// The number of days during which an attendance keeps a customer active.
const ACTIVE_DAYS: i64 = 60;
/// The number of days without an attendance after which a member counts as slipping away.
const SLIPPING_DAYS: i64 = 14;
const DAY_SECONDS: i64 = 86_400;
/// `recent` reads the attendances of both windows, so the active window must be the longer one.
const _: () = assert!(SLIPPING_DAYS <= ACTIVE_DAYS);

const ADDRESS: ReportColumnKind = ReportColumnKind::Object {
    fields: &[
        ("first_line", ReportColumnKind::Text),
        ("second_line", ReportColumnKind::Text),
        ("city", ReportColumnKind::Text),
        ("region", ReportColumnKind::Text),
        ("country", ReportColumnKind::Text),
        ("postal_code", ReportColumnKind::Text),
    ],
    text: ObjectText::Joined(", "),
};

const REGISTRATION: ReportColumnKind = ReportColumnKind::Object {
    fields: &[
        ("id", ReportColumnKind::Int),
        ("starts_at", ReportColumnKind::Instant),
        ("name", ReportColumnKind::Text),
        ("type", ReportColumnKind::Text),
    ],
    text: ObjectText::Pair("starts_at", "name"),
};

pub(super) fn report() -> Report {
    Report {
        name: "customers",
        label: "Customers",
        permissions: &[Permission::Customers],
        source: RowSource {
            table: "customers",
            alias: "c",
            relations: vec![
                related_row("venue", "sites", "c.site_id"),
                derived_relation("address", [("c.id", "customer_id")], addresses),
                derived_relation(
                    "owned",
                    [("c.id", "customer_id")],
                    membership::memberships_by_status,
                ),
                derived_relation(
                    "running",
                    [("c.id", "customer_id")],
                    membership::customers_with_running,
                ),
                derived_relation(
                    "shared",
                    [("c.id", "customer_id")],
                    membership::customers_sharing,
                ),
                derived_relation("att", [("c.id", "customer_id")], attendance::attendance_counts),
                derived_relation("recent", [("c.id", "customer_id")], recently_attending),
                derived_relation(
                    "failed",
                    [("c.id", "customer_id")],
                    payment::customers_with_failed_payment,
                ),
                derived_relation(
                    "credit",
                    [("c.id", "customer_id")],
                    credit::provider_currency_balances,
                ),
                derived_relation(
                    "lastpay",
                    [("c.id", "customer_id")],
                    payment::last_payments_of_customers,
                ),
            ],
        },
        deleted: DeletedRows::OnRequest,
        row_condition: None,
        columns: columns(),
        parents: &["family", "venue", "instructor", "referring_member", "emergency_contact"],
        filters: filters(),
        default_sort: &["id"],
        brief_columns: &[
            "id",
            "full_name",
            "email",
            "phone_number",
            "is_active",
            "venue.name",
            "created_at",
        ],
        shape: ReportShape::Plain,
    }
}

/// Returns the grouped form of the report.
pub(super) fn grouped() -> Report {
    let created = || scoped_expr(|scope| scope.local_date(col("c.created_at")));
    report().into_grouped(GroupedForm {
        name: "customers.grouped",
        label: "Customers (grouped)",
        columns: vec![
            date("created_date", created()),
            boolean("is_claimed", is_claimed()),
            boolean("is_active", is_active()),
            boolean("has_account_credit", has_account_credit()),
            month("created_month", created()),
            year("created_year", created()),
            month("birth_month", column_value("c.date_of_birth")),
            string("gender", column_value("c.gender")),
            int("created_hour", scoped_expr(|scope| scope.local_hour(col("c.created_at")))),
            int("age", age()),
            boolean("is_new", is_new()),
            boolean("is_slipping_away", is_slipping_away()),
            unmodelled("registration_blocked", "bool"),
            count(),
        ],
        parents: &[],
        grouping: ReportGrouping { default_columns: &[], pivots: None },
    })
}

fn columns() -> Vec<ReportColumn> {
    let counted = |column: &'static str| {
        scoped_expr(move |_| coalesce(vec![col(format!("att.{column}")), lit(0_i64)]))
    };
    let provider_currency = scoped_expr(|scope| text_literal(scope.provider().currency.code()));
    vec![
        int("id", column_value("c.id")),
        string("full_name", customer::display_name()),
        string("first_name", column_value("c.first_name")),
        string("last_name", column_value("c.last_name")),
        string("email", column_value("c.email")),
        instant("created_at", column_value("c.created_at")),
        instant("deleted_at", column_value("c.deleted_at")),
        boolean("is_active", is_active()),
        date("date_of_birth", column_value("c.date_of_birth")),
        int("age", age()),
        string("phone_number", column_value("c.phone")),
        object("address", ADDRESS, column_value("address.shown")),
        int(
            "days_until_birthday",
            scoped_expr(|scope| birthday::days_until_birthday(col("c.date_of_birth"), scope.today)),
        ),
        string("gender", column_value("c.gender")),
        boolean("is_claimed", is_claimed()),
        boolean("is_new", is_new()),
        boolean("is_slipping_away", is_slipping_away()),
        unmodelled("registration_blocked", "bool"),
        boolean("has_failed_payments", scoped_expr(|_| col("failed.customer_id").is_not_null())),
        unmodelled("has_retry_payments", "bool"),
        unmodelled("family.id", "int").alias("family_id"),
        unmodelled("family.name", "string").alias("family_name"),
        unmodelled("family.role", "string").alias("family_role"),
        unmodelled("family.managers", "list").alias("family_managers"),
        int("venue.id", column_value("c.site_id")).alias("venue_id"),
        string("venue.name", column_value("venue.name")).alias("venue_name"),
        unmodelled("instructor.id", "int").alias("instructor_id"),
        unmodelled("instructor.name", "string").alias("instructor_name"),
        unmodelled("referral_code", "string"),
        unmodelled("thumbnail_url", "string"),
        list(
            "active_customer_memberships",
            &membership::MEMBERSHIP_SUMMARY,
            column_value("owned.active"),
        ),
        list(
            "inactive_customer_memberships",
            &membership::MEMBERSHIP_SUMMARY,
            column_value("owned.inactive"),
        ),
        list(
            "on_hold_customer_memberships",
            &membership::MEMBERSHIP_SUMMARY,
            column_value("owned.on_hold"),
        ),
        unmodelled("referring_member.id", "int").alias("referring_member_id"),
        unmodelled("referring_member.name", "string")
            .alias("referrering_member_name")
            .alias("referring_member_name"),
        money("account_credit_balance", credit_balance(), provider_currency),
        instant("last_payment_at", column_value("lastpay.date")),
        money(
            "last_payment_amount",
            column_value("lastpay.amount"),
            column_value("lastpay.currency"),
        ),
        int("registered_and_attended_count", counted("kept")),
        int("registrations_count", counted("registered")),
        int("attendances_count", counted("attended")),
        int("late_cancels_count", counted("late_cancelled")),
        int("no_shows_count", counted("no_show")),
        object("latest_registration", REGISTRATION, latest_registration()),
        unmodelled("emergency_contact.name", "string").alias("emergency_contact_name"),
        unmodelled("emergency_contact.relationship", "string")
            .alias("emergency_contact_relationship"),
        unmodelled("emergency_contact.phone", "string").alias("emergency_contact_phone"),
        unmodelled("lead_source.name", "string").alias("lead_source"),
        boolean("is_lead", column_value("c.is_lead")),
        string("external_id", column_value("c.external_id")).addition(),
        string("language", column_value("c.language")).addition(),
        string("organization", column_value("c.organization")).addition(),
    ]
}

fn filters() -> Vec<ReportFilter> {
    let mut filters = vec![include_deleted()];
    filters.extend(instants(["created_at_gte", "created_at_lte"], column_value("c.created_at")));
    filters.push(instants_within("created_at_timeframe", column_value("c.created_at")));
    filters.extend(instants(
        ["latest_registration_starts_at_gte", "latest_registration_starts_at_lte"],
        column_value("att.last_start"),
    ));
    filters
        .extend(dates(["date_of_birth_gte", "date_of_birth_lte"], column_value("c.date_of_birth")));
    filters.extend([
        ids("ids", column_value("c.id")),
        is("is_new", is_new()),
        is("is_claimed", is_claimed()),
        is("is_active", is_active()),
        is("is_slipping_away", is_slipping_away()),
        words("is_any", kind_words()),
        is("registration_blocked", constant_value(lit(false))),
        is("has_account_credit", has_account_credit()),
        ids_with("active_memberships", membership::owns_active),
        custom_fields(),
    ]);
    filters
}

fn kind_words() -> Vec<FilterWord> {
    let word = |word: &'static str, holds: ScopedExpr| FilterWord {
        word,
        spellings: &[],
        condition: holds,
    };
    vec![
        word("new", is_new()),
        word("claimed", is_claimed()),
        word("slipping_away", is_slipping_away()),
        word("inactive", scoped_expr(|scope| !is_active()(scope))),
        word("active", is_active()),
        word("registration_blocked", constant_value(lit(false))),
        word("lead", column_value("c.is_lead")),
    ]
}

fn is_claimed() -> ScopedExpr {
    scoped_expr(|_| col("c.last_login_at").is_not_null())
}

fn is_new() -> ScopedExpr {
    scoped_expr(|scope| {
        let since = query_scope::date(scope.today.plus_days(-NEW_DAYS));
        scope.local_date(col("c.created_at")).gt(since)
    })
}

/// Returns the instant that is `days` times 24 hours before the present of the request.
fn days_ago(scope: &QueryScope<'_>, days: i64) -> Expr {
    query_scope::instant(scope.now.plus_seconds(-days * DAY_SECONDS))
}

fn is_active() -> ScopedExpr {
    scoped_expr(|_| {
        let runs = col("running.customer_id").is_not_null();
        let shares = col("shared.customer_id").is_not_null();
        let came = col("recent.customer_id").is_not_null();
        col("c.deleted_at").is_null().and(runs.or(shares).or(came))
    })
}

fn is_slipping_away() -> ScopedExpr {
    scoped_expr(|scope| {
        let attended = col("att.attended").gt(lit(0_i64)).is_true();
        let came = col("recent.last_start").gt_eq(days_ago(scope, SLIPPING_DAYS)).is_true();
        col("running.is_active").is_true().and(attended).and(!came)
    })
}

/// Returns a plan with the customers who have an attendance or registration that starts within the
/// last `ACTIVE_DAYS` or later.
fn recently_attending(
    scope: &QueryScope<'_>,
    customers: &RelationKeys,
) -> Result<LogicalPlanBuilder, ReportError> {
    attendance::attended_since(scope, customers, days_ago(scope, ACTIVE_DAYS))
}

fn credit_balance() -> ScopedExpr {
    scoped_expr(|_| coalesce(vec![-col("credit.amount"), zero_amount()]))
}

fn has_account_credit() -> ScopedExpr {
    scoped_expr(|scope| credit_balance()(scope).gt(zero_amount()))
}

fn age() -> ScopedExpr {
    scoped_expr(|scope| birthday::age(col("c.date_of_birth"), scope.today))
}

fn latest_registration() -> ScopedExpr {
    scoped_expr(|_| {
        let is_course = col("att.event_kind").eq(text_literal("course_session"));
        let kind =
            case_when([(is_course, text_literal("course_session"))], Some(text_literal("event")));
        let shown = named_struct(vec![
            lit("id"),
            col("att.event_id"),
            lit("starts_at"),
            col("att.last_start"),
            lit("name"),
            col("att.event_name"),
            lit("type"),
            kind,
        ]);
        null_unless(col("att.event_id").is_not_null(), shown)
    })
}

/// Returns a plan with the columns `customer_id` and `shown`: the first address of each customer.
/// Default addresses come first, then shipping before billing, then the lowest id.
fn addresses(
    scope: &QueryScope<'_>,
    customers: &RelationKeys,
) -> Result<LogicalPlanBuilder, ReportError> {
    let live_addresses = customers
        .scan(scope, "addresses", "x", "customer_id")?
        .filter(col("x.deleted_at").is_null())?;
    let shown = named_struct(vec![
        lit("first_line"),
        col("x.line1"),
        lit("second_line"),
        col("x.line2"),
        lit("city"),
        col("x.city"),
        lit("region"),
        col("x.state"),
        lit("country"),
        col("x.country"),
        lit("postal_code"),
        col("x.postal_code"),
    ]);
    let order = vec![
        col("x.is_default").sort(false, false),
        col("x.type").sort(false, false),
        col("x.id").sort(true, false),
    ];
    let first = first_value(shown, order).alias("shown");
    Ok(live_addresses.aggregate(vec![col("x.customer_id")], vec![first])?)
}

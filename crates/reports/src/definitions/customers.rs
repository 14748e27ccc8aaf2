//! Customers. Rule: spec/reports.md §17.4.

use datafusion::functions::expr_fn::{coalesce, named_struct};
use datafusion::functions_aggregate::expr_fn::first_value;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, lit};
use datafusion::prelude::col;
use model::output::ObjectText;
use model::permission::Permission;

use crate::definition::column::{
    Column, Kind, boolean, count, date, instant, int, list, money, month, object, string,
    unmodelled, year,
};
use crate::definition::filter::{
    Filter, Word, custom_fields, dates, ids, ids_with, include_deleted, instants, instants_within,
    is, words,
};
use crate::definition::grouping::{Grouping, Groups};
use crate::definition::relation::{Keys, derived, row};
use crate::definition::value::{Value, at, choose, fixed, nothing, only_when, text, value};
use crate::definition::{Base, Deleted, Report, Shape};
use crate::engine::scope::{self, Scope};
use crate::error::ReportError;
use crate::functions::calendar;
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

const ADDRESS: Kind = Kind::Object {
    fields: &[
        ("first_line", Kind::Text),
        ("second_line", Kind::Text),
        ("city", Kind::Text),
        ("region", Kind::Text),
        ("country", Kind::Text),
        ("postal_code", Kind::Text),
    ],
    text: ObjectText::Joined(", "),
};

const REGISTRATION: Kind = Kind::Object {
    fields: &[
        ("id", Kind::Int),
        ("starts_at", Kind::Instant),
        ("name", Kind::Text),
        ("type", Kind::Text),
    ],
    text: ObjectText::Pair("starts_at", "name"),
};

pub(super) fn report() -> Report {
    Report {
        name: "customers",
        label: "Customers",
        permissions: &[Permission::Customers],
        base: Base { table: "customers", alias: "c", deleted: Deleted::OnRequest },
        kept: None,
        relations: vec![
            row("venue", "sites", "c.site_id"),
            derived("address", [("c.id", "customer_id")], addresses),
            derived("owned", [("c.id", "customer_id")], membership::lists),
            derived("running", [("c.id", "customer_id")], membership::running),
            derived("shared", [("c.id", "customer_id")], membership::shared_with),
            derived("att", [("c.id", "customer_id")], attendance::of_customer),
            derived("recent", [("c.id", "customer_id")], recent),
            derived("failed", [("c.id", "customer_id")], payment::failed_of_customer),
            derived("credit", [("c.id", "customer_id")], credit::in_provider_currency),
            derived("lastpay", [("c.id", "customer_id")], payment::last_of_customer),
        ],
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
        shape: Shape::Plain,
    }
}

/// Returns the grouped form of the report.
pub(super) fn grouped() -> Report {
    let created = || value(|scope| scope.local(col("c.created_at")));
    report().in_groups(Groups {
        name: "customers.grouped",
        label: "Customers (grouped)",
        columns: vec![
            date("created_date", created()),
            boolean("is_claimed", is_claimed()),
            boolean("is_active", is_active()),
            boolean("has_account_credit", has_account_credit()),
            month("created_month", created()),
            year("created_year", created()),
            month("birth_month", at("c.date_of_birth")),
            string("gender", at("c.gender")),
            int("created_hour", value(|scope| scope.local_hour(col("c.created_at")))),
            int("age", age()),
            boolean("is_new", is_new()),
            boolean("is_slipping_away", is_slipping_away()),
            unmodelled("registration_blocked", "bool"),
            count(),
        ],
        parents: &[],
        grouping: Grouping { default_columns: &[], pivots: None },
    })
}

fn columns() -> Vec<Column> {
    let counted = |column: &'static str| {
        value(move |_| coalesce(vec![col(format!("att.{column}")), lit(0_i64)]))
    };
    let provider_currency = value(|scope| text(scope.provider().currency.code()));
    vec![
        int("id", at("c.id")),
        string("full_name", customer::display_name()),
        string("first_name", at("c.first_name")),
        string("last_name", at("c.last_name")),
        string("email", at("c.email")),
        instant("created_at", at("c.created_at")),
        instant("deleted_at", at("c.deleted_at")),
        boolean("is_active", is_active()),
        date("date_of_birth", at("c.date_of_birth")),
        int("age", age()),
        string("phone_number", at("c.phone")),
        object("address", ADDRESS, at("address.shown")),
        int(
            "days_until_birthday",
            value(|scope| calendar::days_until_birthday(col("c.date_of_birth"), scope.today)),
        ),
        string("gender", at("c.gender")),
        boolean("is_claimed", is_claimed()),
        boolean("is_new", is_new()),
        boolean("is_slipping_away", is_slipping_away()),
        unmodelled("registration_blocked", "bool"),
        boolean("has_failed_payments", value(|_| col("failed.customer_id").is_not_null())),
        unmodelled("has_retry_payments", "bool"),
        unmodelled("family.id", "int").alias("family_id"),
        unmodelled("family.name", "string").alias("family_name"),
        unmodelled("family.role", "string").alias("family_role"),
        unmodelled("family.managers", "list").alias("family_managers"),
        int("venue.id", at("c.site_id")).alias("venue_id"),
        string("venue.name", at("venue.name")).alias("venue_name"),
        unmodelled("instructor.id", "int").alias("instructor_id"),
        unmodelled("instructor.name", "string").alias("instructor_name"),
        unmodelled("referral_code", "string"),
        unmodelled("thumbnail_url", "string"),
        list("active_customer_memberships", &membership::SHORT, at("owned.active")),
        list("inactive_customer_memberships", &membership::SHORT, at("owned.inactive")),
        list("on_hold_customer_memberships", &membership::SHORT, at("owned.on_hold")),
        unmodelled("referring_member.id", "int").alias("referring_member_id"),
        unmodelled("referring_member.name", "string")
            .alias("referrering_member_name")
            .alias("referring_member_name"),
        money("account_credit_balance", credit_balance(), provider_currency),
        instant("last_payment_at", at("lastpay.date")),
        money("last_payment_amount", at("lastpay.amount"), at("lastpay.currency")),
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
        boolean("is_lead", at("c.is_lead")),
        string("external_id", at("c.external_id")).addition(),
        string("language", at("c.language")).addition(),
        string("organization", at("c.organization")).addition(),
    ]
}

fn filters() -> Vec<Filter> {
    let mut filters = vec![include_deleted()];
    filters.extend(instants(["created_at_gte", "created_at_lte"], at("c.created_at")));
    filters.push(instants_within("created_at_timeframe", at("c.created_at")));
    filters.extend(instants(
        ["latest_registration_starts_at_gte", "latest_registration_starts_at_lte"],
        at("att.last_start"),
    ));
    filters.extend(dates(["date_of_birth_gte", "date_of_birth_lte"], at("c.date_of_birth")));
    filters.extend([
        ids("ids", at("c.id")),
        is("is_new", is_new()),
        is("is_claimed", is_claimed()),
        is("is_active", is_active()),
        is("is_slipping_away", is_slipping_away()),
        words("is_any", is_any()),
        is("registration_blocked", fixed(lit(false))),
        is("has_account_credit", has_account_credit()),
        ids_with("active_memberships", membership::owns_active),
        custom_fields(),
    ]);
    filters
}

fn is_any() -> Vec<Word> {
    let word = |word: &'static str, holds: Value| Word { word, also: &[], holds };
    vec![
        word("new", is_new()),
        word("claimed", is_claimed()),
        word("slipping_away", is_slipping_away()),
        word("inactive", value(|scope| !is_active()(scope))),
        word("active", is_active()),
        word("registration_blocked", fixed(lit(false))),
        word("lead", at("c.is_lead")),
    ]
}

fn is_claimed() -> Value {
    value(|_| col("c.last_login_at").is_not_null())
}

fn is_new() -> Value {
    value(|scope| {
        let since = scope::date(scope.today.plus_days(-NEW_DAYS));
        scope.local(col("c.created_at")).gt(since)
    })
}

/// Returns the instant that is `days` times 24 hours before the present of the request.
fn days_ago(scope: &Scope<'_>, days: i64) -> Expr {
    scope::instant(scope.now.plus_seconds(-days * DAY_SECONDS))
}

fn is_active() -> Value {
    value(|_| {
        let runs = col("running.customer_id").is_not_null();
        let shares = col("shared.customer_id").is_not_null();
        let came = col("recent.customer_id").is_not_null();
        col("c.deleted_at").is_null().and(runs.or(shares).or(came))
    })
}

fn is_slipping_away() -> Value {
    value(|scope| {
        let attended = col("att.attended").gt(lit(0_i64)).is_true();
        let came = col("recent.last_start").gt_eq(days_ago(scope, SLIPPING_DAYS)).is_true();
        col("running.is_active").is_true().and(attended).and(!came)
    })
}

/// Returns a plan with the customers who have an attendance or registration that starts within the
/// last `ACTIVE_DAYS` or later.
fn recent(scope: &Scope<'_>, customers: &Keys) -> Result<LogicalPlanBuilder, ReportError> {
    attendance::since(scope, customers, days_ago(scope, ACTIVE_DAYS))
}

fn credit_balance() -> Value {
    value(|_| coalesce(vec![-col("credit.amount"), nothing()]))
}

fn has_account_credit() -> Value {
    value(|scope| credit_balance()(scope).gt(nothing()))
}

fn age() -> Value {
    value(|scope| calendar::age(col("c.date_of_birth"), scope.today))
}

fn latest_registration() -> Value {
    value(|_| {
        let is_course = col("att.event_kind").eq(text("course_session"));
        let kind = choose([(is_course, text("course_session"))], Some(text("event")));
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
        only_when(col("att.event_id").is_not_null(), shown)
    })
}

/// Returns a plan with the columns `customer_id` and `shown`: the first address of each customer.
/// Default addresses come first, then shipping before billing, then the lowest id.
fn addresses(scope: &Scope<'_>, customers: &Keys) -> Result<LogicalPlanBuilder, ReportError> {
    let rows = scope.session.scan("addresses", "x")?;
    let rows = customers.restrict(rows, col("x.customer_id"))?;
    let rows = rows.filter(col("x.deleted_at").is_null())?;
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
    Ok(rows.aggregate(vec![col("x.customer_id")], vec![first])?)
}

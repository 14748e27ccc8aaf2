//! customers. Rule: spec/reports.md §17.4.

use model::time::{Date, Instant};
use serde_json::json;

use super::super::column::{OracleColumn, c, money, not_modelled};
use super::super::data::OracleRow;
use super::super::filter::{
    self, OracleFilter, any_ids, any_words, custom_fields, date_bounds, ids, instant_bounds,
    instant_frame, switch,
};
use super::super::value::OracleValue;
use super::super::world::{OracleContext, currency};
use super::{
    OracleGrouping, OracleReport, count, date, flag, instant, int, local_date, month, text, year,
};

const NEW_DAYS: i64 = 30;
const ACTIVE_DAYS: i64 = 60;
const SLIPPING_DAYS: i64 = 14;

pub(super) fn report() -> OracleReport {
    OracleReport {
        name: "customers",
        table: "customers",
        columns: columns(),
        parents: &["family", "venue", "instructor", "referring_member", "emergency_contact"],
        filters: filters(),
        default_sort: &["id"],
        is_base_row: |_, _| true,
        grouping: Some(grouping()),
    }
}

fn columns() -> Vec<OracleColumn> {
    let mut columns = vec![
        int("id"),
        c("full_name", "", |w, c| w.disp(Some(c.id()))),
        text("first_name"),
        text("last_name"),
        text("email"),
        instant("created_at"),
        instant("deleted_at"),
        c("is_active", "", |w, c| OracleValue::Bool(is_active(w, c))),
        date("date_of_birth"),
        c("age", "", |w, c| OracleValue::int(age(w, c))),
        c("phone_number", "", |_, c| OracleValue::text(c.text("phone"))),
        c("address", "", address).unsortable(),
        c("days_until_birthday", "", |w, c| OracleValue::int(days_until_birthday(w, c))),
        text("gender"),
        c("is_claimed", "", |_, c| OracleValue::Bool(c.has("last_login_at"))),
        c("is_new", "", |w, c| OracleValue::Bool(is_new(w, c))),
        c("is_slipping_away", "", |w, c| OracleValue::Bool(is_slipping_away(w, c))),
        not_modelled("registration_blocked", ""),
        c("has_failed_payments", "", |w, c| OracleValue::Bool(has_failed_payments(w, c))),
        not_modelled("has_retry_payments", ""),
        not_modelled("family.id", "family_id"),
        not_modelled("family.name", "family_name"),
        not_modelled("family.role", "family_role"),
        not_modelled("family.managers", "family_managers"),
        c("venue.id", "venue_id", |_, c| OracleValue::int(c.int("site_id"))),
        c("venue.name", "venue_name", |w, c| w.name_of("sites", c.int("site_id"))),
        not_modelled("instructor.id", "instructor_id"),
        not_modelled("instructor.name", "instructor_name"),
        not_modelled("referral_code", ""),
        not_modelled("thumbnail_url", ""),
        memberships("active_customer_memberships", &["active"]),
        memberships(
            "inactive_customer_memberships",
            &["cancelled", "completed", "upgraded", "downgraded"],
        ),
        memberships("on_hold_customer_memberships", &["hold"]),
        not_modelled("referring_member.id", "referring_member_id"),
        not_modelled("referring_member.name", "referrering_member_name")
            .also("referring_member_name"),
    ];
    columns.extend(account_columns());
    columns
}

fn account_columns() -> Vec<OracleColumn> {
    vec![
        money(
            "account_credit_balance",
            "providers",
            |w, c| Some(account_credit(w, c)),
            |w, _| Some(w.provider.currency),
        ),
        c("last_payment_at", "", |w, c| {
            OracleValue::instant(lp(w, c).and_then(|lp| lp.instant("date")))
        }),
        money(
            "last_payment_amount",
            "payments",
            |w, c| lp(w, c).map(|lp| lp.amount("amount")),
            |w, c| lp(w, c).and_then(currency),
        ),
        attended("registered_and_attended_count", &["registered", "attended"]),
        attended("registrations_count", &["registered"]),
        attended("attendances_count", &["attended"]),
        attended("late_cancels_count", &["late_cancelled"]),
        attended("no_shows_count", &["no_show"]),
        c("latest_registration", "", latest_registration_object).unsortable(),
        not_modelled("emergency_contact.name", "emergency_contact_name"),
        not_modelled("emergency_contact.relationship", "emergency_contact_relationship"),
        not_modelled("emergency_contact.phone", "emergency_contact_phone"),
        not_modelled("lead_source.name", "lead_source"),
        flag("is_lead"),
        text("external_id").addition(),
        text("language").addition(),
        text("organization").addition(),
    ]
}

fn filters() -> Vec<OracleFilter> {
    let mut filters = vec![
        switch("include_deleted", |_, c| c.has("deleted_at")),
        instant_frame("created_at_timeframe", |_, c| c.instant("created_at")),
        ids("ids", |_, c| Some(c.id())),
        filter::flag("is_new", is_new),
        filter::flag("is_claimed", |_, c| c.has("last_login_at")),
        filter::flag("is_active", is_active),
        filter::flag("is_slipping_away", is_slipping_away),
        filter::flag("registration_blocked", |_, _| false),
        filter::flag("has_account_credit", |w, c| account_credit(w, c) > 0),
        any_ids("active_memberships", |w, c| {
            let active = w.owned(c.id()).into_iter().filter(|cm| w.eff(cm) == "active");
            active.filter_map(|cm| cm.int("membership_id")).collect()
        }),
        any_words(
            "is_any",
            &[
                "new",
                "claimed",
                "slipping_away",
                "inactive",
                "active",
                "registration_blocked",
                "lead",
            ],
            |w, c| {
                let holds = [
                    ("new", is_new(w, c)),
                    ("claimed", c.has("last_login_at")),
                    ("slipping_away", is_slipping_away(w, c)),
                    ("inactive", !is_active(w, c)),
                    ("active", is_active(w, c)),
                    ("lead", c.flag("is_lead")),
                ];
                let holds = holds.into_iter().filter(|(_, holds)| *holds);
                holds.map(|(word, _)| word.to_owned()).collect()
            },
        ),
        custom_fields("extra_customer_fields"),
    ];
    filters.extend(instant_bounds("created_at", |_, c| c.instant("created_at")));
    filters.extend(instant_bounds("latest_registration_starts_at", |w, c| {
        latest_registration(w, c).map(|(_, e)| starts_at(e))
    }));
    filters.extend(date_bounds("date_of_birth", |_, c| c.date("date_of_birth")));
    filters
}

/// Returns the customer's attendances at active events that have one of `statuses`, with their
/// events.
fn att<'a>(
    w: &OracleContext<'a>,
    c: &OracleRow,
    statuses: &[&str],
) -> Vec<(&'a OracleRow, &'a OracleRow)> {
    let mut found = Vec::new();
    for a in w.naming("attendances", "customer_id", c.id()) {
        let e = w.get("events", a.int("event_id")).expect("an event");
        if e.word("status") == "active" && statuses.contains(&a.word("status")) {
            found.push((a, e));
        }
    }
    found
}

fn starts_at(e: &OracleRow) -> Instant {
    e.instant("starts_at").expect("events start")
}

fn came_since(w: &OracleContext<'_>, c: &OracleRow, days: i64) -> bool {
    let since = w.days_before_now(days);
    att(w, c, &["registered", "attended"]).iter().any(|(_, e)| starts_at(e) >= since)
}

fn is_active(w: &OracleContext<'_>, c: &OracleRow) -> bool {
    if c.has("deleted_at") {
        return false;
    }
    let shared = w.naming("customer_memberships", "shared_with", c.id());
    let shared = shared.into_iter().filter(|cm| !cm.has("deleted_at"));
    let mut memberships = w.owned(c.id()).into_iter().chain(shared);
    memberships.any(|cm| ["active", "hold"].contains(&w.eff(cm))) || came_since(w, c, ACTIVE_DAYS)
}

fn is_slipping_away(w: &OracleContext<'_>, c: &OracleRow) -> bool {
    w.owned(c.id()).into_iter().any(|cm| w.eff(cm) == "active")
        && !att(w, c, &["attended"]).is_empty()
        && !came_since(w, c, SLIPPING_DAYS)
}

fn is_new(w: &OracleContext<'_>, c: &OracleRow) -> bool {
    let created = local_date(w, c.instant("created_at")).expect("an instant");
    created > w.today.plus_days(-NEW_DAYS)
}

/// Returns the birthday in a year; 29 February counts as 28 February in common years.
fn birthday(born: Date, year: i16) -> Date {
    let day = Date::new(year, born.month(), born.day());
    day.or_else(|| Date::new(year, 2, 28)).expect("a day of the year")
}

fn age(w: &OracleContext<'_>, c: &OracleRow) -> Option<i64> {
    let born = c.date("date_of_birth")?;
    let years = i64::from(w.today.year()) - i64::from(born.year());
    let had_birthday = birthday(born, w.today.year()) <= w.today;
    Some(if had_birthday { years } else { years - 1 })
}

fn days_until_birthday(w: &OracleContext<'_>, c: &OracleRow) -> Option<i64> {
    let born = c.date("date_of_birth")?;
    let mut next = birthday(born, w.today.year());
    if next < w.today {
        next = birthday(born, w.today.year() + 1);
    }
    Some(i64::from(next.days() - w.today.days()))
}

fn address(w: &OracleContext<'_>, c: &OracleRow) -> OracleValue {
    let all = w.naming("addresses", "customer_id", c.id()).into_iter();
    let all = all.filter(|ad| !ad.has("deleted_at"));
    let first =
        all.min_by_key(|ad| (!ad.flag("is_default"), ad.word("type") != "shipping", ad.id()));
    let Some(ad) = first else { return OracleValue::Null };
    let json = json!({
        "first_line": ad.text("line1"), "second_line": ad.text("line2"), "city": ad.text("city"),
        "region": ad.text("state"), "country": ad.text("country"),
        "postal_code": ad.text("postal_code"),
    });
    let parts = ["line1", "line2", "city", "state", "country", "postal_code"];
    let parts = parts.into_iter().map(|part| ad.word(part)).filter(|part| !part.is_empty());
    OracleValue::Composite(json, parts.collect::<Vec<_>>().join(", "))
}

fn has_failed_payments(w: &OracleContext<'_>, c: &OracleRow) -> bool {
    w.naming("invoices", "customer_id", c.id()).into_iter().any(|i| {
        ["open", "past_due", "uncollectible"].contains(&i.word("status"))
            && w.naming("payments", "invoice_id", i.id())
                .into_iter()
                .any(|pay| pay.word("status") == "failed" && !pay.has("deleted_at"))
    })
}

fn memberships(key: &str, statuses: &'static [&'static str]) -> OracleColumn {
    let list = move |w: &OracleContext<'_>, c: &OracleRow| {
        let owned = w.owned(c.id()).into_iter().filter(|cm| statuses.contains(&w.eff(cm)));
        OracleValue::list(owned.map(|cm| w.short(cm)))
    };
    c(key, "", list).unsortable()
}

fn account_credit(w: &OracleContext<'_>, c: &OracleRow) -> i128 {
    let mut sum = 0;
    for bt in w.naming("balance_transactions", "customer_id", c.id()) {
        if w.currency(bt) == w.provider.currency {
            sum += bt.amount("amount");
        }
    }
    -sum
}

fn lp<'a>(w: &OracleContext<'a>, c: &OracleRow) -> Option<&'a OracleRow> {
    let all = w.naming("payments", "customer_id", c.id()).into_iter();
    let all = all.filter(|pay| pay.word("status") == "succeeded" && !pay.has("deleted_at"));
    all.max_by_key(|pay| (pay.instant("date"), pay.id()))
}

fn attended(key: &str, statuses: &'static [&'static str]) -> OracleColumn {
    c(key, "", move |w, c| {
        OracleValue::Int(i64::try_from(att(w, c, statuses).len()).expect("a count"))
    })
}

fn latest_registration<'a>(
    w: &OracleContext<'a>,
    c: &OracleRow,
) -> Option<(&'a OracleRow, &'a OracleRow)> {
    let all = att(w, c, &["registered", "attended"]).into_iter();
    all.max_by_key(|(a, e)| (starts_at(e), a.id()))
}

fn latest_registration_object(w: &OracleContext<'_>, c: &OracleRow) -> OracleValue {
    let Some((_, e)) = latest_registration(w, c) else { return OracleValue::Null };
    let kind = if e.word("kind") == "course_session" { "course_session" } else { "event" };
    let starts_at = starts_at(e).to_string();
    let name = e.word("name");
    let text = if name.is_empty() { starts_at.clone() } else { format!("{starts_at} {name}") };
    OracleValue::Composite(
        json!({"id": e.id(), "starts_at": starts_at, "name": name, "type": kind}),
        text,
    )
}

fn grouping() -> OracleGrouping {
    let created: fn(&OracleContext<'_>, &OracleRow) -> Option<Date> =
        |w, c| local_date(w, c.instant("created_at"));
    OracleGrouping {
        dimensions: vec![
            c("created_date", "", move |w, c| OracleValue::date(created(w, c))),
            c("is_claimed", "", |_, c| OracleValue::Bool(c.has("last_login_at"))),
            c("is_active", "", |w, c| OracleValue::Bool(is_active(w, c))),
            c("has_account_credit", "", |w, c| OracleValue::Bool(account_credit(w, c) > 0)),
            month("created_month", created),
            year("created_year", created),
            month("birth_month", |_, c| c.date("date_of_birth")),
            text("gender"),
            c("created_hour", "", |w, c| {
                let t = c.instant("created_at").expect("an instant");
                let local = t.seconds() + i64::from(w.provider.timezone.offset_seconds(t));
                OracleValue::Int(local.rem_euclid(86_400) / 3600)
            }),
            c("age", "", |w, c| OracleValue::int(age(w, c))),
            c("is_new", "", |w, c| OracleValue::Bool(is_new(w, c))),
            c("is_slipping_away", "", |w, c| OracleValue::Bool(is_slipping_away(w, c))),
            not_modelled("registration_blocked", ""),
        ],
        measures: vec![count()],
        parents: &[],
        default_columns: &[],
        pivots: &[],
        bucket: None,
    }
}

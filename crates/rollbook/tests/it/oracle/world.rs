//! The terms of the catalogue. Rule: spec/reports.md §16.

use model::money::Currency;
use model::provider::Provider;
use model::time::{Date, Instant, Weekday, Zone};
use serde_json::json;

use super::catalogue::OracleReport;
use super::data::{OracleRow, OracleTables};
use super::usage_rows;
use super::value::OracleValue;

const DAY_MICROS: i64 = 86_400_000_000;

/// The input of a report: the rows, the provider, the current time.
pub(super) struct OracleContext<'a> {
    pub(super) tables: &'a OracleTables,
    pub(super) provider: &'a Provider,
    pub(super) now: Instant,
    pub(super) today: Date,
}

/// Local date and time of day of an event's start.
pub(super) struct EventLocal {
    pub(super) date: Date,
    /// Whole seconds since midnight.
    pub(super) seconds: i64,
}

impl<'a> OracleContext<'a> {
    pub(super) fn new(tables: &'a OracleTables, provider: &'a Provider, now: Instant) -> Self {
        Self { tables, provider, now, today: provider.timezone.date_of(now) }
    }

    pub(super) fn get(&self, table: &str, id: Option<i64>) -> Option<&'a OracleRow> {
        self.tables.get(table, id)
    }

    pub(super) fn naming(
        &self,
        table: &'static str,
        column: &'static str,
        id: i64,
    ) -> Vec<&'a OracleRow> {
        self.tables.naming(table, column, id)
    }

    /// Returns the rows of a report. `date` is the day whose usage is shown; none = today.
    pub(super) fn base_rows(
        &self,
        report: &OracleReport,
        date: Option<Date>,
    ) -> Vec<&'a OracleRow> {
        match report.table {
            usage_rows::TABLE => self.tables.usage(self.provider, date.unwrap_or(self.today)),
            table => self.tables.all(table),
        }
    }

    /// Returns the name of a row of a table.
    pub(super) fn name_of(&self, table: &str, id: Option<i64>) -> OracleValue {
        OracleValue::text(self.get(table, id).and_then(|row| row.text("name")))
    }

    pub(super) fn local(&self, t: Instant) -> Date {
        self.provider.timezone.date_of(t)
    }

    /// Returns the local midnight at the start of a day.
    pub(super) fn midnight(&self, day: Date) -> Instant {
        self.provider.timezone.start_of(day)
    }

    /// Returns the current instant minus whole days of 24 hours.
    pub(super) fn days_before_now(&self, days: i64) -> Instant {
        Instant::from_micros(self.now.micros() - days * DAY_MICROS)
    }

    pub(super) fn evlocal(&self, e: &OracleRow) -> EventLocal {
        let site = self.get("sites", e.int("site_id"));
        let zone = site.and_then(|site| site.text("timezone")).and_then(Zone::parse);
        let zone = zone.unwrap_or_else(|| self.provider.timezone.clone());
        let starts_at = e.instant("starts_at").expect("events start");
        let local = starts_at.micros() + i64::from(zone.offset_seconds(starts_at)) * 1_000_000;
        EventLocal {
            date: zone.date_of(starts_at),
            seconds: local.rem_euclid(DAY_MICROS) / 1_000_000,
        }
    }

    /// Returns `disp(c)` of the customer with this id.
    pub(super) fn disp(&self, customer: Option<i64>) -> OracleValue {
        OracleValue::text(self.get("customers", customer).and_then(disp).as_deref())
    }

    pub(super) fn currency(&self, row: &OracleRow) -> Currency {
        currency(row).expect("a currency")
    }

    pub(super) fn holds(&self, cm: &OracleRow) -> Vec<&'a OracleRow> {
        self.naming("customer_membership_holds", "customer_membership_id", cm.id())
    }

    pub(super) fn is_current(&self, h: &OracleRow) -> bool {
        covers(h, self.today)
    }

    pub(super) fn eff<'c>(&self, cm: &'c OracleRow) -> &'c str {
        let status = cm.word("status");
        let reason = cm.word("cancellation_reason");
        if status == "cancelled" && (reason == "upgraded" || reason == "downgraded") {
            return reason;
        }
        if status == "active" && self.holds(cm).into_iter().any(|h| self.is_current(h)) {
            return "hold";
        }
        status
    }

    pub(super) fn ahold(&self, cm: &OracleRow) -> Option<&'a OracleRow> {
        let open = |h: &&OracleRow| h.date("end_date").is_none_or(|end| end >= self.today);
        let holds = self.holds(cm).into_iter().filter(open);
        holds.min_by_key(|h| (h.date("start_date"), h.id()))
    }

    pub(super) fn short(&self, cm: &OracleRow) -> ListElement {
        let m = self.get("memberships", cm.int("membership_id"));
        let name = m.and_then(|m| m.text("name"));
        let membership = json!({"id": cm.int("membership_id"), "name": name});
        ListElement {
            json: json!({"id": cm.id(), "membership": membership}),
            text: name.unwrap_or_default().to_owned(),
        }
    }

    /// Returns the customer's own memberships that are not deleted, by id.
    pub(super) fn owned(&self, customer: i64) -> Vec<&'a OracleRow> {
        let all = self.naming("customer_memberships", "customer_id", customer);
        all.into_iter().filter(|cm| !cm.has("deleted_at")).collect()
    }

    pub(super) fn eff_others(&self, cm: &OracleRow) -> OracleValue {
        let owned = self.owned(cm.int("customer_id").expect("a customer"));
        let others = owned.into_iter().filter(|x| x.id() != cm.id() && self.eff(x) == "active");
        OracleValue::list(others.map(|x| self.short(x)))
    }

    /// Returns the first day of the week that contains `day`.
    pub(super) fn week_start(&self, day: Date) -> Date {
        let first = match self.provider.week_starts_on {
            Weekday::Sunday => 0,
            Weekday::Monday => 1,
        };
        let mut start = day;
        while weekday(start) != first {
            start = start.plus_days(-1);
        }
        start
    }
}

/// One element of a list: as JSON, and as text in a CSV cell.
pub(super) struct ListElement {
    pub(super) json: serde_json::Value,
    pub(super) text: String,
}

/// Returns the day of the week: 0 = Sunday .. 6 = Saturday. 1970-01-01 was a Thursday.
pub(super) fn weekday(day: Date) -> i32 {
    (day.days() + 4).rem_euclid(7)
}

/// Returns the row's own currency.
pub(super) fn currency(row: &OracleRow) -> Option<Currency> {
    row.text("currency").map(|code| Currency::parse(code).expect("a currency"))
}

/// Returns true if a hold covers a day, which includes both ends.
pub(super) fn covers(h: &OracleRow, day: Date) -> bool {
    h.date("start_date").is_some_and(|start| start <= day)
        && h.date("end_date").is_none_or(|end| day <= end)
}

fn disp(c: &OracleRow) -> Option<String> {
    if let Some(name) = c.text("name").filter(|name| !name.is_empty()) {
        return Some(name.to_owned());
    }
    let both = format!("{} {}", c.word("first_name"), c.word("last_name"));
    Some(both.trim().to_owned()).filter(|name| !name.is_empty())
}

//! Implausible dates, such as a year with a missing digit or a program's empty date, and currencies
//! that were withdrawn before the record's date.
//! Rule: spec/accounting.md §12.2.

use std::collections::BTreeMap;

use model::money::Currency;
use model::time::{Date, Instant};

use crate::booking::booked_at;
use crate::calendar::{Month, ProviderCalendar};
use crate::issue::{Issue, IssueCode};
use crate::records::{Invoice, InvoiceStatus, RecordTables};

/// The first plausible day, 1990-01-01. Programs count from earlier days (1899, 1904, 1970, 1980).
const FIRST_PLAUSIBLE_DATE: Date = Date::from_days(7_305);
/// The first day that is implausibly late, 2100-01-01.
const FIRST_TOO_LATE_DATE: Date = Date::from_days(47_482);

/// Returns the first month that books can begin with.
pub fn first_plausible_month() -> Month {
    Month::from_date(FIRST_PLAUSIBLE_DATE)
}

/// Returns true if a local date is plausible.
pub fn is_plausible(date: Date) -> bool {
    (FIRST_PLAUSIBLE_DATE..FIRST_TOO_LATE_DATE).contains(&date)
}

/// Returns an issue for each booked record with an implausible date or a withdrawn currency. Such
/// records are still booked as they are.
pub(crate) fn implausible_records(
    tables: &RecordTables,
    calendar: &ProviderCalendar,
) -> Vec<Issue> {
    let mut check = PlausibilityCheck { calendar, found: Vec::new() };
    let is_in_books = |i: &&Invoice| i.status != InvoiceStatus::Draft && !i.is_deleted;
    let invoices: BTreeMap<i64, &Invoice> =
        tables.invoices.iter().filter(is_in_books).map(|invoice| (invoice.id, invoice)).collect();
    for invoice in invoices.values() {
        let record = ("invoices", invoice.id, Some(invoice.currency), invoice.total);
        let date = booked_at(invoice);
        check.check_dates(record, &[Some(date), invoice.period_start, invoice.period_end]);
        check.check_currency(record, date);
    }
    for line in tables.lines.iter().filter(|line| invoices.contains_key(&line.invoice_id)) {
        let record = ("invoice_lines", line.id, Some(line.currency), line.amount);
        check.check_dates(record, &[line.period_start, line.period_end]);
    }
    for payment in tables.payments.iter().filter(|payment| payment.is_posted()) {
        let record = ("payments", payment.id, Some(payment.currency), payment.amount);
        check.check_date_and_currency(record, payment.date);
    }
    for refund in tables.refunds.iter().filter(|refund| refund.is_posted()) {
        let record = ("refunds", refund.id, Some(refund.currency), refund.amount);
        check.check_date_and_currency(record, refund.date());
    }
    for note in tables.credit_notes.iter().filter(|note| note.is_posted()) {
        let record = ("credit_notes", note.id, Some(note.currency), note.total);
        check.check_date_and_currency(record, note.date);
    }
    for change in &tables.balance_transactions {
        let record = ("balance_transactions", change.id, Some(change.currency), change.amount);
        check.check_date_and_currency(record, change.date);
    }
    for shipment in &tables.shipments {
        let record = ("shipments", shipment.id, None, 0);
        check.check_dates(record, &[shipment.approved_at, shipment.returned_at]);
    }
    check.found
}

/// The table, id, currency and amount of a record.
type CheckedRecord = (&'static str, i64, Option<Currency>, i64);

struct PlausibilityCheck<'c> {
    calendar: &'c ProviderCalendar,
    found: Vec<Issue>,
}

impl PlausibilityCheck<'_> {
    /// Checks the only date of a record, and its currency on that date.
    fn check_date_and_currency(&mut self, record: CheckedRecord, at: Instant) {
        self.check_dates(record, &[Some(at)]);
        self.check_currency(record, at);
    }

    fn check_dates(&mut self, record: CheckedRecord, dates: &[Option<Instant>]) {
        let dates = dates.iter().flatten().map(|at| self.calendar.date_of(*at));
        if let Some(date) = dates.filter(|date| !is_plausible(*date)).min() {
            self.add(IssueCode::ImplausibleDate, record, date);
        }
    }

    fn check_currency(&mut self, record: CheckedRecord, at: Instant) {
        let date = self.calendar.date_of(at);
        let (_, _, currency, _) = record;
        let withdrawn_since = currency.and_then(|currency| currency.withdrawn_since());
        if withdrawn_since.is_some_and(|since| since <= date) {
            self.add(IssueCode::WithdrawnCurrency, record, date);
        }
    }

    fn add(&mut self, code: IssueCode, (table, id, currency, amount): CheckedRecord, date: Date) {
        let (month, amount) = (Month::from_date(date), i128::from(amount));
        self.found.push(Issue { code, table, id, month, currency, amount });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bounds_are_the_first_days_of_1990_and_2100() {
        assert_eq!(FIRST_PLAUSIBLE_DATE.to_string(), "1990-01-01");
        assert_eq!(FIRST_TOO_LATE_DATE.to_string(), "2100-01-01");
        assert_eq!(first_plausible_month().to_string(), "1990-01");
        for (date, expected) in [
            ("0026-01-05", false),
            ("1970-01-01", false),
            ("1989-12-31", false),
            ("1990-01-01", true),
            ("2026-11-30", true),
            ("2099-12-31", true),
            ("2100-01-01", false),
            ("9998-12-31", false),
        ] {
            assert_eq!(is_plausible(Date::parse(date).unwrap()), expected, "{date}");
        }
    }
}

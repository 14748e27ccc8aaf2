//! Dates that nobody can have meant: a year with a digit missing, the empty date of a program.
//! Rule: spec/accounting.md §12.2.

use std::collections::BTreeMap;

use model::time::{Date, Instant};

use crate::booking::booked_at;
use crate::calendar::{Calendar, Month};
use crate::grouping::Tables;
use crate::issue::{Issue, IssueCode};
use crate::records::{Invoice, InvoiceStatus};

/// 1990-01-01. Before it lie the days from which programs count (1899, 1904, 1970, 1980).
const FIRST: Date = Date::from_days(7_305);
/// 2100-01-01, the first day that is too far ahead.
const TOO_FAR: Date = Date::from_days(47_482);

/// The first month that books can begin with.
pub fn first_plausible_month() -> Month {
    Month::of(FIRST)
}

/// Whether a local date can have been meant.
pub fn is_plausible(date: Date) -> bool {
    (FIRST..TOO_FAR).contains(&date)
}

/// A record whose date cannot have been meant, for each that is in the books. They are booked as
/// dated.
pub(crate) fn implausible_dates(tables: &Tables, calendar: &Calendar) -> Vec<Issue> {
    let mut found = Vec::new();
    let mut look = |table, id, dates: &[Option<Instant>], currency, amount: i64| {
        let dates = dates.iter().flatten().map(|at| calendar.date_of(*at));
        let (code, amount) = (IssueCode::ImplausibleDate, i128::from(amount));
        if let Some(month) = dates.filter(|date| !is_plausible(*date)).map(Month::of).min() {
            found.push(Issue { code, table, id, month, currency, amount });
        }
    };
    let is_in_books = |i: &&Invoice| i.status != InvoiceStatus::Draft && !i.is_deleted;
    let invoices: BTreeMap<i64, &Invoice> =
        tables.invoices.iter().filter(is_in_books).map(|invoice| (invoice.id, invoice)).collect();
    for invoice in invoices.values() {
        let dates = [Some(booked_at(invoice)), invoice.period_start, invoice.period_end];
        look("invoices", invoice.id, &dates, Some(invoice.currency), invoice.total);
    }
    for line in tables.lines.iter().filter(|line| invoices.contains_key(&line.invoice_id)) {
        let dates = [line.period_start, line.period_end];
        look("invoice_lines", line.id, &dates, Some(line.currency), line.amount);
    }
    for payment in tables.payments.iter().filter(|payment| payment.is_posted()) {
        let dates = [Some(payment.date)];
        look("payments", payment.id, &dates, Some(payment.currency), payment.amount);
    }
    for refund in tables.refunds.iter().filter(|refund| refund.is_posted()) {
        let dates = [Some(refund.date())];
        look("refunds", refund.id, &dates, Some(refund.currency), refund.amount);
    }
    for note in tables.credit_notes.iter().filter(|note| note.is_posted()) {
        look("credit_notes", note.id, &[Some(note.date)], Some(note.currency), note.total);
    }
    for change in &tables.balance_transactions {
        let dates = [Some(change.date)];
        look("balance_transactions", change.id, &dates, Some(change.currency), change.amount);
    }
    for shipment in &tables.shipments {
        look("shipments", shipment.id, &[shipment.approved_at, shipment.returned_at], None, 0);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bounds_are_the_first_days_of_1990_and_2100() {
        assert_eq!(FIRST.to_string(), "1990-01-01");
        assert_eq!(TOO_FAR.to_string(), "2100-01-01");
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

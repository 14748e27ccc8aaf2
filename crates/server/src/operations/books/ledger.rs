//! The books of one month: what is summed up, what is listed, which rows the files get.
//! Rule: spec/accounting.md §3, §8.

use std::io;
use std::path::Path;

use accounting::invariants::BrokenInvariant;
use accounting::package::{Field, Row, invoice_row, untied_row};
use accounting::posting::codec::{ORDER_KEY_BYTES, order_key};
use accounting::reconciliation::{CustomerCredit, receivable_difference};
use accounting::{Issue, Posting, Span, Totals};
use mirror::Session;

use super::error::PackageError;
use super::pass::{Pass, Visit, Watch, books_of};
use super::request::PackageRequest;
use super::rows::{StoredRow, place_of};
use super::sorter::Sorter;

/// A file's place, then the order of its rows.
pub(super) const ROW_KEY_BYTES: usize = ORDER_KEY_BYTES + 1;

/// What a month's books say.
pub(super) struct MonthLedger {
    /// Sums of every month up to the asked one.
    pub(super) totals: Totals,
    /// What looks wrong in the month, sorted.
    pub(super) issues: Vec<Issue>,
    /// The month's rows, to be put in the order of the files.
    pub(super) rows: Vec<Sorter<ROW_KEY_BYTES>>,
}

/// What one thread has found.
struct Found {
    totals: Totals,
    issues: Vec<Issue>,
    credit: CustomerCredit,
    rows: Sorter<ROW_KEY_BYTES>,
}

/// Books every record up to the month's end, on all threads of the engine. Blocks.
pub(super) fn book_month(
    session: &Session,
    request: &PackageRequest,
    folder: &Path,
    watch: Watch<'_>,
) -> Result<MonthLedger, PackageError> {
    let books = books_of(session, &request.settings);
    let span = Span::month(request.month, request.until(&books.calendar));
    let pass = Pass { books, currency: request.currency, span };
    let begin = || Found {
        totals: Totals::default(),
        issues: Vec::new(),
        credit: CustomerCredit::new(request.currency),
        rows: Sorter::new(folder),
    };
    let visit = |found: &mut Found, visit: Visit<'_>| found.add(request, &pass, visit);
    Ok(gather(request, pass.run(session, watch, &begin, &visit)?))
}

fn gather(request: &PackageRequest, found: Vec<Found>) -> MonthLedger {
    let mut totals = Totals::default();
    let mut issues = Vec::new();
    let mut credit = CustomerCredit::new(request.currency);
    let mut rows = Vec::new();
    for part in found {
        totals.merge(&part.totals);
        issues.extend(part.issues);
        credit.merge(&part.credit);
        rows.push(part.rows);
    }
    // Balance transactions have no site of their own to be compared by.
    if request.site_id.is_none() {
        issues.extend(credit.differences(request.month));
    }
    issues.sort_unstable();
    issues.dedup();
    MonthLedger { totals, issues, rows }
}

impl Found {
    fn add(
        &mut self,
        request: &PackageRequest,
        pass: &Pass,
        visit: Visit<'_>,
    ) -> Result<(), PackageError> {
        let view = request.settings.customer_balance_view;
        match visit {
            Visit::Links(issues) => self.list(request, issues),
            Visit::Invoice { records, ledger, directory } => {
                self.list(request, &ledger.issues);
                if request.reaches_now {
                    self.issues.extend(receivable_difference(records, ledger, request.month));
                }
                self.add_postings(request, &ledger.postings, &|posting| {
                    invoice_row(posting, records, directory, view)
                })?;
            }
            Visit::Untied { records, ledger, directory } => {
                self.list(request, &ledger.issues);
                self.add_postings(request, &ledger.postings, &|posting| {
                    untied_row(posting, records, directory, view)
                })?;
            }
            Visit::BalanceTransactions(transactions) => {
                for transaction in transactions {
                    self.credit.add_transaction(transaction, pass.span.until, &pass.books);
                }
            }
        }
        Ok(())
    }

    /// Keeps the issues of the month.
    fn list(&mut self, request: &PackageRequest, issues: &[Issue]) {
        let is_own = |issue: &&Issue| {
            let is_in_currency = issue.currency.is_none_or(|currency| currency == request.currency);
            issue.month == request.month && is_in_currency
        };
        self.issues.extend(issues.iter().filter(is_own));
    }

    fn add_postings<'a>(
        &mut self,
        request: &PackageRequest,
        postings: &'a [Posting],
        row_of: &dyn Fn(&'a Posting) -> Result<Row<'a>, BrokenInvariant>,
    ) -> Result<(), PackageError> {
        for posting in postings.iter().filter(|posting| request.covers(posting)) {
            self.totals.add(posting);
            self.credit.add_posting(posting);
            if posting.month == request.month {
                push_row(&mut self.rows, posting, &row_of(posting)?.fields())?;
            }
        }
        Ok(())
    }
}

/// A row as it waits to be written: the posting, then the values of its file's columns.
pub(super) fn push_row(
    rows: &mut Sorter<ROW_KEY_BYTES>,
    posting: &Posting,
    fields: &[Field<'_>],
) -> io::Result<()> {
    let mut key = [0; ROW_KEY_BYTES];
    key[0] = u8::try_from(place_of(posting.file)).unwrap_or(u8::MAX);
    key[1..].copy_from_slice(&order_key(posting));
    rows.push(key, |out| StoredRow::write(posting, fields, out))
}

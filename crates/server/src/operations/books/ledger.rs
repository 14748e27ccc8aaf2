//! One pass over the books for one month: what is summed up, what is listed, which rows the files
//! get. Rule: spec/accounting.md §3, §8.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use accounting::invariants::{BrokenInvariant, check_invoice, check_posting};
use accounting::package::codec::encode_fields;
use accounting::package::{Row, invoice_row, untied_row};
use accounting::posting::codec::{ORDER_KEY_BYTES, encode, order_key};
use accounting::reconciliation::{CustomerCredit, receivable_difference};
use accounting::settings::CustomerBalanceView;
use accounting::{Books, Calendar, File, InvoiceRecords, Issue, Posting, Span, Totals};
use mirror::Session;
use reports::books::{INVOICES_PER_PART, LoadedPart, Parts, each_part};

use super::error::PackageError;
use super::request::PackageRequest;
use super::sorter::{Merged, Sorter};

/// A file's place, then the order of its rows.
pub(super) const ROW_KEY_BYTES: usize = ORDER_KEY_BYTES + 1;

/// Told how far the work is and asked whether to go on; from several threads.
#[derive(Clone, Copy)]
pub struct Watch<'w> {
    /// Told how many invoices are done.
    pub progress: &'w (dyn Fn(u64) + Sync),
    /// Asked whether whoever wanted it does not want it any more.
    pub is_canceled: &'w (dyn Fn() -> bool + Sync),
}

/// What a month's books say.
pub(super) struct MonthLedger {
    /// Sums of every month up to the asked one.
    pub(super) totals: Totals,
    /// What looks wrong in the month, sorted.
    pub(super) issues: Vec<Issue>,
    /// The month's rows in the order of the files.
    pub(super) rows: Merged<ROW_KEY_BYTES>,
}

/// What one thread has found.
struct Found {
    totals: Totals,
    issues: Vec<Issue>,
    credit: CustomerCredit,
    rows: Sorter<ROW_KEY_BYTES>,
}

/// What all threads share.
struct Pass<'p> {
    request: &'p PackageRequest,
    books: Books,
    span: Span,
    done: AtomicU64,
    watch: Watch<'p>,
}

/// Books every record up to the month's end, on all threads of the engine. Blocks.
pub(super) fn book_month(
    session: &Session,
    request: &PackageRequest,
    folder: &Path,
    watch: Watch<'_>,
) -> Result<MonthLedger, PackageError> {
    let calendar = Calendar::new(session.provider().timezone.clone());
    let until = request.until(&calendar);
    let books = Books { calendar: calendar.clone(), settings: request.settings.clone() };
    let span = Span::month(request.month, until);
    let parts = Parts::cut(session, calendar, INVOICES_PER_PART)?;
    let pass = Pass { request, books, span, done: AtomicU64::new(0), watch };
    let begin = || Found {
        totals: Totals::default(),
        issues: Vec::new(),
        credit: CustomerCredit::new(request.currency),
        rows: Sorter::new(folder),
    };
    let workers = session.engine().threads();
    let found = each_part(&parts, workers, watch.is_canceled, &begin, &|found, part| {
        pass.book(found, &part)
    })?;
    pass.gather(found)
}

impl Pass<'_> {
    fn book(&self, found: &mut Found, part: &LoadedPart) -> Result<(), PackageError> {
        let grouped = &part.grouped;
        self.list(found, &grouped.issues);
        let directory = &grouped.directory;
        let own = |records: &&InvoiceRecords| records.invoice.currency == self.request.currency;
        for records in grouped.invoices.iter().filter(own) {
            let ledger = self.books.invoice(records, directory, &self.span);
            check_invoice(&ledger)?;
            self.list(found, &ledger.issues);
            if self.request.reaches_now {
                found.issues.extend(receivable_difference(records, &ledger, self.request.month));
            }
            self.add(found, &ledger.postings, &|posting| {
                invoice_row(posting, records, directory, self.view())
            })?;
        }
        let untied = self.books.untied(&grouped.untied, directory, &self.span);
        untied.postings.iter().try_for_each(check_posting)?;
        self.list(found, &untied.issues);
        self.add(found, &untied.postings, &|posting| {
            untied_row(posting, &grouped.untied, directory, self.view())
        })?;
        for transaction in &part.balance_transactions {
            found.credit.add_transaction(transaction, self.span.until, &self.books);
        }
        let done = grouped.invoices.len() as u64;
        (self.watch.progress)(self.done.fetch_add(done, Ordering::Relaxed) + done);
        Ok(())
    }

    fn view(&self) -> CustomerBalanceView {
        self.request.settings.customer_balance_view
    }

    /// Keeps the issues of the month.
    fn list(&self, found: &mut Found, issues: &[Issue]) {
        let is_own = |issue: &&Issue| {
            let is_in_currency =
                issue.currency.is_none_or(|currency| currency == self.request.currency);
            issue.month == self.request.month && is_in_currency
        };
        found.issues.extend(issues.iter().filter(is_own));
    }

    fn add<'a>(
        &self,
        found: &mut Found,
        postings: &'a [Posting],
        row_of: &dyn Fn(&'a Posting) -> Result<Row<'a>, BrokenInvariant>,
    ) -> Result<(), PackageError> {
        let request = self.request;
        for posting in postings.iter().filter(|posting| posting.currency == request.currency) {
            if request.site_id.is_some() && posting.belongs.site_id != request.site_id {
                continue;
            }
            found.totals.add(posting);
            found.credit.add_posting(posting);
            if posting.month == request.month {
                let row = row_of(posting)?;
                push_row(&mut found.rows, posting, &row)?;
            }
        }
        Ok(())
    }

    fn gather(&self, found: Vec<Found>) -> Result<MonthLedger, PackageError> {
        let mut totals = Totals::default();
        let mut issues = Vec::new();
        let mut credit = CustomerCredit::new(self.request.currency);
        let mut rows = Vec::new();
        for part in found {
            totals.merge(&part.totals);
            issues.extend(part.issues);
            credit.merge(&part.credit);
            rows.push(part.rows);
        }
        // Balance transactions have no site of their own to be compared by.
        if self.request.site_id.is_none() {
            issues.extend(credit.differences(self.request.month));
        }
        issues.sort_unstable();
        issues.dedup();
        Ok(MonthLedger { totals, issues, rows: Sorter::merge(rows)? })
    }
}

/// A row as it waits to be written: the posting, then the values of its file's columns.
pub(super) fn push_row(
    rows: &mut Sorter<ROW_KEY_BYTES>,
    posting: &Posting,
    row: &Row<'_>,
) -> io::Result<()> {
    let file = File::ALL.iter().position(|file| *file == posting.file).unwrap_or_default();
    let mut key = [0; ROW_KEY_BYTES];
    key[0] = u8::try_from(file).unwrap_or(u8::MAX);
    key[1..].copy_from_slice(&order_key(posting));
    rows.push(key, |out| {
        encode(posting, out);
        encode_fields(&row.fields(), out);
    })
}

//! The books of one month: its totals, its issues and the rows of its files.
//! Rule: spec/accounting.md §3, §8.

use std::io;
use std::path::Path;

use crate::parts::{first_posting_months, table_columns};
use accounting::invariants::BrokenInvariant;
use accounting::package::{FieldValue, PackageRow, invoice_row, unlinked_row};
use accounting::posting::codec::{ORDER_KEY_BYTES, order_key};
use accounting::reconciliation::{CustomerCredit, check_receivable};
use accounting::{Horizon, Issue, LedgerSpan, Month, Posting, PostingTotals, issue};
use mirror::MirrorSession;
use model::id::Revision;
use model::money::Currency;
use model::time::Instant;
use serde_json::{Map, Value};

use crate::error::PackageError;
use crate::pass::{LedgerPass, LedgerVisit, PassObserver, books_of_session};
use crate::request::PackageRequest;
use crate::rows::PostingRow;
use crate::sorter::RowSorter;
use crate::views::{BooksView, ViewRequest};

/// The size of a row's sort key: the position of its file, then the order within the file.
pub(super) const ROW_KEY_BYTES: usize = ORDER_KEY_BYTES + 1;

/// The books of a month.
pub(super) struct MonthLedger {
    /// Totals of every month up to the requested one.
    pub(super) totals: PostingTotals,
    /// The issues of the month, sorted.
    pub(super) issues: Vec<Issue>,
    /// The rows of the month, not yet merged into the order of the files.
    pub(super) rows: Vec<RowSorter<ROW_KEY_BYTES>>,
}

/// The findings of one thread.
struct LedgerFindings {
    totals: PostingTotals,
    issues: Vec<Issue>,
    credit: CustomerCredit,
    /// `None` if the rows are not needed.
    rows: Option<RowSorter<ROW_KEY_BYTES>>,
}

/// Books every record up to the month's end, on all threads of the engine. Blocking.
pub(super) fn book_month(
    session: &MirrorSession,
    request: &PackageRequest,
    folder: &Path,
    observer: PassObserver<'_>,
) -> Result<MonthLedger, PackageError> {
    let books = books_of_session(session, &request.settings);
    let span = LedgerSpan::month(request.month, request.until(&books.calendar));
    let pass = LedgerPass { books, currency: request.currency, span };
    let begin = || LedgerFindings {
        totals: PostingTotals::default(),
        issues: Vec::new(),
        credit: CustomerCredit::new(request.currency),
        rows: Some(RowSorter::new(folder)),
    };
    let visit =
        |found: &mut LedgerFindings, visit: LedgerVisit<'_>| found.add(request, &pass, visit);
    Ok(merge_findings(request, pass.run(session, observer, &begin, &visit)?))
}

/// Returns the rows of everything posted before the request's month. They are frozen with the first
/// closed month. Blocking.
pub(super) fn rows_before(
    session: &MirrorSession,
    request: &PackageRequest,
    folder: &Path,
    observer: PassObserver<'_>,
) -> Result<Vec<RowSorter<ROW_KEY_BYTES>>, PackageError> {
    let books = books_of_session(session, &request.settings);
    let before = Horizon::end_of_month(request.month.previous(), &books.calendar);
    let view = request.settings.customer_balance_view;
    let pass = LedgerPass { books, currency: request.currency, span: LedgerSpan::until(before) };
    let visit = |rows: &mut RowSorter<ROW_KEY_BYTES>, visit: LedgerVisit<'_>| match visit {
        LedgerVisit::Invoice { records, ledger, directory } => {
            ledger.postings.iter().try_for_each(|posting| {
                let row = invoice_row(posting, records, directory, view)?;
                Ok(push_row(rows, posting, &row.fields())?)
            })
        }
        LedgerVisit::Untied { records, ledger, directory } => {
            let own = |posting: &&Posting| posting.currency == request.currency;
            ledger.postings.iter().filter(own).try_for_each(|posting| {
                let row = unlinked_row(posting, records, directory, view)?;
                Ok(push_row(rows, posting, &row.fields())?)
            })
        }
        LedgerVisit::Links(_) | LedgerVisit::BalanceTransactions(_) => Ok(()),
    };
    pass.run(session, observer, &|| RowSorter::new(folder), &visit)
}

fn merge_findings(request: &PackageRequest, found: Vec<LedgerFindings>) -> MonthLedger {
    let mut totals = PostingTotals::default();
    let mut issues = Vec::new();
    let mut credit = CustomerCredit::new(request.currency);
    let mut rows = Vec::new();
    for part in found {
        totals.merge(&part.totals);
        issues.extend(part.issues);
        credit.merge(&part.credit);
        rows.extend(part.rows);
    }
    // Balance transactions have no site, so they cannot be compared per site.
    if request.site_id.is_none() {
        issues.extend(credit.differences(request.month));
    }
    issues.sort_unstable();
    issues.dedup();
    MonthLedger { totals, issues, rows }
}

impl LedgerFindings {
    fn add(
        &mut self,
        request: &PackageRequest,
        pass: &LedgerPass,
        visit: LedgerVisit<'_>,
    ) -> Result<(), PackageError> {
        let view = request.settings.customer_balance_view;
        match visit {
            LedgerVisit::Links(issues) => self.keep_issues(request, issues),
            LedgerVisit::Invoice { records, ledger, directory } => {
                self.keep_issues(request, &ledger.issues);
                self.credit.add_waiting_credit(ledger, records.invoice.currency);
                if request.reaches_now {
                    self.issues.extend(check_receivable(records, ledger, request.month));
                }
                self.add_postings(request, &ledger.postings, &|posting| {
                    invoice_row(posting, records, directory, view)
                })?;
            }
            LedgerVisit::Untied { records, ledger, directory } => {
                self.keep_issues(request, &ledger.issues);
                self.add_postings(request, &ledger.postings, &|posting| {
                    unlinked_row(posting, records, directory, view)
                })?;
            }
            LedgerVisit::BalanceTransactions(transactions) => {
                for transaction in transactions {
                    self.credit.add_transaction(transaction, pass.span.until, &pass.books);
                }
            }
        }
        Ok(())
    }

    /// Keeps the issues of the month.
    fn keep_issues(&mut self, request: &PackageRequest, issues: &[Issue]) {
        let is_own = |issue: &&Issue| {
            let is_in_currency = issue.currency.is_none_or(|currency| currency == request.currency);
            issue.is_listed_in(request.month) && is_in_currency
        };
        self.issues.extend(issues.iter().filter(is_own));
    }

    fn add_postings<'a>(
        &mut self,
        request: &PackageRequest,
        postings: &'a [Posting],
        row_of: &dyn Fn(&'a Posting) -> Result<PackageRow<'a>, BrokenInvariant>,
    ) -> Result<(), PackageError> {
        for posting in postings.iter().filter(|posting| request.covers(posting)) {
            self.totals.add(posting);
            self.credit.add_posting(posting);
            let rows = self.rows.as_mut().filter(|_| posting.month == request.month);
            if let Some(rows) = rows {
                push_row(rows, posting, &row_of(posting)?.fields())?;
            }
        }
        Ok(())
    }
}

/// Adds a row to the sorter: the posting, then the values of its file's columns.
pub(super) fn push_row(
    rows: &mut RowSorter<ROW_KEY_BYTES>,
    posting: &Posting,
    fields: &[FieldValue<'_>],
) -> io::Result<()> {
    let mut key = [0; ROW_KEY_BYTES];
    key[0] = u8::try_from(posting.file.position()).unwrap_or(u8::MAX);
    key[1..].copy_from_slice(&order_key(posting));
    rows.push(key, |out| PostingRow::write(posting, fields, out))
}

/// Returns the issues of a month in one currency, sorted. Blocking.
pub fn month_issues(request: &ViewRequest<'_>, month: Month) -> Result<Vec<Issue>, PackageError> {
    let books = books_of_session(request.session, &request.settings);
    let until = request.until(month, &books.calendar);
    let as_of = match until {
        Horizon::AsOf(instant) => Some(instant),
        Horizon::Before(_) => None,
    };
    let package = PackageRequest {
        month,
        currency: request.currency,
        site_id: None,
        as_of,
        reaches_now: as_of.is_some(),
        settings: request.settings.clone(),
        has_formula_guard: true,
        has_bom: false,
        has_full_bundle: false,
    };
    let pass =
        LedgerPass { books, currency: request.currency, span: LedgerSpan::month(month, until) };
    let begin = || LedgerFindings {
        totals: PostingTotals::default(),
        issues: Vec::new(),
        credit: CustomerCredit::new(request.currency),
        rows: None,
    };
    let visit =
        |found: &mut LedgerFindings, visit: LedgerVisit<'_>| found.add(&package, &pass, visit);
    let found = pass.run(request.session, request.observer(), &begin, &visit)?;
    Ok(merge_findings(&package, found).issues)
}

/// Returns the issues of all months and currencies of a provider at `now`, sorted, each once.
/// Blocking.
pub fn all_issues(
    session: &MirrorSession,
    settings: &accounting::LedgerSettings,
    now: Instant,
    observer: PassObserver<'_>,
) -> Result<Vec<Issue>, PackageError> {
    let mut all = Vec::new();
    for currency in currencies(session)? {
        let books = books_of_session(session, settings);
        let (month, until) = (books.calendar.month_of(now), Horizon::AsOf(now));
        let pass = LedgerPass { books, currency, span: LedgerSpan::month(month, until) };
        let begin = || (Vec::new(), CustomerCredit::new(currency));
        let visit = |(issues, credit): &mut (Vec<Issue>, CustomerCredit),
                     visit: LedgerVisit<'_>| {
            let postings = match visit {
                LedgerVisit::Links(found) => {
                    issues.extend(found);
                    return Ok(());
                }
                LedgerVisit::BalanceTransactions(transactions) => {
                    for transaction in transactions {
                        credit.add_transaction(transaction, until, &pass.books);
                    }
                    return Ok(());
                }
                LedgerVisit::Invoice { records, ledger, .. } => {
                    issues.extend(&ledger.issues);
                    issues.extend(check_receivable(records, ledger, month));
                    credit.add_waiting_credit(ledger, currency);
                    &ledger.postings
                }
                LedgerVisit::Untied { ledger, .. } => {
                    issues.extend(&ledger.issues);
                    &ledger.postings
                }
            };
            postings.iter().for_each(|posting| credit.add_posting(posting));
            Ok(())
        };
        let mut credit = CustomerCredit::new(currency);
        for (issues, part) in pass.run(session, observer, &begin, &visit)? {
            all.extend(issues);
            credit.merge(&part);
        }
        all.extend(credit.differences(month));
    }
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

/// Returns the currencies of the books. Without postings it returns the provider's own, so that
/// records without an invoice are checked too.
pub fn currencies(session: &MirrorSession) -> Result<Vec<Currency>, PackageError> {
    let found: Vec<Currency> = first_posting_months(session)?.into_keys().collect();
    Ok(if found.is_empty() { vec![session.provider().currency] } else { found })
}

/// Returns issues as a table.
pub fn issues_view(
    issues: Vec<Issue>,
    facts: Map<String, Value>,
    revision: Revision,
) -> BooksView<'static> {
    BooksView {
        name: "issues",
        facts,
        columns: table_columns(issue::ISSUE_COLUMNS),
        rows: Box::new(move |sink| {
            for issue in &issues {
                if !sink(&issue.fields())? {
                    break;
                }
            }
            Ok(())
        }),
        revision,
    }
}

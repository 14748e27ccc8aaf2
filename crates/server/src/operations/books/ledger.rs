//! The books of one month: what is summed up, what is listed, which rows the files get.
//! Rule: spec/accounting.md §3, §8.

use std::io;
use std::path::Path;

use accounting::invariants::BrokenInvariant;
use accounting::package::{Field, Row, invoice_row, untied_row};
use accounting::posting::codec::{ORDER_KEY_BYTES, order_key};
use accounting::reconciliation::{CustomerCredit, receivable_difference};
use accounting::{Horizon, Issue, Month, Posting, Span, Totals, issue};
use mirror::Session;
use model::time::Instant;
use reports::books::{currencies, table_columns};
use serde_json::{Map, json};

use super::error::PackageError;
use super::pass::{Pass, Visit, Watch, books_of};
use super::request::PackageRequest;
use super::rows::{StoredRow, place_of};
use super::sorter::Sorter;
use super::views::{View, ViewRequest, owned};

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
    /// None where nobody wants them.
    rows: Option<Sorter<ROW_KEY_BYTES>>,
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
        rows: Some(Sorter::new(folder)),
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
        rows.extend(part.rows);
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
            let rows = self.rows.as_mut().filter(|_| posting.month == request.month);
            if let Some(rows) = rows {
                push_row(rows, posting, &row_of(posting)?.fields())?;
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

/// What looks wrong in a month, as a table. Blocks.
pub(super) fn month_issues(request: &ViewRequest<'_>, month: Month) -> Result<View, PackageError> {
    let books = books_of(request.session, &request.settings);
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
    let pass = Pass { books, currency: request.currency, span: Span::month(month, until) };
    let begin = || Found {
        totals: Totals::default(),
        issues: Vec::new(),
        credit: CustomerCredit::new(request.currency),
        rows: None,
    };
    let visit = |found: &mut Found, visit: Visit<'_>| found.add(&package, &pass, visit);
    let found = pass.run(request.session, request.watch(), &begin, &visit)?;
    let issues = gather(&package, found).issues;
    Ok(View {
        name: "issues",
        facts: Map::from_iter([("month".to_owned(), json!(month.to_string()))]),
        columns: table_columns(issue::COLUMNS),
        rows: issues.iter().map(|issue| owned(issue.fields())).collect(),
        revision: request.session.revision(),
    })
}

/// Records of any month and currency that look wrong, by the rules of the ledger: all of one
/// provider up to `now`, sorted. Blocks.
pub fn all_issues(
    session: &Session,
    settings: &accounting::Settings,
    now: Instant,
    watch: Watch<'_>,
) -> Result<Vec<Issue>, PackageError> {
    let mut all = Vec::new();
    for currency in currencies(session)? {
        let books = books_of(session, settings);
        let until = Horizon::AsOf(now);
        let span = Span::month(books.calendar.month_of(now), until);
        let pass = Pass { books, currency, span };
        let visit = |issues: &mut Vec<Issue>, visit: Visit<'_>| {
            match visit {
                Visit::Links(found) => issues.extend(found),
                Visit::Invoice { ledger, .. } => issues.extend(&ledger.issues),
                Visit::Untied { ledger, .. } => issues.extend(&ledger.issues),
                Visit::BalanceTransactions(_) => {}
            }
            Ok(())
        };
        pass.run(session, watch, &Vec::new, &visit)?.into_iter().for_each(|part| all.extend(part));
    }
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

//! The books of one month: its totals, its issues and the rows of its files.
//! Rule: spec/accounting.md §3, §8.

use std::io;
use std::path::Path;

use crate::parts::{first_months, table_columns};
use accounting::invariants::BrokenInvariant;
use accounting::package::{Field, Row, invoice_row, untied_row};
use accounting::posting::codec::{ORDER_KEY_BYTES, order_key};
use accounting::reconciliation::{CustomerCredit, receivable_difference};
use accounting::{Horizon, Issue, Month, Posting, Span, Totals, issue};
use mirror::Session;
use model::id::Revision;
use model::money::Currency;
use model::time::Instant;
use serde_json::{Map, Value};

use crate::error::PackageError;
use crate::pass::{Pass, Visit, Watch, books_of};
use crate::request::PackageRequest;
use crate::rows::{StoredRow, place_of};
use crate::sorter::Sorter;
use crate::views::{View, ViewRequest};

/// The size of a row's sort key: the position of its file, then the order within the file.
pub(super) const ROW_KEY_BYTES: usize = ORDER_KEY_BYTES + 1;

/// The books of a month.
pub(super) struct MonthLedger {
    /// Totals of every month up to the requested one.
    pub(super) totals: Totals,
    /// The issues of the month, sorted.
    pub(super) issues: Vec<Issue>,
    /// The rows of the month, not yet merged into the order of the files.
    pub(super) rows: Vec<Sorter<ROW_KEY_BYTES>>,
}

/// The findings of one thread.
struct Found {
    totals: Totals,
    issues: Vec<Issue>,
    credit: CustomerCredit,
    /// `None` if the rows are not needed.
    rows: Option<Sorter<ROW_KEY_BYTES>>,
}

/// Books every record up to the month's end, on all threads of the engine. Blocking.
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

/// Returns the rows of everything posted before the request's month. They are frozen with the first
/// closed month. Blocking.
pub(super) fn rows_before(
    session: &Session,
    request: &PackageRequest,
    folder: &Path,
    watch: Watch<'_>,
) -> Result<Vec<Sorter<ROW_KEY_BYTES>>, PackageError> {
    let books = books_of(session, &request.settings);
    let before = Horizon::end_of_month(request.month.previous(), &books.calendar);
    let view = request.settings.customer_balance_view;
    let pass = Pass { books, currency: request.currency, span: Span::until(before) };
    let visit = |rows: &mut Sorter<ROW_KEY_BYTES>, visit: Visit<'_>| match visit {
        Visit::Invoice { records, ledger, directory } => {
            ledger.postings.iter().try_for_each(|posting| {
                let row = invoice_row(posting, records, directory, view)?;
                Ok(push_row(rows, posting, &row.fields())?)
            })
        }
        Visit::Untied { records, ledger, directory } => {
            let own = |posting: &&Posting| posting.currency == request.currency;
            ledger.postings.iter().filter(own).try_for_each(|posting| {
                let row = untied_row(posting, records, directory, view)?;
                Ok(push_row(rows, posting, &row.fields())?)
            })
        }
        Visit::Links(_) | Visit::BalanceTransactions(_) => Ok(()),
    };
    pass.run(session, watch, &|| Sorter::new(folder), &visit)
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
    // Balance transactions have no site, so they cannot be compared per site.
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
                self.credit.add_waiting(ledger, records.invoice.currency);
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
            issue.is_of(request.month) && is_in_currency
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

/// Adds a row to the sorter: the posting, then the values of its file's columns.
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

/// Returns the issues of a month in one currency, sorted. Blocking.
pub fn month_issues(request: &ViewRequest<'_>, month: Month) -> Result<Vec<Issue>, PackageError> {
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
    Ok(gather(&package, found).issues)
}

/// Returns the issues of all months and currencies of a provider at `now`, sorted, each once.
/// Blocking.
///
/// Every list of issues that is shown to people comes from here.
pub fn all_issues(
    session: &Session,
    settings: &accounting::Settings,
    now: Instant,
    watch: Watch<'_>,
) -> Result<Vec<Issue>, PackageError> {
    let mut all = Vec::new();
    for currency in currencies(session)? {
        let books = books_of(session, settings);
        let (month, until) = (books.calendar.month_of(now), Horizon::AsOf(now));
        let pass = Pass { books, currency, span: Span::month(month, until) };
        let begin = || (Vec::new(), CustomerCredit::new(currency));
        let visit = |(issues, credit): &mut (Vec<Issue>, CustomerCredit), visit: Visit<'_>| {
            let postings = match visit {
                Visit::Links(found) => {
                    issues.extend(found);
                    return Ok(());
                }
                Visit::BalanceTransactions(transactions) => {
                    for transaction in transactions {
                        credit.add_transaction(transaction, until, &pass.books);
                    }
                    return Ok(());
                }
                Visit::Invoice { records, ledger, .. } => {
                    issues.extend(&ledger.issues);
                    issues.extend(receivable_difference(records, ledger, month));
                    credit.add_waiting(ledger, currency);
                    &ledger.postings
                }
                Visit::Untied { ledger, .. } => {
                    issues.extend(&ledger.issues);
                    &ledger.postings
                }
            };
            postings.iter().for_each(|posting| credit.add_posting(posting));
            Ok(())
        };
        let mut credit = CustomerCredit::new(currency);
        for (issues, part) in pass.run(session, watch, &begin, &visit)? {
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
pub fn currencies(session: &Session) -> Result<Vec<Currency>, PackageError> {
    let found: Vec<Currency> = first_months(session)?.into_keys().collect();
    Ok(if found.is_empty() { vec![session.provider().currency] } else { found })
}

/// Returns issues as a table.
pub fn issues_view(
    issues: Vec<Issue>,
    facts: Map<String, Value>,
    revision: Revision,
) -> View<'static> {
    View {
        name: "issues",
        facts,
        columns: table_columns(issue::COLUMNS),
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

//! The rule by which a month has books in a currency. It decides whether a package is made, both
//! for open and for closed months. Rule: spec/accounting.md §10.4, §11.2, §12.1.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::parts::{BooksError, first_invoice_month, first_posting_months, has_payment};
use accounting::{LedgerSpan, Month, Posting};
use mirror::MirrorSession;
use store::Store;

use crate::drift::find_drift;
use crate::error::PackageError;
use crate::frozen::FrozenBooks;
use crate::pass::{LedgerPass, LedgerVisit, PassObserver, books_of_session};
use crate::request::PackageRequest;

/// Returns the first month of the books, or `None` without books: the month of the first invoice,
/// or the first closed month once there is one. Records dated before a closed month are booked in
/// the first open one. Blocking.
pub fn first_books_month(
    session: &MirrorSession,
    frozen: &FrozenBooks<'_>,
) -> Result<Option<Month>, PackageError> {
    match frozen.first() {
        Some(first) => Ok(Some(first)),
        None => Ok(first_invoice_month(session)?),
    }
}

/// Returns true if anything was posted in the request's currency, and at its site, up to the end of
/// its month. Blocking.
///
/// A payment decides at once. Without one, records are booked until a posting is found.
pub fn has_postings(
    session: &MirrorSession,
    store: &dyn Store,
    request: &PackageRequest,
    folder: &Path,
    observer: PassObserver<'_>,
) -> Result<bool, PackageError> {
    let frozen = FrozenBooks::load(store, session.provider().id)?;
    if frozen.closing(request.month).is_some() {
        return frozen.has_postings(request);
    }
    let books = books_of_session(session, &request.settings);
    let until = request.until(&books.calendar);
    if request.site_id.is_none() && has_payment(session, request.currency, until.last_instant())? {
        return Ok(true);
    }
    let found = AtomicBool::new(false);
    let pass = LedgerPass {
        books,
        currency: request.currency,
        span: LedgerSpan::month(request.month, until),
    };
    let visit = |(): &mut (), visit: LedgerVisit<'_>| {
        let postings = match visit {
            LedgerVisit::Invoice { ledger, .. } => &ledger.postings,
            LedgerVisit::Untied { ledger, .. } => &ledger.postings,
            LedgerVisit::Links(_) | LedgerVisit::BalanceTransactions(_) => return Ok(()),
        };
        if postings.iter().any(|posting: &Posting| request.covers(posting)) {
            found.store(true, Ordering::Relaxed);
        }
        Ok(())
    };
    let is_over = || found.load(Ordering::Relaxed) || (observer.is_canceled)();
    let watching = PassObserver { is_canceled: &is_over, ..observer };
    match pass.run(session, watching, &|| (), &visit) {
        Err(PackageError::Books(BooksError::Canceled)) if found.load(Ordering::Relaxed) => {
            return Ok(true);
        }
        done => done?,
    };
    if found.load(Ordering::Relaxed) {
        return Ok(true);
    }
    has_adjustments(session, &frozen, request, folder, observer)
}

/// Returns true if drift of closed months causes adjustments in the request's month.
fn has_adjustments(
    session: &MirrorSession,
    frozen: &FrozenBooks<'_>,
    request: &PackageRequest,
    folder: &Path,
    observer: PassObserver<'_>,
) -> Result<bool, PackageError> {
    if frozen.first_open() != Some(request.month) {
        return Ok(false);
    }
    let mut has_some = false;
    let (settings, currency) = (&request.settings, request.currency);
    find_drift(session, frozen, settings, currency, folder, observer, &mut |found| {
        has_some |= request.covers(&found.drift.adjustment);
        Ok(())
    })?;
    Ok(has_some)
}

/// Describes the currencies with postings, for an error message: `eur from 2024-09 on, usd from
/// 2024-10 on`. Returns `None` without postings. Blocking.
pub fn describe_currencies(
    session: &MirrorSession,
    frozen: &FrozenBooks<'_>,
) -> Result<Option<String>, PackageError> {
    let Some(first) = first_books_month(session, frozen)? else { return Ok(None) };
    let months = first_posting_months(session)?.into_iter();
    let told: Vec<String> = months
        .map(|(currency, month)| format!("{} from {} on", currency.code(), month.max(first)))
        .collect();
    Ok((!told.is_empty()).then(|| told.join(", ")))
}

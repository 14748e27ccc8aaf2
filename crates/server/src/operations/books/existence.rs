//! Whether a month has anything to export, told before the work is begun.
//! Rule: spec/exports.md §2 no. 11, §10.15.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use accounting::{Posting, Span};
use mirror::Session;
use reports::books::{BooksError, has_payment};
use store::Store;

use super::drift::find_drift;
use super::error::PackageError;
use super::frozen::FrozenBooks;
use super::package::frozen_rows;
use super::pass::{Pass, Visit, Watch, books_of};
use super::request::PackageRequest;

/// Whether the contract's files of a month and currency have any row. Blocks.
///
/// A payment in the month answers at once; without one, records are booked until a row is found.
pub fn has_rows(
    session: &Session,
    store: &dyn Store,
    request: &PackageRequest,
    folder: &Path,
    watch: Watch<'_>,
) -> Result<bool, PackageError> {
    let frozen = FrozenBooks::of(store, session.provider().id)?;
    if let Some(closing) = frozen.closing(request.month) {
        return frozen_rows(&frozen, closing, request);
    }
    let books = books_of(session, &request.settings);
    let until = request.until(&books.calendar);
    let month = (books.calendar.start_of(request.month), until.last_instant());
    if request.site_id.is_none() && has_payment(session, request.currency, month)? {
        return Ok(true);
    }
    let found = AtomicBool::new(false);
    let is_row = |posting: &Posting| {
        let is_own = request.covers(posting) && posting.month == request.month;
        is_own && posting.file.is_contract()
    };
    let pass = Pass { books, currency: request.currency, span: Span::month(request.month, until) };
    let visit = |(): &mut (), visit: Visit<'_>| {
        let postings = match visit {
            Visit::Invoice { ledger, .. } => &ledger.postings,
            Visit::Untied { ledger, .. } => &ledger.postings,
            Visit::Links(_) | Visit::BalanceTransactions(_) => return Ok(()),
        };
        if postings.iter().any(is_row) {
            found.store(true, Ordering::Relaxed);
        }
        Ok(())
    };
    let is_over = || found.load(Ordering::Relaxed) || (watch.is_canceled)();
    let watch = Watch { is_canceled: &is_over, ..watch };
    match pass.run(session, watch, &|| (), &visit) {
        Err(PackageError::Books(BooksError::Canceled)) if found.load(Ordering::Relaxed) => {
            return Ok(true);
        }
        done => done?,
    };
    if found.load(Ordering::Relaxed) {
        return Ok(true);
    }
    has_adjustments(session, &frozen, request, folder, watch)
}

/// Whether closed months have drifted into this one.
fn has_adjustments(
    session: &Session,
    frozen: &FrozenBooks<'_>,
    request: &PackageRequest,
    folder: &Path,
    watch: Watch<'_>,
) -> Result<bool, PackageError> {
    if frozen.first_open() != Some(request.month) {
        return Ok(false);
    }
    let mut has_some = false;
    let (settings, currency) = (&request.settings, request.currency);
    find_drift(session, frozen, settings, currency, folder, watch, &mut |found| {
        let adjustment = &found.drift.adjustment;
        has_some |= request.covers(adjustment) && adjustment.file.is_contract();
        Ok(())
    })?;
    Ok(has_some)
}

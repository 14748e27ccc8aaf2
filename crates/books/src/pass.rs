//! A pass over all ledgers of a provider's books, on all threads, with checks of the invariants.
//! Rule: spec/accounting.md §8.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::parts::{BooksError, INVOICES_PER_PART, LoadedPart, Parts, each_part};
use accounting::invariants::{check_invoice, check_posting};
use accounting::records::{BalanceTransaction, Directory};
use accounting::{
    Books, Calendar, InvoiceLedger, InvoiceRecords, Issue, Settings, Span, UntiedLedger,
    UntiedRecords,
};
use mirror::Session;
use model::money::Currency;

use crate::error::PackageError;

/// Progress and cancellation of long work. Both functions are called from several threads.
#[derive(Clone, Copy)]
pub struct Watch<'w> {
    /// Called with the number of invoices that are done.
    pub progress: &'w (dyn Fn(u64) + Sync),
    /// Returns true if the work is canceled.
    pub is_canceled: &'w (dyn Fn() -> bool + Sync),
}

/// An element of the books that a pass visits.
pub(super) enum Visit<'v> {
    /// A booked invoice in the currency of the pass.
    Invoice { records: &'v InvoiceRecords, ledger: &'v InvoiceLedger, directory: &'v Directory },
    /// Records without an invoice, in any currency.
    Untied { records: &'v UntiedRecords, ledger: &'v UntiedLedger, directory: &'v Directory },
    /// Issues of the links between records, in any currency.
    Links(&'v [Issue]),
    /// Balance transactions of every kind and currency.
    BalanceTransactions(&'v [BalanceTransaction]),
}

/// The scope of a pass.
pub(super) struct Pass {
    pub(super) books: Books,
    pub(super) currency: Currency,
    pub(super) span: Span,
}

/// Returns the calendar and the settings for the books of the session's provider.
pub(super) fn books_of(session: &Session, settings: &Settings) -> Books {
    let calendar = Calendar::new(session.provider().timezone.clone());
    Books { calendar, settings: settings.clone() }
}

impl Pass {
    /// Visits everything with a state per thread, which `begin` creates. Returns the states; the
    /// result must not depend on their order. Blocking.
    pub(super) fn run<S: Send>(
        &self,
        session: &Session,
        watch: Watch<'_>,
        begin: &(dyn Fn() -> S + Sync),
        visit: &(dyn Fn(&mut S, Visit<'_>) -> Result<(), PackageError> + Sync),
    ) -> Result<Vec<S>, PackageError> {
        let parts = Parts::cut(session, self.books.calendar.clone(), INVOICES_PER_PART)?;
        let done = AtomicU64::new(0);
        let workers = session.engine().threads();
        each_part(&parts, workers, watch.is_canceled, begin, &|state, part| {
            self.visit_part(&part, watch.is_canceled, &mut |found| visit(state, found))?;
            let invoices = part.grouped.invoices.len() as u64;
            (watch.progress)(done.fetch_add(invoices, Ordering::Relaxed) + invoices);
            Ok(())
        })
    }

    /// Visits the contents of a part. `is_canceled` is asked before each invoice, because one
    /// invoice may have thousands of months.
    fn visit_part(
        &self,
        part: &LoadedPart,
        is_canceled: &(dyn Fn() -> bool + Sync),
        visit: &mut dyn FnMut(Visit<'_>) -> Result<(), PackageError>,
    ) -> Result<(), PackageError> {
        let grouped = &part.grouped;
        let directory = &grouped.directory;
        visit(Visit::Links(&grouped.issues))?;
        for records in &grouped.invoices {
            if is_canceled() {
                return Err(BooksError::Canceled.into());
            }
            if records.invoice.currency == self.currency {
                let ledger = self.books.invoice(records, directory, &self.span);
                check_invoice(&ledger)?;
                visit(Visit::Invoice { records, ledger: &ledger, directory })?;
            }
        }
        let records = &grouped.untied;
        let ledger = self.books.untied(records, directory, &self.span);
        ledger.postings.iter().try_for_each(check_posting)?;
        visit(Visit::Untied { records, ledger: &ledger, directory })?;
        visit(Visit::BalanceTransactions(&part.balance_transactions))
    }
}

//! A pass over all ledgers of a provider's books, on all threads, with checks of the invariants.
//! Rule: spec/accounting.md §8.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::parts::{
    BookParts, BooksError, INVOICES_PER_PART, LoadedPart, process_parts_in_parallel,
};
use accounting::invariants::{check_invoice, check_posting};
use accounting::records::{BalanceTransaction, Directory};
use accounting::{
    InvoiceLedger, InvoiceRecords, Issue, LedgerRules, LedgerSettings, LedgerSpan,
    ProviderCalendar, UnlinkedLedger, UnlinkedRecords,
};
use mirror::MirrorSession;
use model::money::Currency;

use crate::error::PackageError;

/// Progress and cancellation of long work. Both functions are called from several threads.
#[derive(Clone, Copy)]
pub struct PassObserver<'w> {
    /// Called with the number of invoices that are done.
    pub progress: &'w (dyn Fn(u64) + Sync),
    /// Returns true if the work is canceled.
    pub is_canceled: &'w (dyn Fn() -> bool + Sync),
}

/// An element of the books that a pass visits.
pub(super) enum LedgerVisit<'v> {
    /// A booked invoice in the currency of the pass.
    Invoice { records: &'v InvoiceRecords, ledger: &'v InvoiceLedger, directory: &'v Directory },
    /// Records without an invoice, in any currency.
    Untied { records: &'v UnlinkedRecords, ledger: &'v UnlinkedLedger, directory: &'v Directory },
    /// Issues of the links between records, in any currency.
    Links(&'v [Issue]),
    /// Balance transactions of every kind and currency.
    BalanceTransactions(&'v [BalanceTransaction]),
}

/// The scope of a pass.
pub(super) struct LedgerPass {
    pub(super) books: LedgerRules,
    pub(super) currency: Currency,
    pub(super) span: LedgerSpan,
}

/// Returns the calendar and the settings for the books of the session's provider.
pub(super) fn books_of_session(session: &MirrorSession, settings: &LedgerSettings) -> LedgerRules {
    let calendar = ProviderCalendar::new(session.provider().timezone.clone());
    LedgerRules { calendar, settings: settings.clone() }
}

impl LedgerPass {
    /// Visits everything with a state per thread, which `begin` creates. Returns the states; the
    /// result must not depend on their order. Blocking.
    pub(super) fn run<S: Send>(
        &self,
        session: &MirrorSession,
        observer: PassObserver<'_>,
        begin: &(dyn Fn() -> S + Sync),
        visit: &(dyn Fn(&mut S, LedgerVisit<'_>) -> Result<(), PackageError> + Sync),
    ) -> Result<Vec<S>, PackageError> {
        let parts =
            BookParts::split_into_parts(session, self.books.calendar.clone(), INVOICES_PER_PART)?;
        let done = AtomicU64::new(0);
        let workers = session.engine().threads();
        process_parts_in_parallel(&parts, workers, observer.is_canceled, begin, &|state, part| {
            self.visit_part(&part, observer.is_canceled, &mut |found| visit(state, found))?;
            let invoices = part.grouped.invoices.len() as u64;
            (observer.progress)(done.fetch_add(invoices, Ordering::Relaxed) + invoices);
            Ok(())
        })
    }

    /// Visits the contents of a part. `is_canceled` is asked before each invoice, because one
    /// invoice may have thousands of months.
    fn visit_part(
        &self,
        part: &LoadedPart,
        is_canceled: &(dyn Fn() -> bool + Sync),
        visit: &mut dyn FnMut(LedgerVisit<'_>) -> Result<(), PackageError>,
    ) -> Result<(), PackageError> {
        let grouped = &part.grouped;
        let directory = &grouped.directory;
        visit(LedgerVisit::Links(&grouped.issues))?;
        for records in &grouped.invoices {
            if is_canceled() {
                return Err(BooksError::Canceled.into());
            }
            if records.invoice.currency == self.currency {
                let ledger = self.books.invoice_ledger(records, directory, &self.span);
                check_invoice(&ledger)?;
                visit(LedgerVisit::Invoice { records, ledger: &ledger, directory })?;
            }
        }
        let records = &grouped.untied;
        let ledger = self.books.unlinked_ledger(records, directory, &self.span);
        ledger.postings.iter().try_for_each(check_posting)?;
        visit(LedgerVisit::Untied { records, ledger: &ledger, directory })?;
        visit(LedgerVisit::BalanceTransactions(&part.balance_transactions))
    }
}

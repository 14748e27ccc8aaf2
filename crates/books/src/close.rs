//! Closing and reopening of months. Rule: spec/accounting.md §11.1, §11.2.

use std::collections::BTreeSet;
use std::fs::File as DiskFile;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use crate::parts::first_posting_months;
use accounting::{LedgerSettings, Month};
use files::write::{FileDigest, HashingWriter};
use mirror::MirrorSession;
use model::money::Currency;
use model::time::Instant;
use serde_json::json;
use store::Store;
use store::port::books::{
    CloseStart, ClosedMonth, ClosedPart, ClosedPartKind, NewClosedMonth, ReopenOutcome,
};

use crate::books_coverage::first_books_month;
use crate::error::PackageError;
use crate::frozen::FrozenBooks;
use crate::ledger::rows_before;
use crate::package::{PackageState, PackageWithRows, make_package};
use crate::pass::{PassObserver, books_of_session};
use crate::request::PackageRequest;
use crate::rows::PackageRowFile;
use crate::sorter::RowSorter;

/// The zstd level for frozen postings.
const ZSTD_LEVEL: i32 = 3;

/// A request to close a month.
#[derive(Debug, Clone)]
pub struct CloseRequest {
    /// The month.
    pub month: Month,
    /// The note to store with the closing.
    pub note: Option<String>,
    /// True if earlier open months are closed too, in order.
    pub includes_earlier: bool,
    /// The caller, for people.
    pub by: String,
    /// The present.
    pub now: Instant,
    /// The accounting settings.
    pub settings: LedgerSettings,
    /// True if text that a spreadsheet might take for a formula gets a leading `'`.
    pub has_formula_guard: bool,
}

/// The reason why a month cannot be closed or reopened.
#[derive(Debug, thiserror::Error)]
pub enum CloseError {
    /// The month has no books: it lies before the first invoice or in the future.
    #[error(
        "the books have no such month: they begin with the first invoice, or the first closed month"
    )]
    NotFound,
    /// The month has not ended yet.
    #[error("the month is not over in the provider's time zone")]
    NotEnded,
    /// Earlier months are still open.
    #[error("earlier months are open")]
    NotSequential {
        /// The open months.
        open: Vec<Month>,
    },
    /// The month is open.
    #[error("the month is open")]
    Open,
    /// A later month is closed.
    #[error("a later month is closed")]
    NotLatest,
    /// Another closing or reopening happened at the same time.
    #[error("other closings came in between")]
    Contended,
    /// The packages could not be made or stored.
    #[error(transparent)]
    Package(#[from] PackageError),
}

impl CloseError {
    /// Returns the stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "period_not_found",
            Self::NotEnded => "period_not_ended",
            Self::NotSequential { .. } => "period_not_sequential",
            Self::Open => "period_open",
            Self::NotLatest => "period_not_latest",
            Self::Contended => "conflict",
            Self::Package(error) => error.code(),
        }
    }
}

impl From<store::StoreError> for CloseError {
    fn from(error: store::StoreError) -> Self {
        Self::Package(error.into())
    }
}

/// The progress of closing several months: the month that is being closed now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CloseProgress {
    /// The month.
    pub month: Month,
    /// The number of the month, from 1.
    pub number: usize,
    /// The number of months to close.
    pub count: usize,
}

/// The frozen files of a month in one currency, ready to be stored.
struct ClosedCurrencyFiles {
    currency: Currency,
    made: PackageWithRows,
    postings: (PathBuf, FileDigest),
}

/// Closes a month, with earlier ones if the request says so: all at the session's revision, all or
/// nothing. For a month that is closed already, returns its closing. The files are written to
/// `folder` before the transaction begins, so that other writers do not wait for them. `begun` is
/// called before the files of each month are made. Blocking.
pub fn close_month(
    session: &MirrorSession,
    store: &dyn Store,
    request: &CloseRequest,
    folder: &Path,
    begun: &dyn Fn(CloseProgress),
    observer: PassObserver<'_>,
) -> Result<ClosedMonth, CloseError> {
    let provider = session.provider().id;
    let calendar = books_of_session(session, &request.settings).calendar;
    let frozen = FrozenBooks::load(store, provider)?;
    let current = calendar.month_of(request.now);
    let first = first_books_month(session, &frozen)?
        .filter(|first| (*first..=current).contains(&request.month))
        .ok_or(CloseError::NotFound)?;
    if let Some(closed) = frozen.closing(request.month) {
        return Ok(closed.clone());
    }
    if request.month == current {
        return Err(CloseError::NotEnded);
    }
    let latest = frozen.latest();
    let begin = latest.map_or(first, Month::next);
    let months: Vec<Month> = begin.through(request.month).collect();
    if months.len() > 1 && !request.includes_earlier {
        let open = months.into_iter().filter(|month| *month != request.month).collect();
        return Err(CloseError::NotSequential { open });
    }
    if months.is_empty() {
        // The month lies before the first closed month and counts as closed with it.
        return Err(CloseError::NotFound);
    }
    let mut ready = Vec::new();
    for (place, month) in months.iter().enumerate() {
        begun(CloseProgress { month: *month, number: place + 1, count: months.len() });
        let folder = folder.join(month.to_string());
        std::fs::create_dir_all(&folder).map_err(PackageError::from)?;
        // Only the first month follows frozen months, which may have drifted.
        let before = (*month == begin).then_some(&frozen);
        ready.push((
            *month,
            make_month_packages(session, request, *month, before, &folder, observer)?,
        ));
    }
    match store.begin_close(provider, latest.map(Month::first_day))? {
        CloseStart::Changed => {
            let now = FrozenBooks::load(store, provider)?;
            now.closing(request.month).cloned().ok_or(CloseError::Contended)
        }
        CloseStart::Started(mut closing) => {
            for (month, parts) in &ready {
                closing.add_month(&new_month(session, request, *month, first))?;
                for part in parts {
                    part.store(closing.as_mut())?;
                }
            }
            closing.commit()?;
            let now = FrozenBooks::load(store, provider)?;
            now.closing(request.month).cloned().ok_or(CloseError::Contended)
        }
    }
}

/// Reopens the latest closed month. Blocking.
pub fn reopen_month(
    store: &dyn Store,
    provider: model::id::ProviderId,
    month: Month,
    by: &str,
    reason: &str,
    now: Instant,
) -> Result<ClosedMonth, CloseError> {
    match store.reopen_month(provider, month.first_day(), by, reason, now)? {
        ReopenOutcome::Reopened(month) => Ok(month),
        ReopenOutcome::NotLatest => Err(CloseError::NotLatest),
        ReopenOutcome::NotClosed => Err(CloseError::Open),
    }
}

fn new_month(
    session: &MirrorSession,
    request: &CloseRequest,
    month: Month,
    first: Month,
) -> NewClosedMonth {
    let facts = json!({
        "timezone": session.provider().timezone.name(),
        "settings": request.settings,
        "first_invoice_month": first.to_string(),
    });
    NewClosedMonth {
        month: month.first_day(),
        closed_at: request.now,
        closed_by: request.by.clone(),
        note: request.note.clone(),
        revision: session.revision(),
        facts: facts.to_string(),
    }
}

/// Makes the packages of a month in every currency with a posting up to its end.
fn make_month_packages(
    session: &MirrorSession,
    request: &CloseRequest,
    month: Month,
    before: Option<&FrozenBooks<'_>>,
    folder: &Path,
    observer: PassObserver<'_>,
) -> Result<Vec<ClosedCurrencyFiles>, PackageError> {
    let mut parts = Vec::new();
    // A currency whose first record is later has no posting up to then.
    let begun = first_posting_months(session)?.into_iter().filter(|(_, first)| *first <= month);
    let mut currencies: BTreeSet<Currency> = begun.map(|(currency, _)| currency).collect();
    let latest = before.and_then(|frozen| Some((frozen, frozen.closings().last()?)));
    if let Some((frozen, last)) = latest {
        currencies.extend(frozen.parts(last)?.iter().map(|part| part.currency));
    }
    for currency in currencies {
        let folder = folder.join(currency.code());
        std::fs::create_dir_all(&folder)?;
        let package = PackageRequest {
            month,
            currency,
            site_id: None,
            as_of: None,
            reaches_now: false,
            settings: request.settings.clone(),
            has_formula_guard: request.has_formula_guard,
            has_bom: false,
            has_full_bundle: true,
        };
        let made =
            make_package(session, &package, before, PackageState::Closed, &folder, observer)?;
        if let Some(made) = made {
            let is_first = before.is_some_and(|frozen| frozen.closings().is_empty());
            let earlier = if is_first {
                Some(earlier_rows(session, &package, &folder, observer)?)
            } else {
                None
            };
            let postings = compress_rows(&made, earlier.as_ref(), &folder)?;
            parts.push(ClosedCurrencyFiles { currency, made, postings });
        }
    }
    Ok(parts)
}

/// Returns the rows before the month, which are frozen with the first closed month.
fn earlier_rows(
    session: &MirrorSession,
    request: &PackageRequest,
    folder: &Path,
    observer: PassObserver<'_>,
) -> Result<PackageRowFile, PackageError> {
    let mut merged = RowSorter::merge(rows_before(session, request, folder, observer)?)?;
    PackageRowFile::write(folder, &mut |row| Ok(merged.next(row)?.map(|key| usize::from(key[0]))))
}

/// Compresses the rows of a package and the rows before it into one file.
fn compress_rows(
    made: &PackageWithRows,
    earlier: Option<&PackageRowFile>,
    folder: &Path,
) -> Result<(PathBuf, FileDigest), PackageError> {
    let path = folder.join("postings.zst");
    let out = HashingWriter::new(BufWriter::new(DiskFile::create(&path)?));
    let mut packed = zstd::Encoder::new(out, ZSTD_LEVEL)?;
    for rows in [Some(&made.rows), earlier].into_iter().flatten() {
        io::copy(&mut rows.reader()?, &mut packed)?;
    }
    let (out, digest) = packed.finish()?.finish();
    out.into_inner().map_err(io::IntoInnerError::into_error)?;
    Ok((path, digest))
}

impl ClosedCurrencyFiles {
    fn store(
        &self,
        closing: &mut dyn store::port::books::MonthClosing,
    ) -> Result<(), PackageError> {
        let package = &self.made.package;
        let full = package.full.as_ref();
        let contract = (&package.contract.path, package.contract.digest);
        let full = full.map(|file| (&file.path, file.digest));
        let postings = (&self.postings.0, self.postings.1);
        let manifest = package.manifest.to_string();
        for (kind, file, facts) in [
            (ClosedPartKind::Contract, Some(contract), manifest),
            (ClosedPartKind::Full, full, String::new()),
            (ClosedPartKind::Postings, Some(postings), String::new()),
        ] {
            let Some((path, digest)) = file else { continue };
            let part = ClosedPart {
                currency: self.currency,
                kind,
                bytes: digest.bytes,
                sha256: digest.sha256,
                facts,
            };
            closing.add_part(&part, &mut DiskFile::open(path)?)?;
        }
        Ok(())
    }
}

//! Answers to requests about the books, on a blocking thread and within a time limit.
//! Rule: spec/accounting.md §11.1, §12, §13.

use std::fs::File as DiskFile;
use std::io::{self, BufWriter, Seek};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use accounting::{Issue, Month, ProviderCalendar};
use books::parts::BooksError;
use mirror::MirrorSession;
use model::file_format::FileFormat;
use model::id::Revision;
use model::money::Currency;
use model::provider::Provider;
use serde_json::{Value, json};
use store::port::books::{ClosedMonth, ClosedPartKind};

use crate::app::App;
use crate::blocking::blocking;
use crate::error::{ApiError, ErrorCode};
use books::books_coverage::first_books_month;
use books::close::CloseError;
use books::error::PackageError;
use books::frozen::FrozenBooks;
use books::views::{BooksView, ViewRequest, write_view};
use books::{PassObserver, all_issues, currencies, issues_view, month_issues};

/// The context of a request about the books, on a thread that may block.
pub struct BooksContext<'d> {
    /// The state of the server.
    pub app: &'d App,
    /// The session, with the provider and the revision.
    pub session: &'d MirrorSession,
    /// The accounting settings of the provider.
    pub settings: accounting::LedgerSettings,
    is_canceled: &'d (dyn Fn() -> bool + Sync),
}

impl BooksContext<'_> {
    /// Returns the request for views in one currency.
    pub fn view(&self, currency: Currency) -> ViewRequest<'_> {
        ViewRequest {
            session: self.session,
            store: self.app.store(),
            folder: self.app.temp_dir(),
            settings: self.settings.clone(),
            currency,
            now: self.app.clock().now(),
            is_canceled: self.is_canceled,
        }
    }

    /// Returns the cancellation for long work. It ignores the progress.
    pub fn observer(&self) -> PassObserver<'_> {
        PassObserver { progress: &|_| (), is_canceled: self.is_canceled }
    }

    /// Writes a view to a temporary file, so that memory holds only a few rows of it.
    pub fn write(&self, view: BooksView<'_>, format: FileFormat) -> Result<WrittenView, ApiError> {
        let guard = self.app.settings().files.csv_formula_guard;
        let (name, folder) = (view.name, self.app.temp_dir());
        let write = || {
            let mut out = BufWriter::new(tempfile::tempfile_in(folder)?);
            write_view(view, format, guard, folder, self.is_canceled, &mut out)?;
            let mut file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
            let bytes = file.metadata()?.len();
            file.rewind()?;
            Ok::<_, PackageError>(WrittenView { file, name, bytes })
        };
        write().map_err(books_error)
    }

    /// Returns the month if it has books. The last month with books is the current one.
    pub fn month_in_books(&self, month: Month) -> Result<Month, ApiError> {
        let calendar = ProviderCalendar::new(self.session.provider().timezone.clone());
        let first = first_books_month(self.session, &self.frozen()?).map_err(books_error)?;
        let current = calendar.month_of(self.app.clock().now());
        let is_inside = first.is_some_and(|first| (first..=current).contains(&month));
        if is_inside { Ok(month) } else { Err(close_error(CloseError::NotFound)) }
    }

    /// Reads the closed months.
    pub fn frozen(&self) -> Result<FrozenBooks<'_>, ApiError> {
        let provider = self.session.provider().id;
        FrozenBooks::load(self.app.store(), provider).map_err(ApiError::from_store_error)
    }

    /// Returns the issues of the present records as a table, of one month or all, in one currency
    /// or all.
    pub fn issues(
        &self,
        month: Option<Month>,
        currency: Option<Currency>,
    ) -> Result<BooksView<'static>, ApiError> {
        let found = match month {
            Some(month) => self.issues_of_month(month, currency),
            None => {
                all_issues(self.session, &self.settings, self.app.clock().now(), self.observer())
            }
        };
        let mut issues = found.map_err(books_error)?;
        let is_wanted = |issue: &Issue| {
            currency.is_none_or(|wanted| issue.currency.is_none_or(|known| known == wanted))
        };
        issues.retain(is_wanted);
        let month = month.map(|month| ("month".to_owned(), json!(month.to_string())));
        Ok(issues_view(issues, month.into_iter().collect(), self.session.revision()))
    }

    fn issues_of_month(
        &self,
        month: Month,
        currency: Option<Currency>,
    ) -> Result<Vec<Issue>, PackageError> {
        let all = match currency {
            Some(currency) => vec![currency],
            None => currencies(self.session)?,
        };
        let mut issues = Vec::new();
        for currency in all {
            issues.extend(month_issues(&self.view(currency), month)?);
        }
        issues.sort_unstable();
        issues.dedup();
        Ok(issues)
    }

    /// Copies a frozen package to a temporary file. `version` names the closing; without it, the
    /// closing in force is used. Returns `None` if the closing has no books in the currency.
    pub fn frozen_package(
        &self,
        month: Month,
        currency: Currency,
        is_full: bool,
        version: Option<u64>,
    ) -> Result<Option<FrozenPackageFile>, ApiError> {
        let frozen = self.frozen()?;
        let closing = match version {
            None => frozen.closing(month).ok_or_else(|| close_error(CloseError::Open))?,
            Some(version) => {
                let versions = frozen.versions(month);
                let found = versions.iter().find(|known| u64::from(known.version) == version);
                *found.ok_or_else(|| no_such_version(month, &versions))?
            }
        };
        let kind = if is_full { ClosedPartKind::Full } else { ClosedPartKind::Contract };
        let part = frozen.part(closing, currency, kind).map_err(ApiError::from_store_error)?;
        let Some(part) = part else { return Ok(None) };
        let copy = || {
            let mut file = tempfile::tempfile_in(self.app.temp_dir())?;
            io::copy(&mut frozen.reader(closing, &part), &mut file)?;
            file.rewind()?;
            Ok::<_, io::Error>(file)
        };
        let file = copy().map_err(|error| books_error(error.into()))?;
        Ok(Some(FrozenPackageFile {
            file,
            name: match version {
                None => books::request::package_file_name(month, currency, is_full),
                Some(version) => {
                    books::request::closing_file_name(month, currency, is_full, version)
                }
            },
            bytes: part.bytes,
            sha256: part.sha256,
            revision: closing.revision,
        }))
    }
}

/// Returns the error for a month without any closing, or without the requested version.
fn no_such_version(month: Month, versions: &[&ClosedMonth]) -> ApiError {
    let known: Vec<String> = versions.iter().map(|known| known.version.to_string()).collect();
    if known.is_empty() {
        close_error(CloseError::Open)
    } else {
        let said = format!("{month} has been closed as version {}.", known.join(", "));
        ApiError::parameter("version", said)
    }
}

/// A view that was written to a temporary file.
pub struct WrittenView {
    /// The bytes, from the beginning.
    pub file: DiskFile,
    /// The name of the view.
    pub name: &'static str,
    /// The size, in bytes.
    pub bytes: u64,
}

/// A frozen package that was copied to a temporary file.
pub struct FrozenPackageFile {
    /// The bytes, from the beginning.
    pub file: DiskFile,
    /// The file name for the download.
    pub name: String,
    /// The size, in bytes.
    pub bytes: u64,
    /// The SHA-256 of the file.
    pub sha256: [u8; 32],
    /// The revision that the package was made from.
    pub revision: Revision,
}

/// The time limit of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerTimeLimit {
    /// The limit of a report page.
    Page,
    /// No limit, for the closing of a month.
    Unbounded,
}

/// Runs `work` on a blocking thread, with a session. Past its time limit, or when the caller stops
/// waiting, the work is told to stop.
pub async fn run_with_books<T: Send + 'static>(
    app: &App,
    provider: &Provider,
    patience: AnswerTimeLimit,
    work: impl FnOnce(&BooksContext<'_>) -> Result<T, ApiError> + Send + 'static,
) -> Result<(T, Revision), ApiError> {
    let is_over = Arc::new(AtomicBool::new(false));
    let stop = CancelOnDrop(Arc::clone(&is_over));
    let (app, provider) = (app.clone(), provider.id);
    let seconds = app.settings().reports.timeout_s;
    let done = blocking(move || {
        let session = app.mirror().session(provider).map_err(ApiError::from_mirror_error)?;
        let is_canceled = || is_over.load(Ordering::Relaxed);
        let settings = app.settings().accounting.for_provider(provider);
        let context =
            BooksContext { app: &app, session: &session, settings, is_canceled: &is_canceled };
        Ok((work(&context)?, session.revision()))
    });
    let answer = match patience {
        AnswerTimeLimit::Unbounded => done.await,
        AnswerTimeLimit::Page => {
            match tokio::time::timeout(Duration::from_secs(seconds), done).await {
                Ok(answer) => answer,
                Err(_) => {
                    let message = format!("The answer took longer than {seconds} seconds.");
                    Err(ApiError::unavailable(message))
                }
            }
        }
    };
    drop(stop);
    answer
}

/// A guard that tells the work to stop when it is dropped.
struct CancelOnDrop(Arc<AtomicBool>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Converts an error of the books, and logs it if it is internal.
pub fn books_error(error: PackageError) -> ApiError {
    match error {
        PackageError::Books(BooksError::Mirror(error)) => ApiError::from_mirror_error(error),
        PackageError::Store(error) => ApiError::from_store_error(error),
        error if error.is_canceled() => ApiError::unavailable("The answer took too long."),
        error => {
            crate::error::log_error(error.code(), &error);
            ApiError::internal()
        }
    }
}

/// Converts the reason why a month cannot be closed or reopened.
pub fn close_error(error: CloseError) -> ApiError {
    let with = |code, message: &str| ApiError::new(code, message);
    match error {
        CloseError::NotFound => with(
            ErrorCode::PeriodNotFound,
            "There are no books of this month: it lies before the first invoice or in the future.",
        ),
        CloseError::NotEnded => with(ErrorCode::PeriodNotEnded, "The month is not over."),
        CloseError::NotSequential { open } => {
            let mut error = with(
                ErrorCode::PeriodNotSequential,
                "Earlier months are open. Close them first, or send include_earlier.",
            );
            for month in open {
                error.fields.push("month", format!("{month} is open."));
            }
            error
        }
        CloseError::Open => with(ErrorCode::PeriodOpen, "The month is open."),
        CloseError::NotLatest => with(ErrorCode::PeriodNotLatest, "A later month is closed."),
        CloseError::Contended => with(ErrorCode::Conflict, "Another closing came in between."),
        CloseError::Package(error) => books_error(error),
    }
}

/// Returns the bytes of `{"data": …}`.
pub fn data_envelope(value: Value) -> Vec<u8> {
    json!({ "data": value }).to_string().into_bytes()
}

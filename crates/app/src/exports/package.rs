//! The checks of a request for an accounting package. Rule: spec/exports.md §2, §4, §10.15.

use accounting::{Month, ProviderCalendar};
use mirror::MirrorSession;
use model::time::Date;
use reports::CsvDialect;
use reports::exports::{AccountingPackageRequest, ExportRequest};

use super::export_caller::ExportCaller;
use crate::app::App;
use crate::book_answers::answers::{AnswerTimeLimit, books_error, run_with_books};
use crate::error::{ApiError, ErrorCode};
use crate::settings::ServerSettings;
use books::request::resolve_as_of;
use books::{PackageRequest, describe_currencies, first_books_month, has_postings};

/// The state of the books that a request is checked against.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct BooksState {
    /// The first day of the books' first month.
    pub(super) first_month: Option<Date>,
    /// The first day of the last closed month.
    pub(super) last_closed: Option<Date>,
}

/// Returns the first month and the last closed month of the caller's books.
pub(super) async fn read_books_state(
    app: &App,
    caller: &ExportCaller,
) -> Result<BooksState, ApiError> {
    let looked = run_with_books(app, &caller.admitted.provider, AnswerTimeLimit::Page, |context| {
        let frozen = context.frozen()?;
        let first = first_books_month(context.session, &frozen).map_err(books_error)?;
        let last_closed = frozen.latest().map(Month::first_day);
        Ok(BooksState { first_month: first.map(Month::first_day), last_closed })
    });
    looked.await.map(|(books, _)| books)
}

/// Returns true if the books have postings in the package's month and currency.
pub(super) async fn has_books(
    app: &App,
    caller: &ExportCaller,
    request: &ExportRequest,
    asked: AccountingPackageRequest,
) -> Result<bool, ApiError> {
    let request = request.clone();
    let looked =
        run_with_books(app, &caller.admitted.provider, AnswerTimeLimit::Page, move |context| {
            let wanted = package_request(context.app.settings(), context.session, &request, &asked)
                .map_err(|message| ApiError::parameter("as_of", message))?;
            let (store, folder) = (context.app.store(), context.app.temp_dir());
            has_postings(context.session, store, &wanted, folder, context.observer())
                .map_err(books_error)
        });
    looked.await.map(|(has_some, _)| has_some)
}

/// Returns the error for a package without postings, which names the currencies that have some.
pub(super) async fn nothing_to_export(
    app: &App,
    caller: &ExportCaller,
    asked: &AccountingPackageRequest,
) -> ApiError {
    let currency = asked.currency;
    let until = match asked.as_of {
        Some(at) => at.to_string(),
        None => Month::from_date(asked.month).to_string(),
    };
    let looked = run_with_books(app, &caller.admitted.provider, AnswerTimeLimit::Page, |context| {
        describe_currencies(context.session, &context.frozen()?).map_err(books_error)
    });
    let mut error = ApiError::new(ErrorCode::NothingToExport, "Nothing to export");
    if let Ok((Some(known), _)) = looked.await {
        let code = currency.code();
        let said = format!("Nothing is posted in {code} up to {until}. There is {known}.");
        error.fields.push("currency", said);
    }
    error
}

/// Returns the package that an export request describes. Errors: the message for the field `as_of`.
pub(crate) fn package_request(
    settings: &ServerSettings,
    session: &MirrorSession,
    request: &ExportRequest,
    asked: &AccountingPackageRequest,
) -> Result<PackageRequest, String> {
    let provider = session.provider();
    let calendar = ProviderCalendar::new(provider.timezone.clone());
    let month = Month::from_date(asked.month);
    let as_of = resolve_as_of(asked.as_of, month, &calendar, request.now())?;
    Ok(PackageRequest {
        month,
        currency: asked.currency,
        site_id: request.site_id(),
        as_of,
        reaches_now: asked.as_of.is_none() && as_of.is_some(),
        settings: settings.accounting.for_provider(provider.id),
        has_formula_guard: settings.files.csv_formula_guard,
        has_bom: request.csv_dialect() == CsvDialect::Excel,
        has_full_bundle: !settings.exports.rules(provider.id).is_strict,
    })
}

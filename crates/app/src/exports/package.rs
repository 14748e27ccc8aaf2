//! The checks of a request for an accounting package. Rule: spec/exports.md §2, §4, §10.15.

use accounting::{Calendar, Month};
use mirror::Session;
use model::time::Date;
use reports::CsvDialect;
use reports::exports::{ExportRequest, Package};

use super::caller::Caller;
use crate::app::App;
use crate::book_answers::answers::{Patience, at_desk, failed};
use crate::error::{ApiError, ErrorCode};
use crate::settings::ServerSettings;
use books::request::resolve_as_of;
use books::{PackageRequest, first_month, has_postings, what_there_is};

/// The state of the books that a request is checked against.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Books {
    /// The first day of the books' first month.
    pub(super) first_month: Option<Date>,
    /// The first day of the last closed month.
    pub(super) last_closed: Option<Date>,
}

/// Returns the first month and the last closed month of the caller's books.
pub(super) async fn books(app: &App, caller: &Caller) -> Result<Books, ApiError> {
    let looked = at_desk(app, &caller.admitted.provider, Patience::Page, |desk| {
        let frozen = desk.frozen()?;
        let first = first_month(desk.session, &frozen).map_err(failed)?;
        let last_closed = frozen.latest().map(Month::first_day);
        Ok(Books { first_month: first.map(Month::first_day), last_closed })
    });
    looked.await.map(|(books, _)| books)
}

/// Returns true if the books have postings in the package's month and currency.
pub(super) async fn has_books(
    app: &App,
    caller: &Caller,
    request: &ExportRequest,
    asked: Package,
) -> Result<bool, ApiError> {
    let request = request.clone();
    let looked = at_desk(app, &caller.admitted.provider, Patience::Page, move |desk| {
        let wanted = wanted(desk.app.settings(), desk.session, &request, &asked)
            .map_err(|message| ApiError::parameter("as_of", message))?;
        let (store, folder) = (desk.app.store(), desk.app.temp_dir());
        has_postings(desk.session, store, &wanted, folder, desk.watch()).map_err(failed)
    });
    looked.await.map(|(has_some, _)| has_some)
}

/// Returns the error for a package without postings, which names the currencies that have some.
pub(super) async fn nothing(app: &App, caller: &Caller, asked: &Package) -> ApiError {
    let currency = asked.currency;
    let until = match asked.as_of {
        Some(at) => at.to_string(),
        None => Month::of(asked.month).to_string(),
    };
    let looked = at_desk(app, &caller.admitted.provider, Patience::Page, |desk| {
        what_there_is(desk.session, &desk.frozen()?).map_err(failed)
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
pub(crate) fn wanted(
    settings: &ServerSettings,
    session: &Session,
    request: &ExportRequest,
    asked: &Package,
) -> Result<PackageRequest, String> {
    let provider = session.provider();
    let calendar = Calendar::new(provider.timezone.clone());
    let month = Month::of(asked.month);
    let as_of = resolve_as_of(asked.as_of, month, &calendar, request.now())?;
    Ok(PackageRequest {
        month,
        currency: asked.currency,
        site_id: request.site_id(),
        as_of,
        reaches_now: asked.as_of.is_none() && as_of.is_some(),
        settings: settings.accounting.of(provider.id),
        has_formula_guard: settings.files.csv_formula_guard,
        has_bom: request.csv_dialect() == CsvDialect::Excel,
        has_full_bundle: !settings.exports.rules(provider.id).is_strict,
    })
}

//! The months of the books: their list, closing, drift, frozen packages and the audit log.
//! Rule: spec/accounting.md §11.1, §12.2.

use accounting::Month;
use axum::body::Body;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, HeaderValue, header};
use model::file_format::FileFormat;
use model::money::Currency;
use reports::request::RawParameters;
use serde_json::{Value, json};
use tokio_util::io::ReaderStream;

use super::super::{json_response as json_answer, refuse_query, response_of_type, with_revision};
use super::books_endpoint::{
    BooksEndpointDocs, MONTH_ERRORS, VIEW_FORMATS, answer_view, endpoint, insert_attachment_name,
    parameters,
};
use crate::http::endpoint::{Endpoint, EndpointCall, EndpointMethod};
use crate::http::form;
use crate::openapi::books as documented;
use app::auth::admission::AdmittedRequest;
use app::book_answers::answers::{
    AnswerTimeLimit, BooksContext, FrozenPackageFile, books_error, close_error, data_envelope,
    run_with_books,
};
use app::book_answers::parameters::BooksParameters;
use app::error::{ApiError, ErrorCode};
use books::audit::{self, AuditFilter};
use books::close::{CloseError, CloseRequest, close_month, reopen_month};
use books::periods::{self, changed_rows};
use books::views::balance;

const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");
const PERIODS: &str = "/api/v1/accounting/periods";
/// Rows of a page of drift or of the audit log: the default and the largest number.
const PAGE_ROWS: (u64, u64) = (100, 1000);
/// Largest page number.
const PAGE_MAX: u64 = u32::MAX as u64;

/// Formats of the drift report.
const DRIFT_FORMATS: [&str; 2] = ["json", "csv"];
/// Errors of endpoints about one closed month.
const CLOSED_MONTH_ERRORS: &[ErrorCode] = &[ErrorCode::PeriodNotFound, ErrorCode::PeriodOpen];

/// Returns the endpoints about the months of the books.
pub(super) fn month_endpoints() -> Vec<Endpoint> {
    use documented::{
        currency_parameter, format_parameter, limit_parameter, month_path_parameter,
        number_parameter, optional_date_parameter, optional_word_parameter, page_parameter,
        word_parameter,
    };
    let none = Vec::new;
    vec![
        endpoint(
            EndpointMethod::Get,
            PERIODS,
            list,
            BooksEndpointDocs {
                id: "accounting_periods",
                summary: "The months of the books, and whether they are open or closed.",
                parameters: none(),
                request_body: None,
                answer: documented::answer_from_records(
                    "PeriodList",
                    "Every month from the first invoice's to the current one.",
                ),
                errors: &[],
            },
        ),
        endpoint(
            EndpointMethod::Get,
            "/api/v1/accounting/periods/{month}",
            grid,
            BooksEndpointDocs {
                id: "accounting_period",
                summary: "What a month moves in each account, by file of its package.",
                parameters: vec![
                    month_path_parameter(),
                    currency_parameter(),
                    format_parameter(&VIEW_FORMATS),
                ],
                request_body: None,
                answer: documented::answer_or_file(
                    "PeriodGrid",
                    "A row per file, between opening and closing balances.",
                    &VIEW_FORMATS,
                ),
                errors: MONTH_ERRORS,
            },
        ),
        endpoint(
            EndpointMethod::Post,
            "/api/v1/accounting/periods/{month}/close",
            close,
            BooksEndpointDocs {
                id: "accounting_close",
                summary: "Closes a month: its postings and packages are frozen.",
                parameters: vec![month_path_parameter()],
                request_body: Some(documented::close_body()),
                answer: documented::answer_from_records("PeriodAnswer", "The closed month."),
                errors: &[
                    ErrorCode::PeriodNotFound,
                    ErrorCode::PeriodNotEnded,
                    ErrorCode::PeriodNotSequential,
                    ErrorCode::Conflict,
                ],
            },
        ),
        endpoint(
            EndpointMethod::Post,
            "/api/v1/accounting/periods/{month}/reopen",
            reopen,
            BooksEndpointDocs {
                id: "accounting_reopen",
                summary: "Opens the latest closed month again.",
                parameters: vec![month_path_parameter()],
                request_body: Some(documented::reopen_body()),
                answer: documented::answer_from_records("PeriodAnswer", "The month, open again."),
                errors: &[
                    ErrorCode::PeriodNotFound,
                    ErrorCode::PeriodOpen,
                    ErrorCode::PeriodNotLatest,
                    ErrorCode::Conflict,
                ],
            },
        ),
        endpoint(
            EndpointMethod::Get,
            "/api/v1/accounting/periods/{month}/drift",
            drift,
            BooksEndpointDocs {
                id: "accounting_drift",
                summary: "How the records now differ from a closed month.",
                parameters: vec![
                    month_path_parameter(),
                    currency_parameter(),
                    format_parameter(&DRIFT_FORMATS),
                    page_parameter(),
                    limit_parameter(PAGE_ROWS.0, PAGE_ROWS.1),
                ],
                request_body: None,
                answer: documented::answer_or_file(
                    "Drift",
                    "A row per posting that differs.",
                    &DRIFT_FORMATS,
                ),
                errors: CLOSED_MONTH_ERRORS,
            },
        ),
        endpoint(
            EndpointMethod::Get,
            "/api/v1/accounting/periods/{month}/package",
            package,
            BooksEndpointDocs {
                id: "accounting_package",
                summary: "The frozen package of a closed month, as a ZIP.",
                parameters: vec![
                    month_path_parameter(),
                    currency_parameter(),
                    word_parameter(
                        "bundle",
                        "`full` has journals, trial balance and issues too.",
                        &["contract", "full"],
                    ),
                    number_parameter(
                        "version",
                        "Number of an earlier closing. Default: the one in force.",
                    ),
                ],
                request_body: None,
                answer: documented::package_answer(),
                errors: CLOSED_MONTH_ERRORS,
            },
        ),
        endpoint(
            EndpointMethod::Get,
            "/api/v1/accounting/audit",
            audit_log,
            BooksEndpointDocs {
                id: "accounting_audit",
                summary: "Who closed and reopened which month, when and why: newest first.",
                parameters: vec![
                    optional_date_parameter("from", "First day."),
                    optional_date_parameter("to", "Last day."),
                    optional_word_parameter("action", "Only these.", &["close", "reopen"]),
                    page_parameter(),
                    limit_parameter(PAGE_ROWS.0, PAGE_ROWS.1),
                    format_parameter(&VIEW_FORMATS),
                ],
                request_body: None,
                answer: documented::answer_or_file(
                    "AuditLog",
                    "A row per closing and reopening.",
                    &VIEW_FORMATS,
                ),
                errors: &[],
            },
        ),
    ]
}

async fn list(call: EndpointCall, admitted: AdmittedRequest) -> Result<Response, ApiError> {
    let given = parameters(&call)?;
    BooksParameters::new(&given).finish(Some(()))?;
    let work = |context: &BooksContext<'_>| {
        let now = context.app.clock().now();
        let months = periods::list_periods(context.session, context.app.store(), now)
            .map_err(books_error)?;
        Ok(data_envelope(Value::Array(months)))
    };
    let (bytes, revision) =
        run_with_books(&call.app, &admitted.provider, AnswerTimeLimit::Page, work).await?;
    Ok(with_revision(json_answer(bytes), revision))
}

async fn grid(call: EndpointCall, admitted: AdmittedRequest) -> Result<Response, ApiError> {
    let given = parameters(&call)?;
    let mut asked = BooksParameters::new(&given);
    let month = asked.month_in_path(call.path.get("month"));
    let (currency, format) = (asked.currency(), asked.format());
    let all = month.and_then(|month| Some((month, currency?, format?)));
    let (month, currency, format) = asked.finish(all)?;
    answer_view(call, admitted, format, move |context| {
        let month = context.month_in_books(month)?;
        balance::period_grid(&context.view(currency), month).map_err(books_error)
    })
    .await
}

async fn close(mut call: EndpointCall, admitted: AdmittedRequest) -> Result<Response, ApiError> {
    let given = read_body_fields(&mut call).await?;
    let mut asked = BooksParameters::new(&given);
    let month = asked.month_in_path(call.path.get("month"));
    let note = asked.text("note").map(str::to_owned);
    let includes_earlier = asked.flag("include_earlier");
    let month = asked.finish(month)?;
    let by = caller_name(&admitted);
    let work = move |context: &BooksContext<'_>| {
        let request = CloseRequest {
            month,
            note,
            includes_earlier,
            by,
            now: context.app.clock().now(),
            settings: context.settings.clone(),
            has_formula_guard: context.app.settings().files.csv_formula_guard,
        };
        let folder = tempfile::tempdir_in(context.app.temp_dir());
        let folder = folder.map_err(|error| books_error(error.into()))?;
        let store = context.app.store();
        close_month(context.session, store, &request, folder.path(), &|_| (), context.observer())
            .map_err(close_error)?;
        let shown =
            periods::period_json(&context.frozen()?, month).map_err(ApiError::from_store_error)?;
        Ok(data_envelope(shown))
    };
    let done =
        run_with_books(&call.app, &admitted.provider, AnswerTimeLimit::Unbounded, work).await?;
    Ok(with_revision(json_answer(done.0), done.1))
}

async fn reopen(mut call: EndpointCall, admitted: AdmittedRequest) -> Result<Response, ApiError> {
    let given = read_body_fields(&mut call).await?;
    let mut asked = BooksParameters::new(&given);
    let month = asked.month_in_path(call.path.get("month"));
    let reason = asked.required("reason").map(str::to_owned);
    let (month, reason) = asked.finish(month.and_then(|month| Some((month, reason?))))?;
    let by = caller_name(&admitted);
    let work = move |context: &BooksContext<'_>| {
        context.month_in_books(month)?;
        let (provider, now) = (context.session.provider().id, context.app.clock().now());
        reopen_month(context.app.store(), provider, month, &by, &reason, now)
            .map_err(close_error)?;
        let shown =
            periods::period_json(&context.frozen()?, month).map_err(ApiError::from_store_error)?;
        Ok(data_envelope(shown))
    };
    let done = run_with_books(&call.app, &admitted.provider, AnswerTimeLimit::Page, work).await?;
    Ok(with_revision(json_answer(done.0), done.1))
}

/// Reads the fields of a body that may be empty. Fails if there is a query.
async fn read_body_fields(call: &mut EndpointCall) -> Result<RawParameters, ApiError> {
    refuse_query(call)?;
    let body = std::mem::take(&mut call.body);
    let (app, headers) = (call.app.clone(), call.parts.headers.clone());
    form::read_optional_body_parameters(&app, &headers, body).await
}

/// Returns the display name of the caller.
fn caller_name(admitted: &AdmittedRequest) -> String {
    let principal = &admitted.principal;
    principal.name.clone().unwrap_or_else(|| principal.identity.to_string())
}

async fn drift(call: EndpointCall, admitted: AdmittedRequest) -> Result<Response, ApiError> {
    let given = parameters(&call)?;
    let mut asked = BooksParameters::new(&given);
    let month = asked.month_in_path(call.path.get("month"));
    let (currency, format) = (asked.currency(), asked.format());
    if matches!(format, Some(FileFormat::Xlsx | FileFormat::Parquet)) {
        asked.add_error("format", "Must be one of json, csv.");
    }
    for name in ["page", "limit"] {
        if matches!(format, Some(FileFormat::Csv)) && asked.has(name) {
            asked.add_error(name, "Only JSON comes in pages: a CSV file has all rows.");
        }
    }
    let (page, limit) =
        (asked.number("page", 1, PAGE_MAX), asked.number("limit", PAGE_ROWS.0, PAGE_ROWS.1));
    let all = month.and_then(|month| Some((month, currency?, format?, page?, limit?)));
    let (month, currency, format, page, limit) = asked.finish(all)?;
    if format != FileFormat::Json {
        return answer_view(call, admitted, format, move |context| {
            context.month_in_books(month)?;
            let view = periods::drift_view(context.view(currency), month).map_err(books_error)?;
            view.ok_or_else(|| close_error(CloseError::Open))
        })
        .await;
    }
    let work = move |context: &BooksContext<'_>| {
        context.month_in_books(month)?;
        drift_page(context, month, currency, page, limit)
    };
    let (bytes, revision) =
        run_with_books(&call.app, &admitted.provider, AnswerTimeLimit::Page, work).await?;
    Ok(with_revision(json_answer(bytes), revision))
}

/// Returns a page of the drift report as JSON.
fn drift_page(
    context: &BooksContext<'_>,
    month: Month,
    currency: Currency,
    page: u64,
    limit: u64,
) -> Result<Vec<u8>, ApiError> {
    let start = (page - 1).saturating_mul(limit);
    let wanted = start..start.saturating_add(limit);
    let report =
        periods::drift_of_month(&context.view(currency), month, wanted).map_err(books_error)?;
    let report = report.ok_or_else(|| close_error(CloseError::Open))?;
    let frozen = context.frozen()?;
    let shown = report.rows.iter().map(|row| {
        let changed = changed_rows(context.session, context.app.store(), &frozen, row);
        Ok(report.row_json(row, changed.map_err(books_error)?))
    });
    let shown = shown.collect::<Result<Vec<_>, ApiError>>()?;
    let body = json!({
        "month": month.to_string(),
        "currency": currency.code(),
        "data": shown,
        "sums": report.sums_json(),
        "meta": {"current_page": page, "per_page": limit, "total": report.total},
    });
    Ok(body.to_string().into_bytes())
}

async fn package(call: EndpointCall, admitted: AdmittedRequest) -> Result<Response, ApiError> {
    let given = parameters(&call)?;
    let mut asked = BooksParameters::new(&given);
    let month = asked.month_in_path(call.path.get("month"));
    let currency = asked.currency();
    let is_full = match asked.text("bundle") {
        None | Some("contract") => Some(false),
        Some("full") => Some(true),
        Some(_) => {
            asked.add_error("bundle", "Must be contract or full.");
            None
        }
    };
    let version = asked.optional_number("version");
    let all = month.and_then(|month| Some((month, currency?, is_full?, version)));
    let (month, currency, is_full, version) = asked.finish(all)?;
    let work = move |context: &BooksContext<'_>| {
        context.month_in_books(month)?;
        context.frozen_package(month, currency, is_full, version)
    };
    let (file, _) =
        run_with_books(&call.app, &admitted.provider, AnswerTimeLimit::Page, work).await?;
    match file {
        Some(file) => Ok(frozen_file_response(file)),
        None => Err(ApiError::parameter("currency", "The closed month has no books in it.")),
    }
}

/// Answers with a frozen file and the headers to check it. Rule: spec/exports.md §6.
fn frozen_file_response(file: FrozenPackageFile) -> Response {
    let body = Body::from_stream(ReaderStream::new(tokio::fs::File::from_std(file.file)));
    let mut response = response_of_type("application/force-download", body);
    insert_attachment_name(&mut response, &file.name);
    let digest = STANDARD.encode(file.sha256);
    let hex: String = file.sha256.iter().map(|byte| format!("{byte:02x}")).collect();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, file.bytes.into());
    for (name, value) in
        [(header::ETAG, format!("\"{hex}\"")), (REPR_DIGEST, format!("sha-256=:{digest}:"))]
    {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    with_revision(response, file.revision)
}

async fn audit_log(call: EndpointCall, admitted: AdmittedRequest) -> Result<Response, ApiError> {
    let given = parameters(&call)?;
    let mut asked = BooksParameters::new(&given);
    let (from, to) = (asked.optional_date("from"), asked.optional_date("to"));
    let action = asked.action();
    let (page, limit) =
        (asked.number("page", 1, u64::MAX), asked.number("limit", PAGE_ROWS.0, PAGE_ROWS.1));
    let format = asked.format();
    let filter = AuditFilter { from, to, action };
    let all = page.and_then(|page| Some((filter, page, limit?, format?)));
    let (filter, page, limit, format) = asked.finish(all)?;
    answer_view(call, admitted, format, move |context| {
        let entries = audit::audited_actions(context.session, context.app.store(), filter)
            .map_err(books_error)?;
        Ok(audit::audit_view(context.session, &entries, page, limit))
    })
    .await
}

//! `/api/v1/accounting…`: the periods of the books, their closing, and reports from the postings.
//! Rule: spec/accounting.md §11.1, §12.2, §13.

use accounting::Month;
use axum::body::Body;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, HeaderValue, header};
use model::file_format::FileFormat;
use model::money::Currency;
use model::permission::Permission;
use reports::request::RawParameters;
use serde_json::{Value, json};
use tokio_util::io::ReaderStream;

use super::{json_response as json_answer, refuse_query, response_of_type, with_revision};
use crate::http::endpoint::{
    AnswerFormats, AnswerFuture, Endpoint, EndpointAction, EndpointCall, EndpointMethod,
};
use crate::http::{form, query};
use crate::openapi::{Operation, books as documented};
use app::auth::admission::{AdmittedRequest, Requirement};
use app::auth::caller::Modes;
use app::book_answers::answers::{
    AnswerTimeLimit, BooksContext, FrozenPackageFile, WrittenView, books_error, close_error,
    data_envelope, run_with_books,
};
use app::book_answers::parameters::BooksParameters;
use app::error::{ApiError, ErrorCode};
use books::audit::{self, AuditFilter};
use books::close::{CloseError, CloseRequest, close_month, reopen_month};
use books::explain::{explain_entry, explanation_json};
use books::periods::{self, changed_rows};
use books::views::{BooksView, aging, balance, revenue, waterfall};

const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");
const PERIODS: &str = "/api/v1/accounting/periods";
/// Rows of a page of drift or of the audit log: the default and the largest number.
const PAGE_ROWS: (u64, u64) = (100, 1000);
/// Largest page number.
const PAGE_MAX: u64 = u32::MAX as u64;

/// Formats of a report from the postings. `DRIFT_FORMATS` has those of the drift report.
const VIEW_FORMATS: [&str; 4] = ["json", "csv", "xlsx", "parquet"];
const DRIFT_FORMATS: [&str; 2] = ["json", "csv"];
/// Errors of endpoints about one month. `CLOSED_MONTH_ERRORS` has those that need a closed month.
const MONTH_ERRORS: &[ErrorCode] = &[ErrorCode::PeriodNotFound];
const CLOSED_MONTH_ERRORS: &[ErrorCode] = &[ErrorCode::PeriodNotFound, ErrorCode::PeriodOpen];

/// The OpenAPI description of one endpoint of the books.
struct BooksEndpointDocs {
    id: &'static str,
    summary: &'static str,
    parameters: Vec<Value>,
    request_body: Option<Value>,
    answer: Value,
    errors: &'static [ErrorCode],
}

pub(super) fn endpoints() -> Vec<Endpoint> {
    let mut all = month_endpoints();
    all.extend(view_endpoints());
    all
}

/// Returns the endpoints about the months of the books.
fn month_endpoints() -> Vec<Endpoint> {
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

/// Returns the endpoints of the reports from the postings.
fn view_endpoints() -> Vec<Endpoint> {
    use documented::{
        currency_parameter, date_parameter, format_parameter, month_parameter,
        optional_currency_parameter, optional_month_parameter, text_parameter, word_parameter,
    };
    let of_month = || {
        vec![
            month_parameter("month", "The month"),
            currency_parameter(),
            format_parameter(&VIEW_FORMATS),
        ]
    };
    let range =
        || vec![month_parameter("from", "First month"), month_parameter("to", "Last month")];
    let with = |mut first: Vec<Value>, more: Vec<Value>| {
        first.extend(more);
        first
    };
    vec![
        endpoint(
            EndpointMethod::Get,
            "/api/v1/accounting/issues",
            issues,
            view_docs(
                "accounting_issues",
                "Records that look wrong as they are now, and the rule that was applied.",
                vec![
                    optional_month_parameter("month", "Only those of this month. Default: all"),
                    optional_currency_parameter("Only those in this currency. Default: all."),
                    format_parameter(&VIEW_FORMATS),
                ],
                ("BookIssues", "A row per record that looks wrong."),
            ),
        ),
        endpoint(
            EndpointMethod::Get,
            "/api/v1/accounting/trial_balance",
            trial_balance,
            view_docs(
                "accounting_trial_balance",
                "Opening balance, movements and closing balance of each account in a month.",
                of_month(),
                ("TrialBalance", "A row per account, and their total."),
            ),
        ),
        endpoint(
            EndpointMethod::Get,
            "/api/v1/accounting/deferred_waterfall",
            deferred_waterfall,
            view_docs(
                "accounting_deferred_waterfall",
                "In which months deferred revenue was booked, and in which it is recognized.",
                with(range(), vec![currency_parameter(), format_parameter(&VIEW_FORMATS)]),
                ("DeferredWaterfall", "A row per booking month, and their total."),
            ),
        ),
        endpoint(
            EndpointMethod::Get,
            "/api/v1/accounting/ar_aging",
            ar_aging,
            view_docs(
                "accounting_ar_aging",
                "What customers owe at the end of a day, by age.",
                vec![
                    date_parameter(
                        "as_of",
                        "The day at whose end invoices are looked at, such as `2026-01-31`.",
                    ),
                    currency_parameter(),
                    format_parameter(&VIEW_FORMATS),
                ],
                ("ArAging", "A row per invoice with something due, and their total."),
            ),
        ),
        endpoint(
            EndpointMethod::Get,
            "/api/v1/accounting/revenue_by_plan",
            revenue_by_plan,
            view_docs(
                "accounting_revenue_by_plan",
                "Revenue and deferred revenue by month and plan, product or site.",
                with(
                    range(),
                    vec![
                        word_parameter(
                            "group_by",
                            "What rows are grouped by.",
                            &["plan", "product", "site"],
                        ),
                        currency_parameter(),
                        format_parameter(&VIEW_FORMATS),
                    ],
                ),
                ("RevenueByPlan", "A row per month and group."),
            ),
        ),
        endpoint(
            EndpointMethod::Get,
            "/api/v1/accounting/explain",
            explain,
            BooksEndpointDocs {
                id: "accounting_explain",
                summary: "One posting with its source records and the arithmetic behind it.",
                parameters: vec![text_parameter(
                    "entry_id",
                    "The posting, as in the column `entry_id` of journal.csv: `subscription_revenue:7`.",
                )],
                request_body: None,
                answer: documented::answer_from_records("Explanation", "The posting."),
                errors: &[ErrorCode::NotFound],
            },
        ),
    ]
}

/// Returns the description of a report from the postings, with the name of its schema and the
/// meaning of its rows.
fn view_docs(
    id: &'static str,
    summary: &'static str,
    parameters: Vec<Value>,
    (schema, rows): (&str, &str),
) -> BooksEndpointDocs {
    let answer = documented::answer_or_file(schema, rows, &VIEW_FORMATS);
    BooksEndpointDocs { id, summary, parameters, request_body: None, answer, errors: MONTH_ERRORS }
}

fn endpoint<F>(
    method: EndpointMethod,
    path: &'static str,
    handle: fn(EndpointCall, AdmittedRequest) -> F,
    said: BooksEndpointDocs,
) -> Endpoint
where
    F: Future<Output = Result<Response, ApiError>> + Send + 'static,
{
    let required = Requirement {
        permissions: &[Permission::Accounting, Permission::SuperAdmin],
        modes: Modes::PROVIDER,
        writes: method == EndpointMethod::Post,
    };
    let handle = move |call, admitted| -> AnswerFuture { Box::pin(handle(call, admitted)) };
    let BooksEndpointDocs { id, summary, parameters, request_body, answer, errors } = said;
    Endpoint {
        method,
        path: path.to_owned(),
        template: path,
        action: EndpointAction::Admitted(required, Box::new(handle)),
        consumes: &[],
        produces: AnswerFormats::Fixed,
        operation: Operation {
            id: id.to_owned(),
            tag: "Books",
            summary: summary.to_owned(),
            description: String::new(),
            parameters,
            request_body,
            answer: (200, answer),
            errors,
            own_permissions: None,
        },
    }
}

/// Answers with a report from the postings, in `format`.
async fn answer_view(
    call: EndpointCall,
    admitted: AdmittedRequest,
    format: FileFormat,
    view: impl for<'d> FnOnce(&'d BooksContext<'d>) -> Result<BooksView<'d>, ApiError> + Send + 'static,
) -> Result<Response, ApiError> {
    // Only `app` is kept: the body cannot be held across an await.
    let EndpointCall { app, .. } = call;
    let work = move |desk: &BooksContext<'_>| desk.write(view(desk)?, format);
    let (written, revision) =
        run_with_books(&app, &admitted.provider, AnswerTimeLimit::Page, work).await?;
    let content_type = format.content_type();
    let WrittenView { file, name, bytes } = written;
    let body = Body::from_stream(ReaderStream::new(tokio::fs::File::from_std(file)));
    let mut response = with_revision(response_of_type(content_type, body), revision);
    response.headers_mut().insert(header::CONTENT_LENGTH, bytes.into());
    if format != FileFormat::Json {
        insert_attachment_name(&mut response, &format!("{name}.{}", format.extension()));
    }
    Ok(response)
}

fn insert_attachment_name(response: &mut Response, name: &str) {
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, value);
    }
}

fn parameters(call: &EndpointCall) -> Result<RawParameters, ApiError> {
    query::parse(call.parts.uri.query())
}

async fn list(call: EndpointCall, admitted: AdmittedRequest) -> Result<Response, ApiError> {
    let given = parameters(&call)?;
    BooksParameters::new(&given).finish(Some(()))?;
    let work = |desk: &BooksContext<'_>| {
        let now = desk.app.clock().now();
        let months =
            periods::list_periods(desk.session, desk.app.store(), now).map_err(books_error)?;
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
    answer_view(call, admitted, format, move |desk| {
        let month = desk.month_in_books(month)?;
        balance::period_grid(&desk.view(currency), month).map_err(books_error)
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
    let work = move |desk: &BooksContext<'_>| {
        let request = CloseRequest {
            month,
            note,
            includes_earlier,
            by,
            now: desk.app.clock().now(),
            settings: desk.settings.clone(),
            has_formula_guard: desk.app.settings().files.csv_formula_guard,
        };
        let folder = tempfile::tempdir_in(desk.app.temp_dir());
        let folder = folder.map_err(|error| books_error(error.into()))?;
        let store = desk.app.store();
        close_month(desk.session, store, &request, folder.path(), &|_| (), desk.watch())
            .map_err(close_error)?;
        let shown =
            periods::period_json(&desk.frozen()?, month).map_err(ApiError::from_store_error)?;
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
    let work = move |desk: &BooksContext<'_>| {
        desk.month_in_books(month)?;
        let (provider, now) = (desk.session.provider().id, desk.app.clock().now());
        reopen_month(desk.app.store(), provider, month, &by, &reason, now).map_err(close_error)?;
        let shown =
            periods::period_json(&desk.frozen()?, month).map_err(ApiError::from_store_error)?;
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
        return answer_view(call, admitted, format, move |desk| {
            desk.month_in_books(month)?;
            let view = periods::drift_view(desk.view(currency), month).map_err(books_error)?;
            view.ok_or_else(|| close_error(CloseError::Open))
        })
        .await;
    }
    let work = move |desk: &BooksContext<'_>| {
        desk.month_in_books(month)?;
        drift_page(desk, month, currency, page, limit)
    };
    let (bytes, revision) =
        run_with_books(&call.app, &admitted.provider, AnswerTimeLimit::Page, work).await?;
    Ok(with_revision(json_answer(bytes), revision))
}

/// Returns a page of the drift report as JSON.
fn drift_page(
    desk: &BooksContext<'_>,
    month: Month,
    currency: Currency,
    page: u64,
    limit: u64,
) -> Result<Vec<u8>, ApiError> {
    let start = (page - 1).saturating_mul(limit);
    let wanted = start..start.saturating_add(limit);
    let report =
        periods::drift_of_month(&desk.view(currency), month, wanted).map_err(books_error)?;
    let report = report.ok_or_else(|| close_error(CloseError::Open))?;
    let frozen = desk.frozen()?;
    let shown = report.rows.iter().map(|row| {
        let changed = changed_rows(desk.session, desk.app.store(), &frozen, row);
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
    let work = move |desk: &BooksContext<'_>| {
        desk.month_in_books(month)?;
        desk.frozen_package(month, currency, is_full, version)
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

async fn issues(call: EndpointCall, admitted: AdmittedRequest) -> Result<Response, ApiError> {
    let given = parameters(&call)?;
    let mut asked = BooksParameters::new(&given);
    let (month, currency) = (asked.optional_month("month"), asked.optional_currency());
    let format = asked.format();
    let format = asked.finish(format)?;
    answer_view(call, admitted, format, move |desk| {
        let month = month.map(|month| desk.month_in_books(month)).transpose()?;
        desk.issues(month, currency)
    })
    .await
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
    answer_view(call, admitted, format, move |desk| {
        let entries =
            audit::audited_actions(desk.session, desk.app.store(), filter).map_err(books_error)?;
        Ok(audit::audit_view(desk.session, &entries, page, limit))
    })
    .await
}

async fn trial_balance(
    call: EndpointCall,
    admitted: AdmittedRequest,
) -> Result<Response, ApiError> {
    answer_month_view(call, admitted, |desk, month, currency| {
        balance::trial_balance(&desk.view(currency), month).map_err(books_error)
    })
    .await
}

/// Answers with a report about one month and currency.
async fn answer_month_view(
    call: EndpointCall,
    admitted: AdmittedRequest,
    view: impl for<'d> FnOnce(&'d BooksContext<'d>, Month, Currency) -> Result<BooksView<'d>, ApiError>
    + Send
    + 'static,
) -> Result<Response, ApiError> {
    let given = parameters(&call)?;
    let mut asked = BooksParameters::new(&given);
    let (month, currency, format) = (asked.month("month"), asked.currency(), asked.format());
    let all = month.and_then(|month| Some((month, currency?, format?)));
    let (month, currency, format) = asked.finish(all)?;
    answer_view(call, admitted, format, move |desk| {
        view(desk, desk.month_in_books(month)?, currency)
    })
    .await
}

async fn deferred_waterfall(
    call: EndpointCall,
    admitted: AdmittedRequest,
) -> Result<Response, ApiError> {
    let given = parameters(&call)?;
    let mut asked = BooksParameters::new(&given);
    let (months, currency, format) = (asked.months(), asked.currency(), asked.format());
    let all = months.and_then(|months| Some((months, currency?, format?)));
    let ((from, to), currency, format) = asked.finish(all)?;
    answer_view(call, admitted, format, move |desk| {
        let to = desk.month_in_books(to)?;
        waterfall::deferred_waterfall(&desk.view(currency), from, to).map_err(books_error)
    })
    .await
}

async fn ar_aging(call: EndpointCall, admitted: AdmittedRequest) -> Result<Response, ApiError> {
    let given = parameters(&call)?;
    let mut asked = BooksParameters::new(&given);
    let (as_of, currency, format) = (asked.date("as_of"), asked.currency(), asked.format());
    let all = as_of.and_then(|as_of| Some((as_of, currency?, format?)));
    let (as_of, currency, format) = asked.finish(all)?;
    answer_view(call, admitted, format, move |desk| {
        desk.month_in_books(Month::from_date(as_of))?;
        aging::ar_aging(&desk.view(currency), as_of).map_err(books_error)
    })
    .await
}

async fn revenue_by_plan(
    call: EndpointCall,
    admitted: AdmittedRequest,
) -> Result<Response, ApiError> {
    let given = parameters(&call)?;
    let mut asked = BooksParameters::new(&given);
    let (months, group_by) = (asked.months(), asked.group_by());
    let (currency, format) = (asked.currency(), asked.format());
    let all = months.and_then(|months| Some((months, group_by?, currency?, format?)));
    let ((from, to), group_by, currency, format) = asked.finish(all)?;
    answer_view(call, admitted, format, move |desk| {
        let to = desk.month_in_books(to)?;
        revenue::revenue_by_plan(&desk.view(currency), from, to, group_by).map_err(books_error)
    })
    .await
}

async fn explain(call: EndpointCall, admitted: AdmittedRequest) -> Result<Response, ApiError> {
    let given = parameters(&call)?;
    let mut asked = BooksParameters::new(&given);
    let entry = asked.required("entry_id").map(str::to_owned);
    let entry = asked.finish(entry)?;
    let work = move |desk: &BooksContext<'_>| {
        let now = desk.app.clock().now();
        let found =
            explain_entry(desk.session, &desk.settings, &entry, now).map_err(books_error)?;
        let found = found.ok_or_else(ApiError::not_found)?;
        explanation_json(desk.session, &found).map(data_envelope).map_err(books_error)
    };
    let (bytes, revision) =
        run_with_books(&call.app, &admitted.provider, AnswerTimeLimit::Page, work).await?;
    Ok(with_revision(json_answer(bytes), revision))
}

//! Reports from the postings. Rule: spec/accounting.md §13.

use accounting::Month;
use axum::response::Response;
use model::money::Currency;
use serde_json::Value;

use super::super::{json_response as json_answer, with_revision};
use super::books_endpoint::{
    BooksEndpointDocs, MONTH_ERRORS, VIEW_FORMATS, answer_view, endpoint, parameters,
};
use crate::http::endpoint::{Endpoint, EndpointCall, EndpointMethod};
use crate::openapi::books as documented;
use app::auth::admission::AdmittedRequest;
use app::book_answers::answers::{
    AnswerTimeLimit, BooksContext, books_error, data_envelope, run_with_books,
};
use app::book_answers::parameters::BooksParameters;
use app::error::{ApiError, ErrorCode};
use books::explain::{explain_entry, explanation_json};
use books::views::{BooksView, aging, balance, revenue, waterfall};

/// Returns the endpoints of the reports from the postings.
pub(super) fn view_endpoints() -> Vec<Endpoint> {
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

async fn issues(call: EndpointCall, admitted: AdmittedRequest) -> Result<Response, ApiError> {
    let given = parameters(&call)?;
    let mut asked = BooksParameters::new(&given);
    let (month, currency) = (asked.optional_month("month"), asked.optional_currency());
    let format = asked.format();
    let format = asked.finish(format)?;
    answer_view(call, admitted, format, move |context| {
        let month = month.map(|month| context.month_in_books(month)).transpose()?;
        context.issues(month, currency)
    })
    .await
}

async fn trial_balance(
    call: EndpointCall,
    admitted: AdmittedRequest,
) -> Result<Response, ApiError> {
    answer_month_view(call, admitted, |context, month, currency| {
        balance::trial_balance(&context.view(currency), month).map_err(books_error)
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
    answer_view(call, admitted, format, move |context| {
        view(context, context.month_in_books(month)?, currency)
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
    answer_view(call, admitted, format, move |context| {
        let to = context.month_in_books(to)?;
        waterfall::deferred_waterfall(&context.view(currency), from, to).map_err(books_error)
    })
    .await
}

async fn ar_aging(call: EndpointCall, admitted: AdmittedRequest) -> Result<Response, ApiError> {
    let given = parameters(&call)?;
    let mut asked = BooksParameters::new(&given);
    let (as_of, currency, format) = (asked.date("as_of"), asked.currency(), asked.format());
    let all = as_of.and_then(|as_of| Some((as_of, currency?, format?)));
    let (as_of, currency, format) = asked.finish(all)?;
    answer_view(call, admitted, format, move |context| {
        context.month_in_books(Month::from_date(as_of))?;
        aging::ar_aging(&context.view(currency), as_of).map_err(books_error)
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
    answer_view(call, admitted, format, move |context| {
        let to = context.month_in_books(to)?;
        revenue::revenue_by_plan(&context.view(currency), from, to, group_by).map_err(books_error)
    })
    .await
}

async fn explain(call: EndpointCall, admitted: AdmittedRequest) -> Result<Response, ApiError> {
    let given = parameters(&call)?;
    let mut asked = BooksParameters::new(&given);
    let entry = asked.required("entry_id").map(str::to_owned);
    let entry = asked.finish(entry)?;
    let work = move |context: &BooksContext<'_>| {
        let now = context.app.clock().now();
        let found =
            explain_entry(context.session, &context.settings, &entry, now).map_err(books_error)?;
        let found = found.ok_or_else(ApiError::not_found)?;
        explanation_json(context.session, &found).map(data_envelope).map_err(books_error)
    };
    let (bytes, revision) =
        run_with_books(&call.app, &admitted.provider, AnswerTimeLimit::Page, work).await?;
    Ok(with_revision(json_answer(bytes), revision))
}

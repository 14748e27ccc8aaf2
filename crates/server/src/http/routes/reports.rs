//! `GET /api/v2/reports/{report}/data` and `POST …/export`. Rule: spec/reports.md §1, §3, §7, §11.

use axum::response::Response;
use reports::Report;

use super::{answer, at_revision, json, request_id};
use crate::http::accept::Accept;
use crate::http::endpoint::{Action, Call, Endpoint, Method, Produces};
use crate::http::{form, idempotency, query};
use crate::openapi::{Operation, reports as documented};
use app::auth::admission::{Admitted, Requirement};
use app::auth::principal::Modes;
use app::error::{ApiError, ErrorCode};
use app::report_files::queue::{self, Asked};
use app::report_pages::page::{self, PageFormat};

pub(super) fn endpoints() -> Vec<Endpoint> {
    reports::catalogue().iter().flat_map(|report| [page(report), file(report)]).collect()
}

fn page(report: &'static Report) -> Endpoint {
    let required =
        Requirement { permissions: report.permissions(), modes: Modes::PROVIDER, writes: false };
    let description = reports::describe::describe(report, "");
    let name = report.name();
    Endpoint {
        method: Method::Get,
        path: format!("/api/v2/reports/{name}/data"),
        template: "/api/v2/reports/{report}/data",
        action: Action::Admitted(
            required,
            Box::new(move |call, admitted| Box::pin(data(report, call, admitted))),
        ),
        consumes: &[],
        produces: Produces::JsonOrCsv,
        operation: Operation {
            id: format!("{}_data", name.replace('.', "_")),
            tag: "Reports",
            summary: format!("One page of {}.", report.label()),
            description: String::new(),
            parameters: documented::of_page(&description),
            request_body: None,
            answer: (200, documented::page_answer(report)),
            errors: &[],
            own_permissions: None,
        },
    }
}

fn file(report: &'static Report) -> Endpoint {
    let required =
        Requirement { permissions: report.permissions(), modes: Modes::PROVIDER, writes: false };
    let description = reports::describe::describe(report, "");
    let name = report.name();
    Endpoint {
        method: Method::Post,
        path: format!("/api/v2/reports/{name}/export"),
        template: "/api/v2/reports/{report}/export",
        action: Action::Admitted(
            required,
            Box::new(move |call, admitted| Box::pin(export(report, call, admitted))),
        ),
        consumes: &[],
        produces: Produces::JsonOrCsv,
        operation: Operation {
            id: format!("{}_export", name.replace('.', "_")),
            tag: "Reports",
            summary: format!("All of {}, as a file made in the background.", report.label()),
            description: "Answers with the number of a job; the file is where the job says."
                .to_owned(),
            parameters: vec![documented::format_of_export(), documented::idempotency_key()],
            request_body: Some(documented::of_export(&description)),
            answer: (200, documented::export_answer()),
            errors: &[ErrorCode::IdempotencyConflict, ErrorCode::TooManyExports],
            own_permissions: None,
        },
    }
}

async fn export(
    report: &'static Report,
    call: Call,
    admitted: Admitted,
) -> Result<Response, ApiError> {
    let headers = &call.parts.headers;
    let has_json = Accept::read(headers).allows("application/json");
    let body = form::read_if_any(&call.app, headers, call.body).await?;
    let asked = Asked {
        report,
        body,
        query: query::parse(call.parts.uri.query())?,
        key: idempotency::read(headers),
        request_id: request_id(&call.parts),
    };
    let job = queue::run(&call.app, asked, admitted).await?;
    Ok(match has_json {
        true => json(format!(r#"{{"job":{}}}"#, job.id)),
        false => answer("text/csv; charset=utf-8", format!("job\r\n{}\r\n", job.id)),
    })
}

async fn data(
    report: &'static Report,
    call: Call,
    admitted: Admitted,
) -> Result<Response, ApiError> {
    let accept = Accept::read(&call.parts.headers);
    let fallback = match accept.allows("application/json") {
        true => PageFormat::Json,
        false => PageFormat::Csv,
    };
    let parameters = query::parse(call.parts.uri.query())?;
    let page = page::run(&call.app, report, &parameters, admitted, fallback).await?;
    let content_type = match page.format {
        PageFormat::Csv => "text/csv; charset=utf-8",
        _ => "application/json",
    };
    Ok(at_revision(answer(content_type, page.bytes), page.revision))
}

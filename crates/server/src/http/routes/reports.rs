//! `GET /api/v2/reports/{report}/data` and `POST …/export`. Rule: spec/reports.md §1, §3, §7, §11.

use axum::response::Response;
use model::file_format::FileFormat;
use reports::Report;

use super::{json_response, request_id, response_of_type, with_revision};
use crate::http::accept::Accept;
use crate::http::endpoint::{
    AnswerFormats, Endpoint, EndpointAction, EndpointCall, EndpointMethod,
};
use crate::http::{form, idempotency, query};
use crate::openapi::{Operation, reports as documented};
use app::auth::admission::{AdmittedRequest, Requirement};
use app::auth::caller::Modes;
use app::error::{ApiError, ErrorCode};
use app::report_files::queue::{self, ReportFileRequest};
use app::report_pages::page;

pub(super) fn endpoints() -> Vec<Endpoint> {
    reports::report_catalogue()
        .iter()
        .flat_map(|report| [page_endpoint(report), export_endpoint(report)])
        .collect()
}

fn page_endpoint(report: &'static Report) -> Endpoint {
    let required =
        Requirement { permissions: report.permissions(), modes: Modes::PROVIDER, writes: false };
    let description = reports::describe::describe_report(report, "");
    let name = report.name();
    Endpoint {
        method: EndpointMethod::Get,
        path: format!("/api/v2/reports/{name}/data"),
        template: "/api/v2/reports/{report}/data",
        action: EndpointAction::Admitted(
            required,
            Box::new(move |call, admitted| Box::pin(answer_page(report, call, admitted))),
        ),
        consumes: &[],
        produces: AnswerFormats::JsonOrCsv,
        operation: Operation {
            id: format!("{}_data", name.replace('.', "_")),
            tag: "Reports",
            summary: format!("One page of {}.", report.label()),
            description: String::new(),
            parameters: documented::page_parameters(&description),
            request_body: None,
            answer: (200, documented::page_answer(report)),
            errors: &[],
            own_permissions: None,
        },
    }
}

fn export_endpoint(report: &'static Report) -> Endpoint {
    let required =
        Requirement { permissions: report.permissions(), modes: Modes::PROVIDER, writes: false };
    let description = reports::describe::describe_report(report, "");
    let name = report.name();
    Endpoint {
        method: EndpointMethod::Post,
        path: format!("/api/v2/reports/{name}/export"),
        template: "/api/v2/reports/{report}/export",
        action: EndpointAction::Admitted(
            required,
            Box::new(move |call, admitted| Box::pin(request_report_file(report, call, admitted))),
        ),
        consumes: &[],
        produces: AnswerFormats::JsonOrCsv,
        operation: Operation {
            id: format!("{}_export", name.replace('.', "_")),
            tag: "Reports",
            summary: format!("All of {}, as a file made in the background.", report.label()),
            description: "Answers with the number of a job; the file is where the job says."
                .to_owned(),
            parameters: vec![documented::export_format_parameter(), documented::idempotency_key()],
            request_body: Some(documented::export_body(&description)),
            answer: (200, documented::export_answer()),
            errors: &[ErrorCode::IdempotencyConflict, ErrorCode::TooManyExports],
            own_permissions: None,
        },
    }
}

async fn request_report_file(
    report: &'static Report,
    call: EndpointCall,
    admitted: AdmittedRequest,
) -> Result<Response, ApiError> {
    let headers = &call.parts.headers;
    let has_json = Accept::read(headers).allows("application/json");
    let body = form::read_optional_body_parameters(&call.app, headers, call.body).await?;
    let asked = ReportFileRequest {
        report,
        body,
        query: query::parse(call.parts.uri.query())?,
        key: idempotency::read_idempotency_key(headers),
        request_id: request_id(&call.parts),
    };
    let job = queue::request_report_file(&call.app, asked, admitted).await?;
    Ok(if has_json {
        json_response(format!(r#"{{"job":{}}}"#, job.id))
    } else {
        response_of_type("text/csv; charset=utf-8", format!("job\r\n{}\r\n", job.id))
    })
}

async fn answer_page(
    report: &'static Report,
    call: EndpointCall,
    admitted: AdmittedRequest,
) -> Result<Response, ApiError> {
    let accept = Accept::read(&call.parts.headers);
    let fallback =
        if accept.allows("application/json") { FileFormat::Json } else { FileFormat::Csv };
    let parameters = query::parse(call.parts.uri.query())?;
    let page = page::run_report_page(&call.app, report, &parameters, admitted, fallback).await?;
    let content_type = page.format.content_type();
    Ok(with_revision(response_of_type(content_type, page.bytes), page.revision))
}

//! `GET /api/v2/reports/{report}/data`. Rule: spec/reports.md §1, §3, §7.

use axum::response::Response;
use reports::Report;

use super::{answer, at_revision};
use crate::auth::admission::{Admitted, Requirement};
use crate::auth::principal::Modes;
use crate::error::ApiError;
use crate::http::accept::Accept;
use crate::http::endpoint::{Action, Call, Endpoint, Method, Produces};
use crate::http::query;
use crate::openapi::{Operation, parameters};
use crate::operations::report_page::{self, PageFormat};

pub(super) fn endpoints() -> Vec<Endpoint> {
    reports::catalogue().iter().map(page).collect()
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
            parameters: parameters::of_page(&description),
            request_body: None,
            answer: (200, parameters::page_answer()),
            errors: &[],
        },
    }
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
    let page = report_page::run(&call.app, report, &parameters, admitted, fallback).await?;
    let content_type = match page.format {
        PageFormat::Csv => "text/csv; charset=utf-8",
        _ => "application/json",
    };
    Ok(at_revision(answer(content_type, page.bytes), page.revision))
}

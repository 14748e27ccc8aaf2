//! `GET /api/v2/reports` and `GET /api/v2/reports/{report}`. Rule: spec/reports.md §12.

use std::sync::Arc;

use axum::response::Response;
use reports::Report;
use reports::describe::describe_report;
use serde_json::json;

use super::{json_response, refuse_query};
use crate::http::endpoint::{
    AnswerFormats, Endpoint, EndpointAction, EndpointCall, EndpointMethod,
};
use crate::http::query;
use crate::openapi::{Operation, json_answer, page_number, query_parameter, schema_reference};
use app::auth::admission::{AdmittedRequest, Requirement};
use app::auth::caller::Modes;
use app::error::ApiError;
use app::lists::paged;
use app::report_pages::list as report_list;

/// Any valid credential is enough.
const REQUIRED: Requirement =
    Requirement { permissions: &[], modes: Modes::PROVIDER, writes: false };

pub(super) fn endpoints() -> Vec<Endpoint> {
    let one = reports::report_catalogue().iter().map(description);
    std::iter::once(list()).chain(one).collect()
}

fn list() -> Endpoint {
    Endpoint {
        method: EndpointMethod::Get,
        path: "/api/v2/reports".to_owned(),
        template: "/api/v2/reports",
        action: EndpointAction::Admitted(
            REQUIRED,
            Box::new(|call, admitted| Box::pin(listed(call, admitted))),
        ),
        consumes: &[],
        produces: AnswerFormats::Json,
        operation: Operation {
            id: "reports".to_owned(),
            tag: "Discovery",
            summary: "The reports that the caller may read.".to_owned(),
            description: String::new(),
            parameters: vec![
                page_number(),
                query_parameter(
                    "page_size",
                    "Entries of the page.",
                    json!({"type": "integer", "minimum": 1, "maximum": paged::PAGE_SIZE_MAX,
                        "default": paged::PAGE_SIZE_MAX}),
                ),
            ],
            request_body: None,
            answer: (200, json_answer(schema_reference("ReportList"), "The reports, by name.")),
            errors: &[],
            own_permissions: None,
        },
    }
}

fn description(report: &'static Report) -> Endpoint {
    let describe = Arc::new(move |call: EndpointCall| async move {
        refuse_query(&call)?;
        let base = call.app.base_url().to_owned();
        Ok::<Response, ApiError>(json_response(describe_report(report, &base).to_string()))
    });
    let name = report.name();
    Endpoint {
        method: EndpointMethod::Get,
        path: format!("/api/v2/reports/{name}"),
        template: "/api/v2/reports/{report}",
        action: EndpointAction::Admitted(
            REQUIRED,
            Box::new(move |call, _| Box::pin(describe(call))),
        ),
        consumes: &[],
        produces: AnswerFormats::Json,
        operation: Operation {
            id: format!("{}_description", name.replace('.', "_")),
            tag: "Discovery",
            summary: format!("Columns, filters and sorts of `{name}`."),
            description: String::new(),
            parameters: Vec::new(),
            request_body: None,
            answer: (
                200,
                json_answer(
                    schema_reference("ReportDescription"),
                    "The report with its columns, filters, pivots and default sort.",
                ),
            ),
            errors: &[],
            own_permissions: None,
        },
    }
}

async fn listed(call: EndpointCall, admitted: AdmittedRequest) -> Result<Response, ApiError> {
    let parameters = query::parse(call.parts.uri.query())?;
    let base = call.app.base_url().to_owned();
    let list = report_list::report_list_page(&admitted.principal.permissions, &parameters, &base)?;
    Ok(json_response(list.to_string()))
}

//! `GET /api/v2/reports` and `GET /api/v2/reports/{report}`. Rule: spec/reports.md §12.

use std::sync::Arc;

use axum::response::Response;
use reports::Report;
use reports::describe::describe;
use serde_json::json;

use super::{json, no_query};
use crate::http::endpoint::{Action, Call, Endpoint, Method, Produces};
use crate::http::query;
use crate::openapi::{Operation, json_answer, page_number, query_parameter, reference};
use app::auth::admission::{Admitted, Requirement};
use app::auth::principal::Modes;
use app::error::ApiError;
use app::lists::paged;
use app::report_pages::list as report_list;

/// Any valid credential is enough.
const REQUIRED: Requirement =
    Requirement { permissions: &[], modes: Modes::PROVIDER, writes: false };

pub(super) fn endpoints() -> Vec<Endpoint> {
    let one = reports::catalogue().iter().map(description);
    std::iter::once(list()).chain(one).collect()
}

fn list() -> Endpoint {
    Endpoint {
        method: Method::Get,
        path: "/api/v2/reports".to_owned(),
        template: "/api/v2/reports",
        action: Action::Admitted(
            REQUIRED,
            Box::new(|call, admitted| Box::pin(listed(call, admitted))),
        ),
        consumes: &[],
        produces: Produces::Json,
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
            answer: (200, json_answer(reference("ReportList"), "The reports, by name.")),
            errors: &[],
            own_permissions: None,
        },
    }
}

fn description(report: &'static Report) -> Endpoint {
    let describe = Arc::new(move |call: Call| async move {
        no_query(&call)?;
        let base = call.app.base_url().to_owned();
        Ok::<Response, ApiError>(json(describe(report, &base).to_string()))
    });
    let name = report.name();
    Endpoint {
        method: Method::Get,
        path: format!("/api/v2/reports/{name}"),
        template: "/api/v2/reports/{report}",
        action: Action::Admitted(REQUIRED, Box::new(move |call, _| Box::pin(describe(call)))),
        consumes: &[],
        produces: Produces::Json,
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
                    reference("ReportDescription"),
                    "The report with its columns, filters, pivots and default sort.",
                ),
            ),
            errors: &[],
            own_permissions: None,
        },
    }
}

async fn listed(call: Call, admitted: Admitted) -> Result<Response, ApiError> {
    let parameters = query::parse(call.parts.uri.query())?;
    let base = call.app.base_url().to_owned();
    let list = report_list::page(&admitted.principal.permissions, &parameters, &base)?;
    Ok(json(list.to_string()))
}

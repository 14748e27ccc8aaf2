//! Usage of one membership, of many, and the preview of an upgrade. Rule: spec/usage.md §1, §9,
//! §10, §12.

use axum::response::Response;
use model::permission::Permission;

use super::{json_response, response_of_type, with_revision};
use crate::http::accept::Accept;
use crate::http::endpoint::{
    AnswerFormats, AnswerFuture, Endpoint, EndpointAction, EndpointCall, EndpointMethod,
};
use crate::http::{form, query};
use crate::openapi::{Operation, usage as documented};
use app::auth::admission::{AdmittedRequest, Requirement};
use app::auth::caller::Modes;
use app::blocking::blocking;
use app::encoding::Encoding;
use app::error::{ApiError, ErrorCode};
use app::usage_answers::{self, UsageCaller, UsageText, parameters};

const ONE: &str = "/api/v2/customer_memberships/{id}/usage";
const MANY: &str = "/api/v2/customer_memberships/usage";
const UPGRADE: &str = "/api/v2/customer_memberships/{id}/upgrade_preview";

const fn admin(modes: Modes) -> Requirement {
    Requirement { permissions: &[Permission::SuperAdmin], modes, writes: false }
}

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![one(), many(), upgrade()]
}

fn one() -> Endpoint {
    endpoint(
        EndpointMethod::Get,
        ONE,
        Modes::BOTH,
        AnswerFormats::JsonOrXmlOfObject,
        usage_of_one,
        Operation {
            id: "customer_membership_usage_of_one".to_owned(),
            tag: "Usage",
            summary: "How many uses a membership allows, has used and has left.".to_owned(),
            description:
                "In the periods that contain `date`. A customer may ask about memberships \
            that are theirs or shared with them, in customer mode, without any permission."
                    .to_owned(),
            parameters: vec![
                documented::id_path_parameter(),
                documented::date_parameter(),
                documented::format_parameter(),
            ],
            request_body: None,
            answer: (200, documented::usage_answer()),
            errors: &[ErrorCode::NotFound],
            own_permissions: None,
        },
    )
}

fn many() -> Endpoint {
    endpoint(
        EndpointMethod::Post,
        MANY,
        Modes::PROVIDER,
        AnswerFormats::Json,
        usage_of_many,
        Operation {
            id: "customer_memberships_usage".to_owned(),
            tag: "Usage",
            summary: "Usage of up to 1,000 memberships, all at one revision.".to_owned(),
            description:
                "Results come in the order asked; `missing` lists ids without a membership."
                    .to_owned(),
            parameters: Vec::new(),
            request_body: Some(documented::many_body()),
            answer: (200, documented::json_answer("UsageOfMany", "The usage of each.")),
            errors: &[],
            own_permissions: None,
        },
    )
}

fn upgrade() -> Endpoint {
    endpoint(
        EndpointMethod::Get,
        UPGRADE,
        Modes::PROVIDER,
        AnswerFormats::JsonOfObject,
        preview_upgrade,
        Operation {
            id: "upgrade_preview".to_owned(),
            tag: "Usage",
            summary: "What an upgrade on a day would cost. Changes nothing.".to_owned(),
            description: "The day of the upgrade counts as unused.".to_owned(),
            parameters: vec![
                documented::id_path_parameter(),
                documented::plan_parameter(),
                documented::date_parameter(),
            ],
            request_body: None,
            answer: (200, documented::json_answer("UpgradePreview", "The preview.")),
            errors: &[ErrorCode::NotFound],
            own_permissions: None,
        },
    )
}

fn endpoint<F>(
    method: EndpointMethod,
    path: &'static str,
    modes: Modes,
    produces: AnswerFormats,
    handle: impl Fn(EndpointCall, AdmittedRequest) -> F + Send + Sync + 'static,
    operation: Operation,
) -> Endpoint
where
    F: Future<Output = Result<Response, ApiError>> + Send + 'static,
{
    let handle = move |call, admitted| -> AnswerFuture { Box::pin(handle(call, admitted)) };
    Endpoint {
        method,
        path: path.to_owned(),
        template: path,
        action: EndpointAction::Admitted(admin(modes), Box::new(handle)),
        consumes: &[],
        produces,
        operation,
    }
}

fn usage_caller(call: &EndpointCall, admitted: &AdmittedRequest) -> UsageCaller {
    UsageCaller { provider: admitted.provider.id, mode: admitted.mode, now: call.app.clock().now() }
}

fn membership_id(call: &EndpointCall) -> Result<i64, ApiError> {
    call.path.id("id").ok_or_else(ApiError::not_found)
}

/// Checks `Accept`, then reads the query with `read`. Fails with the first problem of the request;
/// the membership itself is not looked at.
fn read_question<T>(
    call: &EndpointCall,
    produces: AnswerFormats,
    read: impl FnOnce(&reports::RawParameters) -> Result<T, ApiError>,
) -> Result<T, ApiError> {
    Accept::read(&call.parts.headers).require_any_of(produces)?;
    read(&query::parse(call.parts.uri.query())?)
}

async fn usage_of_one(call: EndpointCall, admitted: AdmittedRequest) -> Result<Response, ApiError> {
    let (id, asker) = (membership_id(&call)?, usage_caller(&call, &admitted));
    let date = read_question(&call, AnswerFormats::JsonOrXmlOfObject, parameters::parse_one);
    let encoding = if query::asks_for_xml(&call.parts) {
        Encoding::Xml(call.app.settings().xml.list_style)
    } else {
        Encoding::Json
    };
    let work = move || usage_answers::usage_of_one(call.app.store(), asker, id, date, encoding);
    let UsageText { text, revision } = blocking(work).await?;
    Ok(with_revision(response_of_type(encoding.content_type(), text), revision))
}

async fn usage_of_many(
    call: EndpointCall,
    admitted: AdmittedRequest,
) -> Result<Response, ApiError> {
    let asker = usage_caller(&call, &admitted);
    read_question(&call, AnswerFormats::Json, super::refuse_parameters)?;
    let parameters = form::read_body_parameters(&call.app, &call.parts.headers, call.body).await?;
    let asked = parameters::parse_many(&parameters)?;
    let work = move || usage_answers::usage_of_many(call.app.store(), asker, &asked);
    let UsageText { text, revision } = blocking(work).await?;
    Ok(with_revision(json_response(text), revision))
}

async fn preview_upgrade(
    call: EndpointCall,
    admitted: AdmittedRequest,
) -> Result<Response, ApiError> {
    let (id, asker) = (membership_id(&call)?, usage_caller(&call, &admitted));
    let asked = read_question(&call, AnswerFormats::JsonOfObject, parameters::parse_upgrade);
    let work = move || usage_answers::preview_upgrade(call.app.store(), asker, id, asked);
    let UsageText { text, revision } = blocking(work).await?;
    Ok(with_revision(json_response(text), revision))
}

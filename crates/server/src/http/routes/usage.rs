//! Usage of one membership, of many, and the preview of an upgrade. Rule: spec/usage.md §1, §9,
//! §10, §12.

use axum::response::Response;
use model::permission::Permission;

use super::{answer, at_revision, json};
use crate::http::accept::Accept;
use crate::http::endpoint::{Action, Answer, Call, Endpoint, Method, Produces};
use crate::http::{form, query};
use crate::openapi::{Operation, usage as documented};
use app::auth::admission::{Admitted, Requirement};
use app::auth::principal::Modes;
use app::blocking::blocking;
use app::encoding::Encoding;
use app::error::{ApiError, ErrorCode};
use app::lists::paged;
use app::usage_answers::{self, Asker, Written, question};

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
        Method::Get,
        ONE,
        Modes::BOTH,
        Produces::JsonOrXmlOfObject,
        of_one,
        Operation {
            id: "customer_membership_usage_of_one".to_owned(),
            tag: "Usage",
            summary: "How many uses a membership allows, has used and has left.".to_owned(),
            description:
                "In the periods that contain `date`. A customer may ask about memberships \
            that are theirs or shared with them, in customer mode, without any permission."
                    .to_owned(),
            parameters: vec![documented::id(), documented::date(), documented::format()],
            request_body: None,
            answer: (200, documented::answer_of_one()),
            errors: &[ErrorCode::NotFound],
            own_permissions: None,
        },
    )
}

fn many() -> Endpoint {
    endpoint(
        Method::Post,
        MANY,
        Modes::PROVIDER,
        Produces::Json,
        of_many,
        Operation {
            id: "customer_memberships_usage".to_owned(),
            tag: "Usage",
            summary: "Usage of up to 1,000 memberships, all at one revision.".to_owned(),
            description:
                "Results come in the order asked; `missing` lists ids without a membership."
                    .to_owned(),
            parameters: Vec::new(),
            request_body: Some(documented::body_of_many()),
            answer: (200, documented::json_answer("UsageOfMany", "The usage of each.")),
            errors: &[],
            own_permissions: None,
        },
    )
}

fn upgrade() -> Endpoint {
    endpoint(
        Method::Get,
        UPGRADE,
        Modes::PROVIDER,
        Produces::JsonOfObject,
        preview,
        Operation {
            id: "upgrade_preview".to_owned(),
            tag: "Usage",
            summary: "What an upgrade on a day would cost. Changes nothing.".to_owned(),
            description: "The day of the upgrade counts as unused.".to_owned(),
            parameters: vec![documented::id(), documented::plan(), documented::date()],
            request_body: None,
            answer: (200, documented::json_answer("UpgradePreview", "The preview.")),
            errors: &[ErrorCode::NotFound],
            own_permissions: None,
        },
    )
}

fn endpoint<F>(
    method: Method,
    path: &'static str,
    modes: Modes,
    produces: Produces,
    handle: impl Fn(Call, Admitted) -> F + Send + Sync + 'static,
    operation: Operation,
) -> Endpoint
where
    F: Future<Output = Result<Response, ApiError>> + Send + 'static,
{
    let handle = move |call, admitted| -> Answer { Box::pin(handle(call, admitted)) };
    Endpoint {
        method,
        path: path.to_owned(),
        template: path,
        action: Action::Admitted(admin(modes), Box::new(handle)),
        consumes: &[],
        produces,
        operation,
    }
}

fn asker(call: &Call, admitted: &Admitted) -> Asker {
    Asker { provider: admitted.provider.id, mode: admitted.mode, now: call.app.clock().now() }
}

fn id(call: &Call) -> Result<i64, ApiError> {
    call.path.id("id").ok_or_else(ApiError::not_found)
}

/// Checks `Accept`, then reads the query with `read`. Fails with the first problem of the request;
/// the membership itself is not looked at.
fn question<T>(
    call: &Call,
    produces: Produces,
    read: impl FnOnce(&reports::RawParameters) -> Result<T, ApiError>,
) -> Result<T, ApiError> {
    Accept::read(&call.parts.headers).meets(produces)?;
    read(&query::parse(call.parts.uri.query())?)
}

async fn of_one(call: Call, admitted: Admitted) -> Result<Response, ApiError> {
    let (id, asker) = (id(&call)?, asker(&call, &admitted));
    let date = question(&call, Produces::JsonOrXmlOfObject, question::one);
    let encoding = match query::asks_for_xml(&call.parts) {
        true => Encoding::Xml(call.app.settings().xml.list_style),
        false => Encoding::Json,
    };
    let work = move || usage_answers::of_one(call.app.store(), asker, id, date, encoding);
    let Written { text, revision } = blocking(work).await?;
    Ok(at_revision(answer(encoding.content_type(), text), revision))
}

async fn of_many(call: Call, admitted: Admitted) -> Result<Response, ApiError> {
    let asker = asker(&call, &admitted);
    question(&call, Produces::Json, |given| {
        paged::no_parameters(given).map_err(ApiError::parameters)
    })?;
    let parameters = form::read(&call.app, &call.parts.headers, call.body).await?;
    let asked = question::many(&parameters)?;
    let work = move || usage_answers::of_many(call.app.store(), asker, &asked);
    let Written { text, revision } = blocking(work).await?;
    Ok(at_revision(json(text), revision))
}

async fn preview(call: Call, admitted: Admitted) -> Result<Response, ApiError> {
    let (id, asker) = (id(&call)?, asker(&call, &admitted));
    let asked = question(&call, Produces::JsonOfObject, question::upgrade);
    let work = move || usage_answers::preview(call.app.store(), asker, id, asked);
    let Written { text, revision } = blocking(work).await?;
    Ok(at_revision(json(text), revision))
}

//! `/api/v1/core/webhooks…`: webhooks and the deliveries to them. Rule: spec/exports.md §8.1.

use axum::response::Response;
use reports::request::{MessageStyle, Parameters, RawParameters};
use serde_json::{Map, Value, json as json_value};

use super::{REQUIRED, body, json, webhooks_reference};
use crate::http::endpoint::{
    AnswerFormats, AnswerFuture, Endpoint, EndpointAction, EndpointCall, EndpointMethod,
};
use crate::http::query;
use app::app::App;
use app::auth::admission::AdmittedRequest;
use app::blocking::blocking;
use app::error::{ApiError, ErrorCode};
use app::exports::export_caller::{self, AllowedParameters, ExportCaller, SITE_ONLY};
use app::lists::numbered::NumberedPage;
use app::webhooks::{WebhookError, Webhooks};

const WEBHOOKS: &str = "/api/v1/core/webhooks";
const WEBHOOK: &str = "/api/v1/core/webhooks/{id}";
const ROTATE_SECRET: &str = "/api/v1/core/webhooks/{id}/rotate_secret";
const DELIVERIES: &str = "/api/v1/core/webhooks/{id}/deliveries";
const DELIVERY: &str = "/api/v1/core/webhooks/{id}/deliveries/{delivery_id}";
const REDELIVER: &str = "/api/v1/core/webhooks/{id}/deliveries/{delivery_id}/redeliver";

/// Paging is part of the documented route here, so strict mode does not refuse it.
const OF_DELIVERIES: AllowedParameters =
    AllowedParameters { always: &["site_id", "page", "limit"], added: &[] };

/// A request about webhooks whose caller has been admitted.
struct WebhookRequest {
    app: App,
    caller: ExportCaller,
    pub query: RawParameters,
    pub body: Map<String, Value>,
    /// Ids of the webhook and the delivery in the path; none if they are not valid ids.
    id: Option<i64>,
    delivery: Option<i64>,
}

impl WebhookRequest {
    fn webhooks(&self) -> Webhooks<'_> {
        let (app, provider) = (&self.app, self.caller.provider());
        Webhooks::for_provider(provider, app.store(), app.clock(), &app.settings().webhooks)
    }

    fn id(&self) -> Result<i64, WebhookError> {
        self.id.ok_or(WebhookError::Unknown)
    }

    fn delivery(&self) -> Result<i64, WebhookError> {
        self.delivery.ok_or(WebhookError::Unknown)
    }
}

type WebhookHandler = fn(&WebhookRequest) -> Result<Value, ApiError>;

pub(in crate::http::routes) fn endpoints() -> Vec<Endpoint> {
    vec![
        endpoint(EndpointMethod::Get, WEBHOOKS, |asked| Ok(data(asked.webhooks().list()?.into()))),
        endpoint(EndpointMethod::Post, WEBHOOKS, |asked| {
            Ok(data(asked.webhooks().create(&asked.body)?))
        }),
        endpoint(EndpointMethod::Get, WEBHOOK, |asked| {
            Ok(data(asked.webhooks().show(asked.id()?)?))
        }),
        endpoint(EndpointMethod::Put, WEBHOOK, |asked| {
            Ok(data(asked.webhooks().change(asked.id()?, &asked.body)?))
        }),
        endpoint(EndpointMethod::Delete, WEBHOOK, remove_webhook),
        endpoint(EndpointMethod::Post, ROTATE_SECRET, |asked| {
            Ok(data(asked.webhooks().rotate_secret(asked.id()?)?))
        }),
        endpoint(EndpointMethod::Get, DELIVERIES, list_deliveries),
        endpoint(EndpointMethod::Get, DELIVERY, |asked| {
            Ok(data(asked.webhooks().delivery(asked.id()?, asked.delivery()?)?))
        }),
        endpoint(EndpointMethod::Post, REDELIVER, redeliver),
    ]
}

fn data(value: Value) -> Value {
    json_value!({"data": value})
}

fn remove_webhook(asked: &WebhookRequest) -> Result<Value, ApiError> {
    let id = asked.id()?;
    asked.webhooks().remove(id)?;
    Ok(data(json_value!({"id": id, "deleted": true})))
}

fn list_deliveries(asked: &WebhookRequest) -> Result<Value, ApiError> {
    let mut query = Parameters::new(&asked.query, MessageStyle::NamedSentence);
    query.skip(SITE_ONLY.always);
    let page = NumberedPage::read(&mut query);
    let id = asked.id()?;
    query.finish().map_err(ApiError::parameters)?;
    let (total, found) = asked.webhooks().deliveries(id, page.offset(), page.limit)?;
    let path = format!("{}{}", asked.app.base_url(), DELIVERIES.replace("{id}", &id.to_string()));
    Ok(page.envelope(&path, &[], total, found))
}

fn redeliver(asked: &WebhookRequest) -> Result<Value, ApiError> {
    let again = asked.webhooks().redeliver(asked.id()?, asked.delivery()?)?;
    asked.app.notice_wakeup().notify_waiters();
    Ok(data(again))
}

fn endpoint(method: EndpointMethod, path: &'static str, work: WebhookHandler) -> Endpoint {
    let handle = move |call: EndpointCall, admitted: AdmittedRequest| -> AnswerFuture {
        Box::pin(answer(call, admitted, method, path, work))
    };
    Endpoint {
        method,
        path: path.to_owned(),
        template: path,
        action: EndpointAction::Admitted(REQUIRED, Box::new(handle)),
        consumes: &[],
        produces: AnswerFormats::Core,
        operation: webhooks_reference::webhook_operation(method, path),
    }
}

async fn answer(
    call: EndpointCall,
    who: AdmittedRequest,
    method: EndpointMethod,
    path: &'static str,
    work: WebhookHandler,
) -> Result<Response, ApiError> {
    let EndpointCall { app, parts, body, path: values, .. } = call;
    let query = query::parse(parts.uri.query())?;
    let (asker, asked_with) = (app.clone(), query.clone());
    let caller = blocking(move || admit_caller(&asker, who, &asked_with, method, path)).await?;
    let takes_body =
        method == EndpointMethod::Put || (method, path) == (EndpointMethod::Post, WEBHOOKS);
    let body = if takes_body {
        body::read_json_object(&app, &parts.headers, body).await?
    } else {
        Map::new()
    };
    let (id, delivery) = (values.id("id"), values.id("delivery_id"));
    let asked = WebhookRequest { app, caller, query, body, id, delivery };
    Ok(json(&blocking(move || work(&asked)).await?))
}

/// Checks that the caller may use webhooks, and may write if the method does.
fn admit_caller(
    app: &App,
    who: AdmittedRequest,
    query: &RawParameters,
    method: EndpointMethod,
    path: &str,
) -> Result<ExportCaller, ApiError> {
    let names = if path == DELIVERIES { OF_DELIVERIES } else { SITE_ONLY };
    let caller = export_caller::admit_export_caller(app, who, query, names, false)?;
    if method != EndpointMethod::Get && caller.admitted.principal.read_only {
        let message = "This credential may only read.";
        return Err(ApiError::new(ErrorCode::PermissionDenied, message));
    }
    Ok(caller)
}

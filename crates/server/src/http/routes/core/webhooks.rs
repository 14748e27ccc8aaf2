//! `/api/v1/core/webhooks…`: webhooks and the deliveries to them. Rule: spec/exports.md §8.1.

use axum::response::Response;
use reports::request::{FieldErrors, RawParameters};
use serde_json::{Map, Value, json as json_value};

use super::{REQUIRED, body, json, webhooks_reference};
use crate::http::endpoint::{Action, Answer, Call, Endpoint, Method, Produces};
use crate::http::query;
use app::app::App;
use app::auth::admission::Admitted;
use app::blocking::blocking;
use app::error::{ApiError, ErrorCode};
use app::exports::caller::{self, Caller, QueryNames, SITE_ONLY};
use app::lists::numbered::NumberedPage;
use app::webhooks::{WebhookError, Webhooks};

const WEBHOOKS: &str = "/api/v1/core/webhooks";
const WEBHOOK: &str = "/api/v1/core/webhooks/{id}";
const ROTATE_SECRET: &str = "/api/v1/core/webhooks/{id}/rotate_secret";
const DELIVERIES: &str = "/api/v1/core/webhooks/{id}/deliveries";
const DELIVERY: &str = "/api/v1/core/webhooks/{id}/deliveries/{delivery_id}";
const REDELIVER: &str = "/api/v1/core/webhooks/{id}/deliveries/{delivery_id}/redeliver";

/// Paging is part of the documented route here, so strict mode does not refuse it.
const OF_DELIVERIES: QueryNames = QueryNames { always: &["site_id", "page", "limit"], added: &[] };

/// A request about webhooks whose caller has been admitted.
struct Asked {
    app: App,
    caller: Caller,
    pub query: RawParameters,
    pub body: Map<String, Value>,
    /// Ids of the webhook and the delivery in the path; none if they are not valid ids.
    id: Option<i64>,
    delivery: Option<i64>,
}

impl Asked {
    fn webhooks(&self) -> Webhooks<'_> {
        let (app, provider) = (&self.app, self.caller.provider());
        Webhooks::of(provider, app.store(), app.clock(), &app.settings().webhooks)
    }

    fn id(&self) -> Result<i64, WebhookError> {
        self.id.ok_or(WebhookError::Unknown)
    }

    fn delivery(&self) -> Result<i64, WebhookError> {
        self.delivery.ok_or(WebhookError::Unknown)
    }
}

type Work = fn(&Asked) -> Result<Value, ApiError>;

pub(in crate::http::routes) fn endpoints() -> Vec<Endpoint> {
    vec![
        endpoint(Method::Get, WEBHOOKS, |asked| Ok(data(asked.webhooks().list()?.into()))),
        endpoint(Method::Post, WEBHOOKS, |asked| Ok(data(asked.webhooks().create(&asked.body)?))),
        endpoint(Method::Get, WEBHOOK, |asked| Ok(data(asked.webhooks().show(asked.id()?)?))),
        endpoint(Method::Put, WEBHOOK, |asked| {
            Ok(data(asked.webhooks().change(asked.id()?, &asked.body)?))
        }),
        endpoint(Method::Delete, WEBHOOK, removed),
        endpoint(Method::Post, ROTATE_SECRET, |asked| {
            Ok(data(asked.webhooks().rotate_secret(asked.id()?)?))
        }),
        endpoint(Method::Get, DELIVERIES, deliveries),
        endpoint(Method::Get, DELIVERY, |asked| {
            Ok(data(asked.webhooks().delivery(asked.id()?, asked.delivery()?)?))
        }),
        endpoint(Method::Post, REDELIVER, redelivered),
    ]
}

fn data(value: Value) -> Value {
    json_value!({"data": value})
}

fn removed(asked: &Asked) -> Result<Value, ApiError> {
    let id = asked.id()?;
    asked.webhooks().remove(id)?;
    Ok(data(json_value!({"id": id, "deleted": true})))
}

fn deliveries(asked: &Asked) -> Result<Value, ApiError> {
    let mut errors = FieldErrors::default();
    let page = NumberedPage::read(&asked.query, &mut errors);
    let id = asked.id()?;
    if !errors.is_empty() {
        return Err(ApiError::parameters(errors));
    }
    let (total, found) = asked.webhooks().deliveries(id, page.offset(), page.limit)?;
    let path = format!("{}{}", asked.app.base_url(), DELIVERIES.replace("{id}", &id.to_string()));
    Ok(page.envelope(&path, &[], total, found))
}

fn redelivered(asked: &Asked) -> Result<Value, ApiError> {
    let again = asked.webhooks().redeliver(asked.id()?, asked.delivery()?)?;
    asked.app.notice_bell().notify_waiters();
    Ok(data(again))
}

fn endpoint(method: Method, path: &'static str, work: Work) -> Endpoint {
    let handle = move |call: Call, admitted: Admitted| -> Answer {
        Box::pin(answer(call, admitted, method, path, work))
    };
    Endpoint {
        method,
        path: path.to_owned(),
        template: path,
        action: Action::Admitted(REQUIRED, Box::new(handle)),
        consumes: &[],
        produces: Produces::Core,
        operation: webhooks_reference::operation(method, path),
    }
}

async fn answer(
    call: Call,
    who: Admitted,
    method: Method,
    path: &'static str,
    work: Work,
) -> Result<Response, ApiError> {
    let Call { app, parts, body, path: values, .. } = call;
    let query = query::parse(parts.uri.query())?;
    let (asker, asked_with) = (app.clone(), query.clone());
    let caller = blocking(move || admitted(&asker, who, &asked_with, method, path)).await?;
    let takes_body = method == Method::Put || (method, path) == (Method::Post, WEBHOOKS);
    let body = match takes_body {
        true => body::read(&app, &parts.headers, body).await?,
        false => Map::new(),
    };
    let (id, delivery) = (values.id("id"), values.id("delivery_id"));
    let asked = Asked { app, caller, query, body, id, delivery };
    Ok(json(&blocking(move || work(&asked)).await?))
}

/// Checks that the caller may use webhooks, and may write if the method does.
fn admitted(
    app: &App,
    who: Admitted,
    query: &RawParameters,
    method: Method,
    path: &str,
) -> Result<Caller, ApiError> {
    let names = if path == DELIVERIES { OF_DELIVERIES } else { SITE_ONLY };
    let caller = caller::admit(app, who, query, names, false)?;
    if method != Method::Get && caller.admitted.principal.read_only {
        let message = "This credential may only read.";
        return Err(ApiError::new(ErrorCode::PermissionDenied, message));
    }
    Ok(caller)
}

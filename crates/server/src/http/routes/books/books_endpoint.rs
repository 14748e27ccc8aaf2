//! The parts that all endpoints of the books share: their requirements, docs and answers.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, header};
use model::file_format::FileFormat;
use model::permission::Permission;
use reports::request::RawParameters;
use serde_json::Value;
use tokio_util::io::ReaderStream;

use super::super::{response_of_type, with_revision};
use crate::http::endpoint::{
    AnswerFormats, AnswerFuture, Endpoint, EndpointAction, EndpointCall, EndpointMethod,
};
use crate::http::query;
use crate::openapi::Operation;
use app::auth::admission::{AdmittedRequest, Requirement};
use app::auth::caller::Modes;
use app::book_answers::answers::{AnswerTimeLimit, BooksContext, WrittenView, run_with_books};
use app::error::{ApiError, ErrorCode};
use books::views::BooksView;

/// Formats of a report from the postings.
pub(super) const VIEW_FORMATS: [&str; 4] = ["json", "csv", "xlsx", "parquet"];
/// Errors of endpoints about one month.
pub(super) const MONTH_ERRORS: &[ErrorCode] = &[ErrorCode::PeriodNotFound];

/// The OpenAPI description of one endpoint of the books.
pub(super) struct BooksEndpointDocs {
    pub(super) id: &'static str,
    pub(super) summary: &'static str,
    pub(super) parameters: Vec<Value>,
    pub(super) request_body: Option<Value>,
    pub(super) answer: Value,
    pub(super) errors: &'static [ErrorCode],
}

/// Returns an endpoint for callers who may see the books.
pub(super) fn endpoint<F>(
    method: EndpointMethod,
    path: &'static str,
    handle: fn(EndpointCall, AdmittedRequest) -> F,
    docs: BooksEndpointDocs,
) -> Endpoint
where
    F: Future<Output = Result<Response, ApiError>> + Send + 'static,
{
    let required = Requirement {
        permissions: &[Permission::Accounting, Permission::SuperAdmin],
        modes: Modes::PROVIDER,
        writes: method == EndpointMethod::Post,
    };
    let handle = move |call, admitted| -> AnswerFuture { Box::pin(handle(call, admitted)) };
    let BooksEndpointDocs { id, summary, parameters, request_body, answer, errors } = docs;
    Endpoint {
        method,
        path: path.to_owned(),
        template: path,
        action: EndpointAction::Admitted(required, Box::new(handle)),
        consumes: &[],
        produces: AnswerFormats::Fixed,
        operation: Operation {
            id: id.to_owned(),
            tag: "Books",
            summary: summary.to_owned(),
            description: String::new(),
            parameters,
            request_body,
            answer: (200, answer),
            errors,
            own_permissions: None,
        },
    }
}

/// Answers with a report from the postings, in `format`.
pub(super) async fn answer_view(
    call: EndpointCall,
    admitted: AdmittedRequest,
    format: FileFormat,
    view: impl for<'d> FnOnce(&'d BooksContext<'d>) -> Result<BooksView<'d>, ApiError> + Send + 'static,
) -> Result<Response, ApiError> {
    // Only `app` is kept: the body cannot be held across an await.
    let EndpointCall { app, .. } = call;
    let work = move |context: &BooksContext<'_>| context.write(view(context)?, format);
    let (written, revision) =
        run_with_books(&app, &admitted.provider, AnswerTimeLimit::Page, work).await?;
    let content_type = format.content_type();
    let WrittenView { file, name, bytes } = written;
    let body = Body::from_stream(ReaderStream::new(tokio::fs::File::from_std(file)));
    let mut response = with_revision(response_of_type(content_type, body), revision);
    response.headers_mut().insert(header::CONTENT_LENGTH, bytes.into());
    if format != FileFormat::Json {
        insert_attachment_name(&mut response, &format!("{name}.{}", format.extension()));
    }
    Ok(response)
}

/// Sets the name that clients save the answer under.
pub(super) fn insert_attachment_name(response: &mut Response, name: &str) {
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, value);
    }
}

/// Returns the parameters of the query.
pub(super) fn parameters(call: &EndpointCall) -> Result<RawParameters, ApiError> {
    query::parse(call.parts.uri.query())
}

//! `/api/v2/jobs…`: progress, result and manifest of report files. Rule: spec/reports.md §11.2.

use axum::response::Response;
use http::header;
use model::file_format::FileFormat;
use reports::request::{MessageStyle, Parameters, RawParameters};
use serde_json::{Value, json};
use store::port::jobs::Job;
use usage::xml;

use super::{json_response as json_answer, response_of_type};
use crate::http::accept::Accept;
use crate::http::download::{self, DownloadRefusal};
use crate::http::endpoint::{
    AnswerFormats, AnswerFuture, Endpoint, EndpointAction, EndpointCall, EndpointMethod,
};
use crate::http::{envelope, query};
use crate::openapi::reports::list_parameter;
use crate::openapi::{
    Operation, OwnPermissions, as_required, file_answer, page_number, query_parameter,
    schema_reference, with_retry_after, with_xml,
};
use app::app::App;
use app::auth::admission::{AdmittedRequest, Requirement};
use app::auth::caller::Modes;
use app::blocking::blocking;
use app::encoding::Encoding;
use app::error::{ApiError, ErrorCode};
use app::jobs::{link_transfers, lost_files};
use app::lists::paged::{self, Paging};
use app::report_files::job::{self, POLL_AFTER_S, ReportJobQuery};

/// The report of a job decides who may see it, so its permissions are checked when the job is
/// known.
const REQUIRED: Requirement =
    Requirement { permissions: &[], modes: Modes::PROVIDER, writes: false };

const OWN: OwnPermissions = OwnPermissions {
    names: &[],
    sentence: "Needs the permissions of the job's report; jobs of other reports are not found.",
};

type JobHandler = fn(EndpointCall, AdmittedRequest) -> AnswerFuture;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        list(),
        job_endpoint(
            EndpointMethod::Get,
            "/api/v2/jobs/{id}",
            "job",
            "A job.",
            |call, admitted| Box::pin(show_job(call, admitted)),
        ),
        job_endpoint(
            EndpointMethod::Post,
            "/api/v2/jobs/{id}/cancel",
            "job_cancel",
            "Stops a queued or running job.",
            |call, admitted| Box::pin(cancel_job(call, admitted)),
        ),
        job_endpoint(
            EndpointMethod::Delete,
            "/api/v2/jobs/{id}",
            "job_remove",
            "Removes the file of a finished job: its links open nothing any more.",
            |call, admitted| Box::pin(remove_job(call, admitted)),
        ),
        job_endpoint(
            EndpointMethod::Get,
            "/api/v2/jobs/{id}/manifest",
            "job_manifest",
            "Rows, bytes, SHA-256 and sums of a finished file.",
            |call, admitted| Box::pin(show_manifest(call, admitted)),
        ),
        result_endpoint(),
    ]
}

fn list() -> Endpoint {
    let operation = Operation {
        id: "jobs".to_owned(),
        tag: "Jobs",
        summary: "Jobs whose report the caller may read, newest first.".to_owned(),
        description: String::new(),
        parameters: vec![
            list_parameter(
                "status",
                "Only jobs in one of these states.",
                json!({"type": "string", "enum": job::status_words()}),
            ),
            list_parameter(
                "report",
                "Only jobs of these reports, by name.",
                json!({"type": "string"}),
            ),
            page_number(),
            query_parameter(
                "page_size",
                "Entries of the page.",
                json!({"type": "integer", "minimum": 1, "maximum": paged::PAGE_SIZE_MAX,
                    "default": paged::PAGE_SIZE_MAX}),
            ),
        ],
        request_body: None,
        answer: (200, json_of("JobList", "A page of jobs.")),
        errors: &[],
        own_permissions: Some(OWN),
    };
    endpoint(EndpointMethod::Get, "/api/v2/jobs", operation, |call, admitted| {
        Box::pin(list_jobs(call, admitted))
    })
}

fn job_endpoint(
    method: EndpointMethod,
    path: &'static str,
    id: &str,
    summary: &str,
    handle: JobHandler,
) -> Endpoint {
    let (schema, errors): (_, &'static [ErrorCode]) = match id {
        "job_manifest" => ("Manifest", &[ErrorCode::NotFound]),
        "job_cancel" | "job_remove" => ("Job", &[ErrorCode::NotFound, ErrorCode::Conflict]),
        _ => ("Job", &[ErrorCode::NotFound]),
    };
    let answer = match schema {
        "Job" => with_retry_after(json_of(schema, "The job as it is now.")),
        schema => json_of(schema, "What the file holds."),
    };
    let answer = with_xml(answer);
    let operation = Operation {
        id: id.to_owned(),
        tag: "Jobs",
        summary: summary.to_owned(),
        description: String::new(),
        parameters: vec![id_parameter(), format_parameter()],
        request_body: None,
        answer: (200, answer),
        errors,
        own_permissions: Some(OWN),
    };
    Endpoint {
        produces: AnswerFormats::JsonOrXmlOfObject,
        ..endpoint(method, path, operation, handle)
    }
}

fn endpoint(
    method: EndpointMethod,
    path: &'static str,
    operation: Operation,
    handle: JobHandler,
) -> Endpoint {
    Endpoint {
        method,
        path: path.to_owned(),
        template: path,
        action: EndpointAction::Admitted(REQUIRED, Box::new(handle)),
        consumes: &[],
        produces: AnswerFormats::Json,
        operation,
    }
}

/// Returns the endpoint that sends the file. The signature of its link is the credential, and its
/// requests count for the job alone.
fn result_endpoint() -> Endpoint {
    let path = "/api/v2/jobs/{id}/result";
    let signed = |name: &str| {
        as_required(query_parameter(
            name,
            "Part of the link that the job shows as `result_url`.",
            json!({"type": "string"}),
        ))
    };
    let content_types = FileFormat::ALL.map(FileFormat::content_type);
    let media_types = content_types.map(|kind| kind.split(';').next().unwrap_or_default());
    let types: Vec<&str> = media_types.into_iter().chain(["application/octet-stream"]).collect();
    let file = file_answer("The file, or the range of it that was asked for.", &types);
    Endpoint {
        method: EndpointMethod::Get,
        path: path.to_owned(),
        template: path,
        action: EndpointAction::Probe(Box::new(|call| Box::pin(download_result(call)))),
        consumes: &[],
        produces: AnswerFormats::Fixed,
        operation: Operation {
            id: "job_result".to_owned(),
            tag: "Jobs",
            summary: "The file of a finished job, by a signed link.".to_owned(),
            description: String::new(),
            parameters: vec![id_parameter(), signed("expires"), signed("signature")],
            request_body: None,
            answer: (200, file),
            errors: &[
                ErrorCode::NotFound,
                ErrorCode::LinkExpired,
                ErrorCode::RangeNotSatisfiable,
                ErrorCode::Throttled,
            ],
            own_permissions: None,
        },
    }
}

fn id_parameter() -> Value {
    json!({"name": "id", "in": "path", "required": true, "description": "Number of the job.",
        "schema": {"type": "integer", "minimum": 1}})
}

fn format_parameter() -> Value {
    query_parameter(
        "format",
        "How the answer is written. Default: by `Accept`, else `json`.",
        json!({"type": "string", "enum": ["json", "xml"]}),
    )
}

fn json_of(schema: &str, description: &str) -> Value {
    crate::openapi::json_answer(schema_reference(schema), description)
}

/// A request about one job.
struct JobRequest {
    app: App,
    admitted: AdmittedRequest,
    id: Option<i64>,
    /// Outcome of the checks of the request apart from the job itself.
    problem: Result<(), ApiError>,
    encoding: Encoding,
}

fn job_request(call: &EndpointCall, admitted: AdmittedRequest) -> JobRequest {
    let encoding = if query::asks_for_xml(&call.parts) {
        Encoding::Xml(call.app.settings().xml.list_style)
    } else {
        Encoding::Json
    };
    let problem = Accept::read(&call.parts.headers)
        .require_any_of(AnswerFormats::JsonOrXmlOfObject)
        .and_then(|()| check_parameters(&query::parse(call.parts.uri.query())?));
    JobRequest { app: call.app.clone(), admitted, id: call.path.id("id"), problem, encoding }
}

fn check_parameters(parameters: &RawParameters) -> Result<(), ApiError> {
    let mut asked = Parameters::new(parameters, MessageStyle::Sentence);
    asked.read_text("format", |format| match format.to_ascii_lowercase().as_str() {
        "json" | "xml" => Ok(()),
        _ => Err("Must be json or xml.".to_owned()),
    });
    asked.finish().map_err(ApiError::parameters)
}

impl JobRequest {
    /// Runs `act` on the job and answers with what `write` makes of it.
    /// Fails with `not_found` before any other problem of the request is reported.
    async fn answer(
        self,
        act: impl FnOnce(&App, Job) -> Result<Job, ApiError> + Send + 'static,
        write: fn(&App, &Job) -> Result<Value, ApiError>,
    ) -> Result<Response, ApiError> {
        let Self { app, admitted, id, problem, encoding } = self;
        let (shown, is_unfinished) = blocking(move || {
            let id = id.ok_or_else(ApiError::not_found)?;
            let permissions = &admitted.principal.permissions;
            let job = job::find_report_job(&app, admitted.provider.id, permissions, id)?;
            problem?;
            let job = act(&app, job)?;
            Ok((write(&app, &job)?, job.state.is_unfinished()))
        })
        .await?;
        let text = match encoding {
            Encoding::Json | Encoding::Core => shown.to_string(),
            Encoding::Xml(style) => xml::json_to_xml(&shown, style),
        };
        let mut response = response_of_type(encoding.content_type(), text);
        if is_unfinished {
            response.headers_mut().insert(header::RETRY_AFTER, POLL_AFTER_S.into());
        }
        Ok(response)
    }
}

async fn show_job(call: EndpointCall, admitted: AdmittedRequest) -> Result<Response, ApiError> {
    job_request(&call, admitted).answer(|_, job| Ok(job), job::report_job_json).await
}

async fn cancel_job(call: EndpointCall, admitted: AdmittedRequest) -> Result<Response, ApiError> {
    job_request(&call, admitted)
        .answer(|app, job| job::cancel_report_job(app, &job), job::report_job_json)
        .await
}

async fn remove_job(call: EndpointCall, admitted: AdmittedRequest) -> Result<Response, ApiError> {
    job_request(&call, admitted)
        .answer(|app, job| job::remove_report_file(app, &job), job::report_job_json)
        .await
}

async fn show_manifest(
    call: EndpointCall,
    admitted: AdmittedRequest,
) -> Result<Response, ApiError> {
    job_request(&call, admitted).answer(|_, job| Ok(job), |_, job| job::manifest(job)).await
}

async fn list_jobs(call: EndpointCall, admitted: AdmittedRequest) -> Result<Response, ApiError> {
    let parameters = query::parse(call.parts.uri.query())?;
    let mut asked = Parameters::new(&parameters, MessageStyle::Sentence);
    let paging = Paging::read(&mut asked);
    let (statuses, reports) = (asked.words("status"), asked.words("report"));
    let states = statuses.as_ref().map(|words| {
        let states = words.iter().map(|word| job::states_of_word(word)).collect::<Option<Vec<_>>>();
        states.map(|states| states.concat()).unwrap_or_else(|| {
            let words = job::status_words().join(", ");
            asked.errors.push("status", format!("Must be some of {words}."));
            Vec::new()
        })
    });
    asked.finish().map_err(ApiError::parameters)?;
    let url = list_url(call.app.base_url(), statuses.as_deref(), reports.as_deref());
    let listed =
        ReportJobQuery { states, reports, offset: paging.offset(), limit: u64::from(paging.size) };
    let (app, provider) = (call.app.clone(), admitted.provider.id);
    let permissions = admitted.principal.permissions;
    let found =
        blocking(move || job::list_report_jobs(&app, provider, &permissions, &listed)).await;
    let (count, jobs) = found?;
    Ok(json_answer(paging.envelope(&url, count, jobs).to_string()))
}

/// Returns the address of the list with its filters. Words of states and names of reports need no
/// escaping; items with other characters cannot match and are left out.
fn list_url(base: &str, statuses: Option<&[String]>, reports: Option<&[String]>) -> String {
    let is_word = |item: &&String| {
        item.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.".contains(&byte))
    };
    let filter = |name: &str, items: Option<&[String]>| {
        let items: Vec<&str> =
            items.unwrap_or_default().iter().filter(is_word).map(String::as_str).collect();
        (!items.is_empty()).then(|| format!("{name}={}", items.join(",")))
    };
    let filters: Vec<String> =
        [filter("status", statuses), filter("report", reports)].into_iter().flatten().collect();
    if filters.is_empty() {
        format!("{base}/api/v2/jobs")
    } else {
        format!("{base}/api/v2/jobs?{}", filters.join("&"))
    }
}

async fn download_result(call: EndpointCall) -> Result<Response, ApiError> {
    let parameters = query::parse(call.parts.uri.query())?;
    let mut asked = Parameters::new(&parameters, MessageStyle::Sentence);
    let mut given = |name: &str| asked.text(name).unwrap_or_default().to_owned();
    let (expires, signature) = (given("expires"), given("signature"));
    asked.finish().map_err(ApiError::parameters)?;
    let Some(id) = call.path.id("id") else { return Err(ApiError::not_found()) };
    let app = call.app.clone();
    let found = blocking(move || job::linked_file(&app, id, &expires, &signature));
    let (job, file) = found.await?;
    let (app, counted) = (call.app.clone(), job.id);
    let count = Box::new(move || link_transfers::count_link_transfer(&app, counted));
    match download::download_response(&file, &call.parts.headers, count).await {
        Ok(response) => Ok(match job.progress.revision {
            Some(revision) => super::with_revision(response, revision),
            None => response,
        }),
        Err(DownloadRefusal::RangeOutside) => {
            let message = "The range lies outside the file.";
            let error = ApiError::new(ErrorCode::RangeNotSatisfiable, message);
            let answer =
                envelope::error_response(&error, &super::request_id(&call.parts), Encoding::Json);
            Ok(download::with_file_size(&file, answer))
        }
        Err(DownloadRefusal::Unreadable) => Err(DownloadRefusal::unreadable()),
        Err(DownloadRefusal::Missing) => {
            let (app, id) = (call.app.clone(), job.id);
            blocking(move || lost_files::record_lost_files(&app, id, &[])).await?;
            Err(ApiError::internal())
        }
    }
}

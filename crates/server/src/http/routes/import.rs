//! `POST /api/v1/import/{table}` and `POST /api/v1/import`. Rule: spec/data-model.md §3.

use std::time::{Duration, Instant as Stopwatch};

use axum::response::Response;
use files::format::Compression;
use files::read::{self, ImportMode};
use model::catalogue::{self, Table};
use model::file_format::FileFormat;
use model::import::ImportOutcome;
use model::permission::Permission;
use reports::request::{MessageStyle, Parameters};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use store::port::IdempotencyKey;
use tokio_util::sync::CancellationToken;

use super::{json_response, with_revision};
use crate::http::body::{BodyLimits, SpooledBody};
use crate::http::endpoint::{
    AnswerFormats, Endpoint, EndpointAction, EndpointCall, EndpointMethod,
};
use crate::http::{content, envelope, idempotency, query};
use crate::openapi::{Operation, reports as documented, rows};
use app::auth::admission::{AdmittedRequest, Requirement};
use app::auth::caller::Modes;
use app::blocking::blocking_while_wanted;
use app::error::{ApiError, ErrorCode, log_error};
use app::imports::{
    self, Import, ImportAnswer, ImportFailure, ImportObserver, ImportSource, ImportTarget,
};

const REQUIRED: Requirement =
    Requirement { permissions: &[Permission::Import], modes: Modes::PROVIDER, writes: true };
const MANY_TABLES_FORMATS: [FileFormat; 2] = [FileFormat::Ndjson, FileFormat::Json];
const ERRORS: &[ErrorCode] = &[ErrorCode::ImportInvalid, ErrorCode::IdempotencyConflict];

/// Largest window of zstd, as a power of two: 8 MiB, the most that zstd may need as a content
/// encoding (RFC 9659).
const ZSTD_WINDOW_LOG_MAX: u32 = 23;

/// The table and the formats that one import endpoint accepts.
#[derive(Clone, Copy)]
struct ImportEndpoint {
    /// Table of all rows; none = each line names its table.
    table: Option<&'static Table>,
    formats: &'static [FileFormat],
}

pub(super) fn endpoints() -> Vec<Endpoint> {
    let one = catalogue::tables().iter().map(one_table);
    std::iter::once(many_tables()).chain(one).collect()
}

fn many_tables() -> Endpoint {
    let door = ImportEndpoint { table: None, formats: &MANY_TABLES_FORMATS };
    let lines = catalogue::tables().iter().map(|table| {
        let row = json!({"$ref": format!("#/components/schemas/{}", rows::schema_name(table))});
        json!({
            "type": "object",
            "title": format!("{}_line", table.name),
            "description": "Either `row`, to insert or update, or `delete`, the id of a row to delete.",
            "required": ["table"],
            "properties": {
                "table": {"type": "string", "const": table.name},
                "row": row,
                "delete": {"type": "integer"},
            },
        })
    });
    let line = json!({"oneOf": lines.collect::<Vec<_>>()});
    endpoint(
        "/api/v1/import",
        "/api/v1/import",
        door,
        Operation {
            id: "import".to_owned(),
            tag: "Import",
            summary: "Rows of many tables, in one commit.".to_owned(),
            description: "Each line, or each element of the JSON array, is \
            `{\"table\":\"invoices\",\"row\":{…}}` or `{\"table\":\"invoices\",\"delete\":17}`."
                .to_owned(),
            parameters: vec![documented::idempotency_key()],
            request_body: Some(body(&[
                (FileFormat::Json, json!({"type": "array", "items": line})),
                (FileFormat::Ndjson, line),
            ])),
            answer: answer(),
            errors: ERRORS,
            own_permissions: None,
        },
    )
}

fn one_table(table: &'static Table) -> Endpoint {
    let door = ImportEndpoint { table: Some(table), formats: &FileFormat::IMPORTED };
    let row = json!({"$ref": format!("#/components/schemas/{}", rows::schema_name(table))});
    let mode = json!({
        "name": "mode", "in": "query", "required": false,
        "description": "`delete` deletes the rows whose ids are given. Without it rows are inserted or updated.",
        "schema": {"type": "string", "enum": ["delete"]},
    });
    let path = format!("/api/v1/import/{}", table.name);
    endpoint(
        &path,
        "/api/v1/import/{table}",
        door,
        Operation {
            id: format!("import_{}", table.name),
            tag: "Import",
            summary: format!("Rows of `{}`. {}", table.name, table.doc),
            description:
                "Inserts new ids and updates known ones, all rows or none. A column that is \
            not given keeps its value, or takes its default on a new row; an explicit null clears \
            it. Errors name the line, or the number of the row in the JSON array."
                    .to_owned(),
            parameters: vec![mode, documented::idempotency_key()],
            request_body: Some(body(&[
                (FileFormat::Json, json!({"type": "array", "items": row})),
                (FileFormat::Ndjson, row),
                (FileFormat::Csv, json!({"type": "string", "description": "With a header row."})),
                (FileFormat::Parquet, json!({"type": "string", "format": "binary"})),
            ])),
            answer: answer(),
            errors: ERRORS,
            own_permissions: None,
        },
    )
}

fn endpoint(
    path: &str,
    template: &'static str,
    door: ImportEndpoint,
    operation: Operation,
) -> Endpoint {
    let handle = move |call, admitted| -> crate::http::endpoint::AnswerFuture {
        Box::pin(answer_import(door, call, admitted))
    };
    Endpoint {
        method: EndpointMethod::Post,
        path: path.to_owned(),
        template,
        action: EndpointAction::Admitted(REQUIRED, Box::new(handle)),
        consumes: door.formats,
        produces: AnswerFormats::Json,
        operation,
    }
}

fn body(contents: &[(FileFormat, Value)]) -> Value {
    let contents: serde_json::Map<String, Value> = contents
        .iter()
        .map(|(format, schema)| (format.media_type().to_owned(), json!({"schema": schema})))
        .collect();
    json!({
        "required": true,
        "description": "May be packed: `Content-Encoding: gzip` or `zstd`.",
        "content": contents,
    })
}

fn answer() -> (u16, Value) {
    let schema = json!({"$ref": "#/components/schemas/ImportOutcome"});
    (
        200,
        json!({
            "description": "Everything is stored and visible to the next read.",
            "headers": documented::answer_headers(),
            "content": {"application/json": {"schema": schema}},
        }),
    )
}

async fn answer_import(
    door: ImportEndpoint,
    call: EndpointCall,
    admitted: AdmittedRequest,
) -> Result<Response, ApiError> {
    let (app, began) = (call.app.clone(), Stopwatch::now());
    let answer = run_import(door, call, admitted).await;
    let outcome = match &answer {
        Ok(ImportAnswer::Done(outcome)) => Ok(outcome),
        Ok(ImportAnswer::Invalid(_)) => Err(ErrorCode::ImportInvalid),
        Ok(ImportAnswer::KeyConflict) => Err(ErrorCode::IdempotencyConflict),
        Err(error) => Err(error.code),
    };
    app.metrics().count_import(outcome, began.elapsed().as_secs_f64());
    match answer? {
        ImportAnswer::Done(outcome) => Ok(outcome_response(&outcome)),
        ImportAnswer::Invalid(errors) => Ok(envelope::import_errors_response(&errors)),
        ImportAnswer::KeyConflict => Err(ApiError::new(
            ErrorCode::IdempotencyConflict,
            "This Idempotency-Key was used with another request.",
        )),
    }
}

async fn run_import(
    door: ImportEndpoint,
    call: EndpointCall,
    admitted: AdmittedRequest,
) -> Result<ImportAnswer, ApiError> {
    let (format, compression) = content::read_content_headers(&call.parts.headers, door.formats)?;
    let (mode, key) = import_parameters(door, &call)?;

    let settings = &call.app.settings().import;
    let bounds = BodyLimits::new(&call.app, settings.max_body_bytes);
    let spooled = call.body.spool(&call.app, &bounds).await?;
    let holder = Some(admitted.provider.id);
    let wait = Duration::from_secs(settings.wait_s);
    let place = call
        .app
        .import_slots()
        .take_within(holder, wait)
        .await
        .ok_or_else(|| ApiError::unavailable("The server is busy with other imports."))?;

    let key = key.map(|key| {
        let request_hash = request_hash(door, mode, format, compression, &spooled);
        IdempotencyKey { key, request_hash }
    });
    let target =
        door.table.map_or(ImportTarget::ManyTables, |table| ImportTarget::Table(table, mode));
    let source = ImportSource { path: spooled.path.to_path_buf(), target, format, compression };
    let import = Import {
        provider: admitted.provider.id,
        now: call.app.clock().now(),
        key,
        sources: vec![source],
        bounds: read::UnpackLimits {
            bytes_max: Some(settings.max_unpacked_bytes),
            ratio_max: Some(settings.max_unpacked_ratio),
            zstd_window_log_max: Some(ZSTD_WINDOW_LOG_MAX),
        },
        temp_dir: call.app.temp_dir().to_owned(),
        time_max: Some(Duration::from_secs(settings.timeout_s)),
        waits_without_limit: false,
    };
    let app = call.app.clone();
    let answer = blocking_while_wanted(move |unwanted| {
        let answer =
            imports::run_import(app.store(), &import, &ClientCancellation { is_gone: unwanted });
        drop((spooled, place));
        answer.map_err(import_error)
    });
    answer.await
}

/// Cancellation of the import when its client goes away.
struct ClientCancellation {
    is_gone: CancellationToken,
}

impl ImportObserver for ClientCancellation {
    fn is_canceled(&self) -> bool {
        self.is_gone.is_cancelled()
    }
}

fn outcome_response(outcome: &ImportOutcome) -> Response {
    let body = json!(outcome);
    with_revision(json_response(body.to_string()), outcome.revision)
}

fn import_error(failure: ImportFailure) -> ApiError {
    match failure {
        ImportFailure::Store(error) => ApiError::from_store_error(error),
        ImportFailure::TooLarge { bytes_max } => ApiError::new(
            ErrorCode::RequestTooLarge,
            format!("The body unpacks to more than {bytes_max} bytes."),
        ),
        ImportFailure::TooDense { ratio_max } => ApiError::new(
            ErrorCode::RequestTooLarge,
            format!(
                "The body unpacks to more than {ratio_max} times its size: send it unpacked, or in \
                 parts."
            ),
        ),
        ImportFailure::OutOfTime { time_max } => ApiError::unavailable(format!(
            "The import took longer than {} seconds and was ended; nothing was stored. Send the \
             rows in several calls.",
            time_max.as_secs()
        )),
        ImportFailure::Stopped => ApiError::unavailable("The import was not waited for."),
        ImportFailure::File { ref source, .. } | ImportFailure::TempFile(ref source) => {
            log_error("import_file_failed", &failure);
            ApiError::from_file_error(source)
        }
    }
}

/// Reads `?mode=delete` and `Idempotency-Key`. Reports everything that is wrong with them.
fn import_parameters(
    door: ImportEndpoint,
    call: &EndpointCall,
) -> Result<(ImportMode, Option<String>), ApiError> {
    let parameters = query::parse(call.parts.uri.query())?;
    let mut asked = Parameters::new(&parameters, MessageStyle::Sentence);
    let mode = door.table.and_then(|_| {
        asked.read_text("mode", |word| match word {
            "delete" => Ok(ImportMode::Delete),
            _ => Err("Must be delete, or absent.".to_owned()),
        })
    });
    let key = idempotency::read_idempotency_key(&call.parts.headers).unwrap_or_else(|problem| {
        asked.errors.push("Idempotency-Key", problem);
        None
    });
    asked.finish().map_err(ApiError::parameters)?;
    Ok((mode.unwrap_or(ImportMode::Upsert), key))
}

/// Returns the hash by which a repeated request is recognized: of the table, the mode, the way that
/// the body is read, and its bytes.
fn request_hash(
    door: ImportEndpoint,
    mode: ImportMode,
    format: FileFormat,
    compression: Compression,
    spooled: &SpooledBody,
) -> [u8; 32] {
    let table = door.table.map_or("", |table| table.name);
    let mut hasher = Sha256::new();
    hasher.update(format!("http\n{table}\n{mode:?}\n{format:?}\n{compression:?}\n"));
    hasher.update(spooled.sha256);
    hasher.finalize().into()
}

//! `POST /api/v1/import/{table}` and `POST /api/v1/import`. Rule: spec/data-model.md §3.

use std::time::{Duration, Instant as Stopwatch};

use axum::response::Response;
use files::format::{Compression, Format};
use files::read::{self, Mode};
use model::catalogue::{self, Table};
use model::import::ImportOutcome;
use model::permission::Permission;
use reports::request::FieldErrors;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use store::port::IdempotencyKey;
use tokio_util::sync::CancellationToken;

use super::{at_revision, json};
use crate::http::body::{Bounds, Spooled};
use crate::http::endpoint::{Action, Call, Endpoint, Method, Produces};
use crate::http::{content, envelope, idempotency, query};
use crate::openapi::{Operation, reports as documented, rows};
use app::auth::admission::{Admitted, Requirement};
use app::auth::principal::Modes;
use app::blocking::blocking_while_wanted;
use app::error::{ApiError, ErrorCode, log};
use app::imports::{self, Import, ImportAnswer, ImportFailure, Source, Target, Watcher};
use app::lists::paged::{refuse_unknown, text};

const REQUIRED: Requirement =
    Requirement { permissions: &[Permission::Import], modes: Modes::PROVIDER, writes: true };
const ALL_FORMATS: [Format; 4] = [Format::Ndjson, Format::Json, Format::Csv, Format::Parquet];
const OF_MANY: [Format; 2] = [Format::Ndjson, Format::Json];
const ERRORS: &[ErrorCode] = &[ErrorCode::ImportInvalid, ErrorCode::IdempotencyConflict];

/// Largest window of zstd, as a power of two: 8 MiB, the most that zstd may need as a content
/// encoding (RFC 9659).
const ZSTD_WINDOW_LOG_MAX: u32 = 23;

/// The table and the formats that one import endpoint accepts.
#[derive(Clone, Copy)]
struct Door {
    /// Table of all rows; none = each line names its table.
    table: Option<&'static Table>,
    formats: &'static [Format],
}

pub(super) fn endpoints() -> Vec<Endpoint> {
    let one = catalogue::tables().iter().map(one_table);
    std::iter::once(many_tables()).chain(one).collect()
}

fn many_tables() -> Endpoint {
    let door = Door { table: None, formats: &OF_MANY };
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
                (Format::Json, json!({"type": "array", "items": line})),
                (Format::Ndjson, line),
            ])),
            answer: answer(),
            errors: ERRORS,
            own_permissions: None,
        },
    )
}

fn one_table(table: &'static Table) -> Endpoint {
    let door = Door { table: Some(table), formats: &ALL_FORMATS };
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
                (Format::Json, json!({"type": "array", "items": row})),
                (Format::Ndjson, row),
                (Format::Csv, json!({"type": "string", "description": "With a header row."})),
                (Format::Parquet, json!({"type": "string", "format": "binary"})),
            ])),
            answer: answer(),
            errors: ERRORS,
            own_permissions: None,
        },
    )
}

fn endpoint(path: &str, template: &'static str, door: Door, operation: Operation) -> Endpoint {
    let handle = move |call, admitted| -> crate::http::endpoint::Answer {
        Box::pin(take_in(door, call, admitted))
    };
    Endpoint {
        method: Method::Post,
        path: path.to_owned(),
        template,
        action: Action::Admitted(REQUIRED, Box::new(handle)),
        consumes: door.formats,
        produces: Produces::Json,
        operation,
    }
}

fn body(contents: &[(Format, Value)]) -> Value {
    let contents: serde_json::Map<String, Value> = contents
        .iter()
        .map(|(format, schema)| (format.content_type().to_owned(), json!({"schema": schema})))
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

async fn take_in(door: Door, call: Call, admitted: Admitted) -> Result<Response, ApiError> {
    let (app, began) = (call.app.clone(), Stopwatch::now());
    let answer = imported(door, call, admitted).await;
    let outcome = match &answer {
        Ok(ImportAnswer::Done(outcome)) => Ok(outcome),
        Ok(ImportAnswer::Invalid(_)) => Err(ErrorCode::ImportInvalid),
        Ok(ImportAnswer::KeyConflict) => Err(ErrorCode::IdempotencyConflict),
        Err(error) => Err(error.code),
    };
    app.metrics().imported(outcome, began.elapsed().as_secs_f64());
    match answer? {
        ImportAnswer::Done(outcome) => Ok(done(&outcome)),
        ImportAnswer::Invalid(errors) => Ok(envelope::import_invalid(&errors)),
        ImportAnswer::KeyConflict => Err(ApiError::new(
            ErrorCode::IdempotencyConflict,
            "This Idempotency-Key was used with another request.",
        )),
    }
}

async fn imported(door: Door, call: Call, admitted: Admitted) -> Result<ImportAnswer, ApiError> {
    let (format, compression) = content::read(&call.parts.headers, door.formats)?;
    let (mode, key) = parameters_of(door, &call)?;

    let settings = &call.app.settings().import;
    let bounds = Bounds::new(&call.app, settings.max_body_bytes);
    let spooled = call.body.spool(&call.app, &bounds).await?;
    let holder = Some(admitted.provider.id);
    let wait = Duration::from_secs(settings.wait_s);
    let place = call
        .app
        .imports()
        .take_within(holder, wait)
        .await
        .ok_or_else(|| ApiError::unavailable("The server is busy with other imports."))?;

    let key = key.map(|key| {
        let request_hash = request_hash(door, mode, format, compression, &spooled);
        IdempotencyKey { key, request_hash }
    });
    let target = door.table.map_or(Target::ManyTables, |table| Target::Table(table, mode));
    let source = Source { path: spooled.path.to_path_buf(), target, format, compression };
    let import = Import {
        provider: admitted.provider.id,
        now: call.app.clock().now(),
        key,
        sources: vec![source],
        bounds: read::Bounds {
            bytes_max: Some(settings.max_unpacked_bytes),
            ratio_max: Some(settings.max_unpacked_ratio),
            zstd_window_log_max: Some(ZSTD_WINDOW_LOG_MAX),
        },
        temp_dir: call.app.temp_dir().to_owned(),
        time_max: Some(Duration::from_secs(settings.timeout_s)),
        is_patient: false,
    };
    let app = call.app.clone();
    let answer = blocking_while_wanted(move |unwanted| {
        let answer = imports::run(app.store(), &import, &Sender { is_gone: unwanted });
        drop((spooled, place));
        answer.map_err(failed)
    });
    answer.await
}

/// Cancellation of the import when its client goes away.
struct Sender {
    is_gone: CancellationToken,
}

impl Watcher for Sender {
    fn is_told_to_stop(&self) -> bool {
        self.is_gone.is_cancelled()
    }
}

fn done(outcome: &ImportOutcome) -> Response {
    let body = json!(outcome);
    at_revision(json(body.to_string()), outcome.revision)
}

fn failed(failure: ImportFailure) -> ApiError {
    match failure {
        ImportFailure::Store(error) => ApiError::of_store(error),
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
            log("import_file_failed", &failure);
            ApiError::of_file(source)
        }
    }
}

/// Reads `?mode=delete` and `Idempotency-Key`. Reports everything that is wrong with them.
fn parameters_of(door: Door, call: &Call) -> Result<(Mode, Option<String>), ApiError> {
    let parameters = query::parse(call.parts.uri.query())?;
    let mut errors = FieldErrors::default();
    let known: &[&str] = if door.table.is_some() { &["mode"] } else { &[] };
    refuse_unknown(&parameters, known, &mut errors);
    let mode = match text(&parameters, "mode", &mut errors).filter(|_| door.table.is_some()) {
        None => Mode::Upsert,
        Some("delete") => Mode::Delete,
        Some(_) => {
            errors.push("mode", "Must be delete, or absent.");
            Mode::Upsert
        }
    };
    let key = idempotency::read(&call.parts.headers).unwrap_or_else(|problem| {
        errors.push("Idempotency-Key", problem);
        None
    });
    if errors.is_empty() { Ok((mode, key)) } else { Err(ApiError::parameters(errors)) }
}

/// Returns the hash by which a repeated request is recognized: of the table, the mode, the way that
/// the body is read, and its bytes.
fn request_hash(
    door: Door,
    mode: Mode,
    format: Format,
    compression: Compression,
    spooled: &Spooled,
) -> [u8; 32] {
    let table = door.table.map_or("", |table| table.name);
    let mut hasher = Sha256::new();
    hasher.update(format!("http\n{table}\n{mode:?}\n{format:?}\n{compression:?}\n"));
    hasher.update(spooled.sha256);
    hasher.finalize().into()
}

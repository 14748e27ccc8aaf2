//! The error answers of each endpoint, in its envelope. Rule: spec/auth-and-errors.md §5;
//! spec/exports.md §2.

use std::collections::BTreeMap;

use crate::http::status::http_status;
use serde_json::{Value, json};

use super::{EndpointEntry, schema_reference};
use crate::http::endpoint::AnswerFormats;
use crate::http::{envelope, pipeline};
use app::error::ErrorCode;

/// Errors of every endpoint that needs a credential.
const WITH_CREDENTIAL: [ErrorCode; 10] = [
    ErrorCode::ParameterInvalid,
    ErrorCode::ProviderHeaderMissing,
    ErrorCode::ProviderHeaderInvalid,
    ErrorCode::ModeHeaderMissing,
    ErrorCode::ModeHeaderInvalid,
    ErrorCode::AuthenticationFailed,
    ErrorCode::ModeNotAllowed,
    ErrorCode::ProviderInvalid,
    ErrorCode::Throttled,
    ErrorCode::Unavailable,
];
/// Errors of every endpoint, documented together as one answer.
const ANYWHERE: [ErrorCode; 3] =
    [ErrorCode::UriTooLong, ErrorCode::RequestTooLarge, ErrorCode::InternalError];
/// Statuses whose answers have `Retry-After`.
const COME_BACK: [u16; 2] = [429, 503];

/// The error answers that endpoints refer to, each defined once.
#[derive(Debug, Default)]
pub(super) struct ErrorAnswers(BTreeMap<String, Value>);

/// The envelope of an endpoint's errors, and its media types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ErrorEnvelope {
    Usual,
    UsualOrXml,
    Core,
}

impl ErrorEnvelope {
    fn for_endpoint(entry: &EndpointEntry<'_>) -> Self {
        match entry.produces {
            _ if pipeline::is_core_path(entry.path) => Self::Core,
            AnswerFormats::JsonOrXmlOfObject => Self::UsualOrXml,
            _ => Self::Usual,
        }
    }

    fn schema(self) -> Value {
        schema_reference(if self == Self::Core { "CoreError" } else { "Error" })
    }

    fn code(self, code: ErrorCode) -> &'static str {
        if self == Self::Core { envelope::core_code(code) } else { code.as_str() }
    }

    fn prefix(self) -> &'static str {
        match self {
            Self::Usual => "",
            Self::UsualOrXml => "xml.",
            Self::Core => "core.",
        }
    }
}

impl ErrorAnswers {
    /// Returns one entry for each status of an endpoint's errors.
    pub(super) fn answers_for(&mut self, entry: &EndpointEntry<'_>) -> Vec<(String, Value)> {
        let envelope = ErrorEnvelope::for_endpoint(entry);
        let mut by_status: BTreeMap<u16, Vec<ErrorCode>> = BTreeMap::new();
        for code in endpoint_errors(entry) {
            let codes = by_status.entry(http_status(code)).or_default();
            if !codes.contains(&code) {
                codes.push(code);
            }
        }
        let answers = by_status.into_iter();
        let mut answers: Vec<(String, Value)> = answers
            .map(|(status, codes)| (status.to_string(), self.shared(envelope, status, &codes)))
            .collect();
        answers.push(("default".to_owned(), self.default_answer(envelope)));
        answers
    }

    /// Returns all answers by name, for `components`.
    pub(super) fn into_components(self) -> Value {
        Value::Object(self.0.into_iter().collect())
    }

    fn shared(&mut self, envelope: ErrorEnvelope, status: u16, codes: &[ErrorCode]) -> Value {
        let names: Vec<&str> = codes.iter().map(|code| envelope.code(*code)).collect();
        let name = format!("{}{status}.{}", envelope.prefix(), names.join("."));
        let answer = || {
            let takes_rows = codes.contains(&ErrorCode::ImportInvalid);
            let schema = if takes_rows {
                json!({"oneOf": [schema_reference("ImportInvalid"), schema_reference("Error")]})
            } else {
                envelope.schema()
            };
            let description = format!("Code `{}`.", names.join("`, `"));
            let mut answer = error(&description, &schema, envelope);
            if COME_BACK.contains(&status) || codes.contains(&ErrorCode::ExportNotReady) {
                answer["headers"]["Retry-After"] = header("Retry-After");
            }
            if status == 401 {
                answer["headers"]["WWW-Authenticate"] = header("WWW-Authenticate");
            }
            answer
        };
        self.0.entry(name.clone()).or_insert_with(answer);
        refer_to(&name)
    }

    fn default_answer(&mut self, envelope: ErrorEnvelope) -> Value {
        let name = format!("{}Error", envelope.prefix());
        let codes = ANYWHERE.map(|code| format!("`{}`", envelope.code(code))).join(", ");
        let description = format!("Any other error: {codes}.");
        let answer = || error(&description, &envelope.schema(), envelope);
        self.0.entry(name.clone()).or_insert_with(answer);
        refer_to(&name)
    }
}

fn refer_to(name: &str) -> Value {
    json!({"$ref": format!("#/components/responses/{name}")})
}

fn header(name: &str) -> Value {
    json!({"$ref": format!("#/components/headers/{name}")})
}

/// Returns the errors of an endpoint, without those of every endpoint.
fn endpoint_errors(entry: &EndpointEntry<'_>) -> Vec<ErrorCode> {
    let operation = entry.operation;
    let mut codes = operation.errors.to_vec();
    let Some(required) = &entry.required else {
        // Every endpoint refuses parameters that it does not know.
        codes.push(ErrorCode::ParameterInvalid);
        return codes;
    };
    codes.extend(WITH_CREDENTIAL);
    let own = operation.own_permissions.is_some_and(|own| !own.names.is_empty());
    if own || !required.permissions.is_empty() || required.writes {
        codes.push(ErrorCode::PermissionDenied);
    }
    if !entry.produces.media_types().is_empty() {
        codes.push(ErrorCode::NotAcceptable);
    }
    if operation.request_body.is_some() {
        codes.extend([ErrorCode::UnsupportedMediaType, ErrorCode::RequestTooLarge]);
    }
    codes
}

fn error(description: &str, schema: &Value, envelope: ErrorEnvelope) -> Value {
    let mut answer = json!({
        "description": description,
        "headers": {"X-Request-Id": header("X-Request-Id")},
        "content": {"application/json": {"schema": schema}},
    });
    if envelope == ErrorEnvelope::UsualOrXml {
        answer = super::with_xml(answer);
    }
    answer
}

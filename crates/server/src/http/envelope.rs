//! Errors as JSON, or as XML where the endpoint offers it. Rule: spec/auth-and-errors.md §5.

use super::status::{envelope_type, http_status};
use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use model::import::ImportErrors;
use serde_json::{Map, Value, json};
use usage::xml;

use app::encoding::Encoding;
use app::error::{ApiError, ErrorCode, NON_FIELD_ERRORS};

/// Code of invalid fields under `/api/v1/core`.
const VALIDATION_FAILED: &str = "validation_failed";

/// Returns the body of an error, which always has all four keys.
pub(crate) fn error_body(error: &ApiError, request_id: &str) -> Value {
    let fields: Map<String, Value> =
        error.fields.0.iter().map(|(field, messages)| (field.clone(), json!(messages))).collect();
    let message = match error.code {
        ErrorCode::InternalError => format!("An internal error occurred. Request: {request_id}."),
        _ => error.message.clone(),
    };
    json!({
        "code": error.code.as_str(),
        "field_errors": fields,
        "message": message,
        "type": envelope_type(error.code),
    })
}

/// Returns the body of an error under `/api/v1/core`. Rule: spec/exports.md §2.
pub(crate) fn core_error_body(error: &ApiError, request_id: &str) -> Value {
    let is_whole = |field: &str| field == NON_FIELD_ERRORS;
    let fields = error.fields.0.iter().filter(|(field, _)| !is_whole(field));
    let errors: Map<String, Value> =
        fields.map(|(field, messages)| (field.clone(), json!(messages))).collect();
    let of_whole = error.fields.0.get(NON_FIELD_ERRORS).and_then(|messages| messages.first());
    let message = match (error.code, of_whole) {
        (ErrorCode::AuthenticationFailed, _) => "Unauthenticated.".into(),
        (ErrorCode::ParameterInvalid, Some(message)) => message.clone(),
        (ErrorCode::ParameterInvalid, None) => "The given data was invalid.".into(),
        (ErrorCode::InternalError, _) => {
            format!("An internal error occurred. Request: {request_id}.")
        }
        (_, _) => error.message.clone(),
    };
    let code = core_code(error.code);
    let mut body = json!({"message": message, "code": code, "errors": errors});
    if let (Some(reason), Some(members)) = (&error.failed_reason, body.as_object_mut()) {
        members.insert("failed_reason".to_owned(), json!(reason));
    }
    body
}

/// Returns the text of a code under `/api/v1/core`.
pub(crate) fn core_code(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::ParameterInvalid => VALIDATION_FAILED,
        code => code.as_str(),
    }
}

/// Returns the answer for an error.
pub(crate) fn error_response(error: &ApiError, request_id: &str, encoding: Encoding) -> Response {
    let text = match encoding {
        Encoding::Json => error_body(error, request_id).to_string(),
        Encoding::Core => core_error_body(error, request_id).to_string(),
        Encoding::Xml(style) => xml::json_to_xml(&error_body(error, request_id), style),
    };
    let status = error.status.unwrap_or(http_status(error.code));
    let mut response = response_with_body(status, text, encoding);
    let headers = response.headers_mut();
    if let Some(seconds) = error.retry_after_s {
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    if let Some(allow) = error.allow.as_deref().and_then(|allow| allow.parse().ok()) {
        headers.insert(header::ALLOW, allow);
    }
    if error.code == ErrorCode::AuthenticationFailed {
        let challenge = if error.credential_sent {
            r#"Bearer realm="rollbook", error="invalid_token""#
        } else {
            r#"Bearer realm="rollbook""#
        };
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    response
}

/// Returns the answer to an import with invalid rows. Rule: spec/data-model.md §3.
pub(crate) fn import_errors_response(errors: &ImportErrors) -> Response {
    let code = ErrorCode::ImportInvalid;
    let message = match errors.error_count {
        count if errors.is_full() => format!(
            "At least {count} errors were found; the rest was not looked at. Nothing was stored."
        ),
        1 => "1 error was found. Nothing was stored.".to_owned(),
        count => format!("{count} errors were found. Nothing was stored."),
    };
    let body = json!({
        "code": code.as_str(),
        "message": message,
        "errors": errors.errors,
        "error_count": errors.error_count,
    });
    response_with_body(http_status(code), body.to_string(), Encoding::Json)
}

fn response_with_body(status: u16, body: String, encoding: Encoding) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let content_type = HeaderValue::from_static(encoding.content_type());
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_four_keys_are_sent_in_every_envelope() {
        for (error, expected) in [
            (
                ApiError::parameter("limit", "Must be between 0 and 100."),
                r#"{"code":"parameter_invalid","field_errors":{"limit":["Must be between 0 and 100."]},"message":"1 parameter is invalid.","type":"invalid_request_error"}"#,
            ),
            (
                ApiError::not_found(),
                r#"{"code":"not_found","field_errors":{},"message":"Not found.","type":"invalid_request_error"}"#,
            ),
            (
                ApiError::internal(),
                r#"{"code":"internal_error","field_errors":{},"message":"An internal error occurred. Request: r-1.","type":"invalid_request_error"}"#,
            ),
            (
                ApiError::new(ErrorCode::IdempotencyConflict, "x"),
                r#"{"code":"idempotency_conflict","field_errors":{},"message":"x","type":"conflict"}"#,
            ),
        ] {
            assert_eq!(error_body(&error, "r-1").to_string(), expected);
        }
    }

    #[test]
    fn exports_and_books_have_an_envelope_of_their_own() {
        let error = ApiError::parameter("month", "Must be a month.");
        let body = core_error_body(&error, "r-1").to_string();
        let expected = r#"{"message":"The given data was invalid.","code":"validation_failed","errors":{"month":["Must be a month."]}}"#;
        assert_eq!(body, expected);
        assert_eq!(error_response(&error, "r-1", Encoding::Core).status().as_u16(), 400);
    }

    #[test]
    fn every_code_is_sent_with_its_status() {
        for code in ErrorCode::ALL {
            let response = error_response(&ApiError::new(*code, "x"), "r-1", Encoding::Json);
            assert_eq!(response.status().as_u16(), http_status(*code));
            assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
        }
    }
}

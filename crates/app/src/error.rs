//! The error answers of the API. Rule: spec/auth-and-errors.md §5, §6.

use std::io::{self, ErrorKind};

use mirror::MirrorError;
use reports::request::FieldErrors;
use store::StoreError;

/// The key in `fields` for errors that concern the whole request.
pub const NON_FIELD_ERRORS: &str = "non_field_errors";

/// Stable code of an error. Clients rely on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// A parameter, header or body is wrong.
    ParameterInvalid,
    /// The provider header is missing.
    ProviderHeaderMissing,
    /// The provider header is not an integer of at least 1.
    ProviderHeaderInvalid,
    /// The mode header is missing.
    ModeHeaderMissing,
    /// The mode header has an unknown value.
    ModeHeaderInvalid,
    /// Rows of an import are wrong. Rendered with the body of spec/data-model.md §3.
    ImportInvalid,
    /// The credential is missing or refused.
    AuthenticationFailed,
    /// The caller lacks a permission.
    PermissionDenied,
    /// The caller or the endpoint lacks this mode.
    ModeNotAllowed,
    /// The provider does not exist, or the credential has no access to it.
    ProviderInvalid,
    /// The signed link has expired.
    LinkExpired,
    /// No such route or object.
    NotFound,
    /// The path exists, but does not have the method.
    MethodNotAllowed,
    /// Nothing that `Accept` allows can be produced.
    NotAcceptable,
    /// The state of the object forbids it.
    Conflict,
    /// The month has no books: it lies before the first invoice or in the future.
    PeriodNotFound,
    /// The month is open.
    PeriodOpen,
    /// The month has not ended yet.
    PeriodNotEnded,
    /// An earlier month is still open.
    PeriodNotSequential,
    /// A later month is closed.
    PeriodNotLatest,
    /// The idempotency key was used with another request.
    IdempotencyConflict,
    /// The body is larger than the limit.
    RequestTooLarge,
    /// The request line is longer than the limit.
    UriTooLong,
    /// The endpoint does not accept the body's media type.
    UnsupportedMediaType,
    /// The requested range lies outside the file.
    RangeNotSatisfiable,
    /// Too many requests.
    Throttled,
    /// Too many exports at once.
    TooManyExports,
    /// Exports are not enabled for the provider.
    ExportsNotEnabled,
    /// The site does not belong to the provider.
    SiteForbidden,
    /// The body is not a JSON object with unique keys.
    InvalidJson,
    /// The range of an export is reversed or too long.
    InvalidDateRange,
    /// An export of the same type is unfinished.
    ExportInProgress,
    /// No row matches.
    NothingToExport,
    /// The export's file is not ready yet.
    ExportNotReady,
    /// The export's file has been deleted.
    ExportGone,
    /// No such export.
    ExportNotFound,
    /// The export failed or was canceled.
    ExportFailed,
    /// The export is finished already.
    ExportFinished,
    /// The export is not finished yet.
    ExportNotFinished,
    /// The export's file is lost.
    FileMissing,
    /// A bug, or a failure that the caller cannot correct.
    InternalError,
    /// The request cannot be served now: the server is starting, stopping or busy, or the time
    /// limit was reached.
    Unavailable,
}

impl ErrorCode {
    /// Every code.
    pub const ALL: [Self; 42] = [
        Self::ParameterInvalid,
        Self::ProviderHeaderMissing,
        Self::ProviderHeaderInvalid,
        Self::ModeHeaderMissing,
        Self::ModeHeaderInvalid,
        Self::ImportInvalid,
        Self::AuthenticationFailed,
        Self::PermissionDenied,
        Self::ModeNotAllowed,
        Self::ProviderInvalid,
        Self::LinkExpired,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::NotAcceptable,
        Self::Conflict,
        Self::PeriodNotFound,
        Self::PeriodOpen,
        Self::PeriodNotEnded,
        Self::PeriodNotSequential,
        Self::PeriodNotLatest,
        Self::IdempotencyConflict,
        Self::RequestTooLarge,
        Self::UriTooLong,
        Self::UnsupportedMediaType,
        Self::RangeNotSatisfiable,
        Self::Throttled,
        Self::TooManyExports,
        Self::ExportsNotEnabled,
        Self::SiteForbidden,
        Self::InvalidJson,
        Self::InvalidDateRange,
        Self::ExportInProgress,
        Self::NothingToExport,
        Self::ExportNotReady,
        Self::ExportGone,
        Self::ExportNotFound,
        Self::ExportFailed,
        Self::ExportFinished,
        Self::ExportNotFinished,
        Self::FileMissing,
        Self::InternalError,
        Self::Unavailable,
    ];

    /// Returns the code as text, as it is sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ParameterInvalid => "parameter_invalid",
            Self::ProviderHeaderMissing => "provider_header_missing",
            Self::ProviderHeaderInvalid => "provider_header_invalid",
            Self::ModeHeaderMissing => "mode_header_missing",
            Self::ModeHeaderInvalid => "mode_header_invalid",
            Self::ImportInvalid => "import_invalid",
            Self::AuthenticationFailed => "authentication_failed",
            Self::PermissionDenied => "permission_denied",
            Self::ModeNotAllowed => "mode_not_allowed",
            Self::ProviderInvalid => "provider_invalid",
            Self::LinkExpired => "link_expired",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::NotAcceptable => "not_acceptable",
            Self::Conflict => "conflict",
            Self::PeriodNotFound => "period_not_found",
            Self::PeriodOpen => "period_open",
            Self::PeriodNotEnded => "period_not_ended",
            Self::PeriodNotSequential => "period_not_sequential",
            Self::PeriodNotLatest => "period_not_latest",
            Self::IdempotencyConflict => "idempotency_conflict",
            Self::RequestTooLarge => "request_too_large",
            Self::UriTooLong => "uri_too_long",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::RangeNotSatisfiable => "range_not_satisfiable",
            Self::Throttled => "throttled",
            Self::TooManyExports => "too_many_exports",
            Self::ExportsNotEnabled => "exports_not_enabled",
            Self::SiteForbidden => "site_forbidden",
            Self::InvalidJson => "invalid_json",
            Self::InvalidDateRange => "invalid_date_range",
            Self::ExportInProgress => "export_in_progress",
            Self::NothingToExport => "nothing_to_export",
            Self::ExportNotReady => "export_not_ready",
            Self::ExportGone => "export_gone",
            Self::ExportNotFound => "export_not_found",
            Self::ExportFailed => "export_failed",
            Self::ExportFinished => "export_finished",
            Self::ExportNotFinished => "export_not_finished",
            Self::FileMissing => "file_missing",
            Self::InternalError => "internal_error",
            Self::Unavailable => "unavailable",
        }
    }

    /// Returns the HTTP status of the code.
    pub fn status(self) -> u16 {
        match self {
            Self::ParameterInvalid
            | Self::ProviderHeaderMissing
            | Self::ProviderHeaderInvalid
            | Self::ModeHeaderMissing
            | Self::ModeHeaderInvalid
            | Self::ImportInvalid
            | Self::InvalidJson
            | Self::InvalidDateRange
            | Self::ExportInProgress
            | Self::NothingToExport
            | Self::ExportGone => 400,
            Self::AuthenticationFailed | Self::ExportsNotEnabled => 401,
            Self::PermissionDenied
            | Self::ModeNotAllowed
            | Self::ProviderInvalid
            | Self::SiteForbidden
            | Self::LinkExpired => 403,
            Self::NotFound
            | Self::PeriodNotFound
            | Self::ExportNotReady
            | Self::ExportNotFound
            | Self::ExportFailed => 404,
            Self::MethodNotAllowed => 405,
            Self::NotAcceptable => 406,
            Self::Conflict
            | Self::PeriodOpen
            | Self::PeriodNotEnded
            | Self::PeriodNotSequential
            | Self::PeriodNotLatest
            | Self::IdempotencyConflict
            | Self::ExportFinished
            | Self::ExportNotFinished => 409,
            Self::RequestTooLarge => 413,
            Self::UriTooLong => 414,
            Self::UnsupportedMediaType => 415,
            Self::RangeNotSatisfiable => 416,
            Self::Throttled | Self::TooManyExports => 429,
            Self::FileMissing | Self::InternalError => 500,
            Self::Unavailable => 503,
        }
    }

    /// Returns the value of `type` in the error envelope.
    pub fn kind(self) -> &'static str {
        match self.status() {
            409 => "conflict",
            _ => "invalid_request_error",
        }
    }
}

/// An error answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// The code that names the error.
    pub code: ErrorCode,
    /// A message for people, in English. It may change.
    pub message: String,
    /// Messages by parameter.
    pub fields: FieldErrors,
    /// Seconds after which the client may try again, for `Retry-After`.
    pub retry_after_s: Option<u64>,
    /// The methods that the path allows, for `Allow`.
    pub allow: Option<String>,
    /// True if the error is about a refused credential, not a missing one.
    pub credential_sent: bool,
    /// The HTTP status, if it is not the one of the code.
    pub status: Option<u16>,
    /// The reason why an export failed, if the answer reports one.
    pub failed_reason: Option<String>,
}

impl ApiError {
    /// Creates an error with this code and message.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            fields: FieldErrors::default(),
            retry_after_s: None,
            allow: None,
            credential_sent: false,
            status: None,
            failed_reason: None,
        }
    }

    /// Returns the error for several invalid parameters.
    pub fn parameters(fields: FieldErrors) -> Self {
        let message = match fields.0.len() {
            1 => "1 parameter is invalid.".to_owned(),
            count => format!("{count} parameters are invalid."),
        };
        Self { fields, ..Self::new(ErrorCode::ParameterInvalid, message) }
    }

    /// Returns the error for one invalid parameter.
    pub fn parameter(field: &str, message: impl Into<String>) -> Self {
        let mut fields = FieldErrors::default();
        fields.push(field, message);
        Self::parameters(fields)
    }

    /// Returns the error for a request that is invalid as a whole.
    pub fn request(message: impl Into<String>) -> Self {
        let mut fields = FieldErrors::default();
        fields.push(NON_FIELD_ERRORS, message);
        Self { fields, ..Self::new(ErrorCode::ParameterInvalid, "The request is invalid.") }
    }

    /// Returns the error for an unknown route or object. The message is always the same, so that
    /// the cases cannot be told apart.
    pub fn not_found() -> Self {
        Self::new(ErrorCode::NotFound, "Not found.")
    }

    /// Returns the error for a missing or refused credential. The message is always the same.
    pub fn unauthenticated(credential_sent: bool) -> Self {
        let message = "Authentication credentials were missing or are not valid.";
        Self { credential_sent, ..Self::new(ErrorCode::AuthenticationFailed, message) }
    }

    /// Returns the error for a request that may succeed when it is repeated in 5 seconds.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self { retry_after_s: Some(5), ..Self::new(ErrorCode::Unavailable, message) }
    }

    /// Returns the error for a failure that the caller cannot correct. The request's id is added to
    /// the message where the answer is written.
    pub fn internal() -> Self {
        Self::new(ErrorCode::InternalError, "An internal error occurred.")
    }
}

impl ApiError {
    /// Converts an error of the store, and logs it unless the store was only busy.
    pub fn from_store_error(error: StoreError) -> Self {
        match error {
            StoreError::Busy => Self::unavailable("The store is busy with another write."),
            StoreError::Unavailable { .. } | StoreError::DiskFull => {
                log_error(error.code(), &error);
                Self::unavailable("The store is not available.")
            }
            _ => {
                log_error(error.code(), &error);
                Self::internal()
            }
        }
    }

    /// Converts an I/O error of a file in the data folder. A full or read-only disk, a missing
    /// permission and a missing folder are reported as unavailable, anything else as an internal
    /// error. The caller logs it.
    pub fn from_file_error(error: &io::Error) -> Self {
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                Self::unavailable("The server has no room on its disk now.")
            }
            ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied | ErrorKind::NotFound => {
                Self::unavailable("The server cannot write to its disk now.")
            }
            _ => Self::internal(),
        }
    }

    /// Converts an error of the mirror or of a query plan, and logs it unless the store was only
    /// busy or the server is stopping.
    pub fn from_mirror_error(error: MirrorError) -> Self {
        match error {
            MirrorError::Store(error) => Self::from_store_error(error),
            MirrorError::Stopped => Self::unavailable("The server is stopping."),
            MirrorError::Busy { .. } | MirrorError::Behind => {
                log_error(error.code(), &error);
                Self::unavailable("The server is busy with other reads.")
            }
            MirrorError::MemoryExhausted(_) => {
                log_error(error.code(), &error);
                Self::unavailable("The server has too little memory for this now.")
            }
            error if error.is_read_failure() => {
                log_error(error.code(), &error);
                Self::unavailable(MIRROR_DAMAGED)
            }
            _ => {
                log_error(error.code(), &error);
                Self::internal()
            }
        }
    }
}

/// Message for a read that found a damaged file of the mirror. The next session rebuilds the file.
pub(crate) const MIRROR_DAMAGED: &str =
    "A file of the mirror is damaged. It is being rebuilt from the records: try again.";

/// Logs an error with its chain of causes.
pub fn log_error(code: &'static str, error: &dyn std::error::Error) {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    let causes: Vec<String> = causes.map(ToString::to_string).collect();
    tracing::error!(code, causes = causes.join(": "), "{error}");
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.message)
    }
}

impl std::error::Error for ApiError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_cannot_be_written_is_told_as_such() {
        // ENOSPC, EDQUOT, EROFS, EACCES, EPERM, ENOENT (somebody removed the folder); EBADF can
        // only be a bug of the program.
        for (number, expected) in [
            (28, ErrorCode::Unavailable),
            (122, ErrorCode::Unavailable),
            (30, ErrorCode::Unavailable),
            (13, ErrorCode::Unavailable),
            (1, ErrorCode::Unavailable),
            (2, ErrorCode::Unavailable),
            (9, ErrorCode::InternalError),
        ] {
            let error = io::Error::from_raw_os_error(number);
            assert_eq!(ApiError::from_file_error(&error).code, expected, "{error}");
        }
    }

    /// Codes are part of the API: this test makes every change of one visible.
    #[test]
    fn codes_and_statuses_are_pinned() {
        let list: Vec<String> = ErrorCode::ALL
            .iter()
            .map(|code| format!("{} {}", code.status(), code.as_str()))
            .collect();
        let expected = "400 parameter_invalid\n400 provider_header_missing\n\
            400 provider_header_invalid\n400 mode_header_missing\n400 mode_header_invalid\n\
            400 import_invalid\n401 authentication_failed\n403 permission_denied\n\
            403 mode_not_allowed\n403 provider_invalid\n403 link_expired\n404 not_found\n\
            405 method_not_allowed\n406 not_acceptable\n409 conflict\n404 period_not_found\n409 period_open\n\
            409 period_not_ended\n409 period_not_sequential\n409 period_not_latest\n\
            409 idempotency_conflict\n\
            413 request_too_large\n414 uri_too_long\n415 unsupported_media_type\n416 range_not_satisfiable\n\
            429 throttled\n\
            429 too_many_exports\n401 exports_not_enabled\n\
            403 site_forbidden\n\
            400 invalid_json\n\
            400 invalid_date_range\n\
            400 export_in_progress\n\
            400 nothing_to_export\n\
            404 export_not_ready\n\
            400 export_gone\n\
            404 export_not_found\n\
            404 export_failed\n\
            409 export_finished\n\
            409 export_not_finished\n\
            500 file_missing\n500 internal_error\n503 unavailable";
        assert_eq!(list.join("\n"), expected);
    }
}

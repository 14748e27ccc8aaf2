//! The error answers of the API. Rule: spec/auth-and-errors.md §5, §6.

use std::io::{self, ErrorKind};

use mirror::MirrorError;
use reports::request::FieldErrors;
use store::StoreError;

/// The key in `fields` for errors that concern the whole request.
pub const NON_FIELD_ERRORS: &str = "non_field_errors";

/// Declares the codes, so that each stands in one place.
macro_rules! error_codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// Stable code of an error; clients rely on it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ErrorCode {
            $($(#[$doc])* $name,)*
        }

        impl ErrorCode {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Returns the code's text.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

error_codes! {
    /// A parameter, header or body is wrong.
    ParameterInvalid = "parameter_invalid",
    /// The provider header is missing.
    ProviderHeaderMissing = "provider_header_missing",
    /// The provider header is not an integer of at least 1.
    ProviderHeaderInvalid = "provider_header_invalid",
    /// The mode header is missing.
    ModeHeaderMissing = "mode_header_missing",
    /// The mode header has an unknown value.
    ModeHeaderInvalid = "mode_header_invalid",
    /// Rows of an import are wrong. Rendered with the body of spec/data-model.md §3.
    ImportInvalid = "import_invalid",
    /// The credential is missing or refused.
    AuthenticationFailed = "authentication_failed",
    /// The caller lacks a permission.
    PermissionDenied = "permission_denied",
    /// The caller or the endpoint lacks this mode.
    ModeNotAllowed = "mode_not_allowed",
    /// The provider does not exist, or the credential has no access to it.
    ProviderInvalid = "provider_invalid",
    /// The signed link has expired.
    LinkExpired = "link_expired",
    /// No such route or object.
    NotFound = "not_found",
    /// The path exists, but does not have the method.
    MethodNotAllowed = "method_not_allowed",
    /// Nothing that `Accept` allows can be produced.
    NotAcceptable = "not_acceptable",
    /// The state of the object forbids it.
    Conflict = "conflict",
    /// The month has no books: it lies before the first invoice or in the future.
    PeriodNotFound = "period_not_found",
    /// The month is open.
    PeriodOpen = "period_open",
    /// The month has not ended yet.
    PeriodNotEnded = "period_not_ended",
    /// An earlier month is still open.
    PeriodNotSequential = "period_not_sequential",
    /// A later month is closed.
    PeriodNotLatest = "period_not_latest",
    /// The idempotency key was used with another request.
    IdempotencyConflict = "idempotency_conflict",
    /// The body is larger than the limit.
    RequestTooLarge = "request_too_large",
    /// The request line is longer than the limit.
    UriTooLong = "uri_too_long",
    /// The endpoint does not accept the body's media type.
    UnsupportedMediaType = "unsupported_media_type",
    /// The requested range lies outside the file.
    RangeNotSatisfiable = "range_not_satisfiable",
    /// Too many requests.
    Throttled = "throttled",
    /// Too many exports at once.
    TooManyExports = "too_many_exports",
    /// Exports are not enabled for the provider.
    ExportsNotEnabled = "exports_not_enabled",
    /// The site does not belong to the provider.
    SiteForbidden = "site_forbidden",
    /// The body is not a JSON object with unique keys.
    InvalidJson = "invalid_json",
    /// The range of an export is reversed or too long.
    InvalidDateRange = "invalid_date_range",
    /// An export of the same type is unfinished.
    ExportInProgress = "export_in_progress",
    /// No row matches.
    NothingToExport = "nothing_to_export",
    /// The export's file is not ready yet.
    ExportNotReady = "export_not_ready",
    /// The export's file has been deleted.
    ExportGone = "export_gone",
    /// No such export.
    ExportNotFound = "export_not_found",
    /// The export failed or was canceled.
    ExportFailed = "export_failed",
    /// The export is finished already.
    ExportFinished = "export_finished",
    /// The export is not finished yet.
    ExportNotFinished = "export_not_finished",
    /// The export's file is lost.
    FileMissing = "file_missing",
    /// A bug, or a failure that the caller cannot correct.
    InternalError = "internal_error",
    /// The request cannot be served now: the server is starting, stopping or busy, or the time
    /// limit was reached.
    Unavailable = "unavailable",
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
}

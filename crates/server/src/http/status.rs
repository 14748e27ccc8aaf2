//! The HTTP status of each error code, and its `type` in the envelope of `/api/v1/core`.
//! Rule: spec/auth-and-errors.md §6; spec/exports.md §2.

use app::error::ErrorCode;

/// Returns the one HTTP status that a code is sent with.
pub(crate) fn http_status(code: ErrorCode) -> u16 {
    match code {
        ErrorCode::ParameterInvalid
        | ErrorCode::ProviderHeaderMissing
        | ErrorCode::ProviderHeaderInvalid
        | ErrorCode::ModeHeaderMissing
        | ErrorCode::ModeHeaderInvalid
        | ErrorCode::ImportInvalid
        | ErrorCode::InvalidJson
        | ErrorCode::InvalidDateRange
        | ErrorCode::ExportInProgress
        | ErrorCode::NothingToExport
        | ErrorCode::ExportGone => 400,
        ErrorCode::AuthenticationFailed | ErrorCode::ExportsNotEnabled => 401,
        ErrorCode::PermissionDenied
        | ErrorCode::ModeNotAllowed
        | ErrorCode::ProviderInvalid
        | ErrorCode::SiteForbidden
        | ErrorCode::LinkExpired => 403,
        ErrorCode::NotFound
        | ErrorCode::PeriodNotFound
        | ErrorCode::ExportNotReady
        | ErrorCode::ExportNotFound
        | ErrorCode::ExportFailed => 404,
        ErrorCode::MethodNotAllowed => 405,
        ErrorCode::NotAcceptable => 406,
        ErrorCode::Conflict
        | ErrorCode::PeriodOpen
        | ErrorCode::PeriodNotEnded
        | ErrorCode::PeriodNotSequential
        | ErrorCode::PeriodNotLatest
        | ErrorCode::IdempotencyConflict
        | ErrorCode::ExportFinished
        | ErrorCode::ExportNotFinished => 409,
        ErrorCode::RequestTooLarge => 413,
        ErrorCode::UriTooLong => 414,
        ErrorCode::UnsupportedMediaType => 415,
        ErrorCode::RangeNotSatisfiable => 416,
        ErrorCode::Throttled | ErrorCode::TooManyExports => 429,
        ErrorCode::FileMissing | ErrorCode::InternalError => 500,
        ErrorCode::Unavailable => 503,
    }
}

/// Returns the `type` of the envelope.
pub(crate) fn envelope_type(code: ErrorCode) -> &'static str {
    if http_status(code) == 409 { "conflict" } else { "invalid_request_error" }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Codes and statuses are a promise: a change of one must be a change that is seen.
    #[test]
    fn codes_and_statuses_are_pinned() {
        let list = ErrorCode::ALL.iter();
        let list = list.map(|code| format!("{} {}", http_status(*code), code.as_str()));
        insta::assert_snapshot!(list.collect::<Vec<_>>().join("\n"));
    }
}

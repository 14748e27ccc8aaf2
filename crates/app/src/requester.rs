//! The caller of a job, as it is stored with the job.

use store::port::jobs::JobCaller;

use crate::app::App;
use crate::auth::caller::{Caller, CallerId};
use crate::error::ApiError;

/// Returns the requester to store: the token's id or the number stored for a JWT's subject, and the
/// address for mails. Blocking.
pub(crate) fn stored_requester(app: &App, principal: &Caller) -> Result<JobCaller, ApiError> {
    let id = match principal.identity {
        CallerId::Token(id) => id,
        CallerId::Subject(hash) => {
            app.store().identity_number(&hex::encode(hash)).map_err(ApiError::from_store_error)?
        }
    };
    Ok(JobCaller { id: Some(id), email: principal.email.clone() })
}

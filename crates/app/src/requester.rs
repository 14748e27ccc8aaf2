//! The caller of a job, as it is stored with the job.

use store::port::jobs::Requester;

use crate::app::App;
use crate::auth::principal::{Identity, Principal};
use crate::error::ApiError;

/// Returns the requester to store: the token's id or the number stored for a JWT's subject, and the
/// address for mails. Blocking.
pub(crate) fn of(app: &App, principal: &Principal) -> Result<Requester, ApiError> {
    let id = match principal.identity {
        Identity::Token(id) => id,
        Identity::Subject(hash) => {
            app.store().identity(&hex::encode(hash)).map_err(ApiError::of_store)?
        }
    };
    Ok(Requester { id: Some(id), email: principal.email.clone() })
}

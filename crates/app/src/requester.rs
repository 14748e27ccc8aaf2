//! Who asks for work in the background, as it is kept with the work.

use store::port::jobs::Requester;

use crate::app::App;
use crate::auth::principal::{Identity, Principal};
use crate::error::ApiError;

/// The token's id, or the number kept for a JWT's subject; and where notices go. Blocking.
pub(crate) fn of(app: &App, principal: &Principal) -> Result<Requester, ApiError> {
    let id = match principal.identity {
        Identity::Token(id) => id,
        Identity::Subject(hash) => {
            app.store().identity(&hex::encode(hash)).map_err(ApiError::of_store)?
        }
    };
    Ok(Requester { id: Some(id), email: principal.email.clone() })
}

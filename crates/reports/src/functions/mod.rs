//! Functions that plans need and the engine does not have.
//!
//! | module | holds |
//! | --- | --- |
//! | `zone` | instants to civil dates and back, in the provider's zone |
//! | `calendar` | age and days until a birthday |
//! | `order` | what texts and amounts are sorted by |
//! | `json` | one key of an object as text |
//! | `json_text` | JSON text made of columns |
//! | `place` | an instant and an id as one number that sorts like the pair |
//! | `members` | a list of memberships without one of them |
//! | `ratio` | one number divided by another, rounded half up |

pub(crate) mod calendar;
pub(crate) mod json;
pub(crate) mod json_text;
pub(crate) mod members;
pub(crate) mod order;
pub(crate) mod place;
pub(crate) mod ratio;
pub(crate) mod zone;

//! Functions that plans need and the engine does not have.
//!
//! | module | holds |
//! | --- | --- |
//! | `zone` | instants to civil dates and back, in the provider's zone |
//! | `event_time` | when an event takes place by the clocks of its site |
//! | `among` | whether an id is one of many |
//! | `counted` | how many rows pass |
//! | `calendar` | age and days until a birthday |
//! | `order` | what texts and amounts are sorted by |
//! | `json` | one key of an object as text |
//! | `json_text` | JSON text made of columns |
//! | `place` | an instant and an id as one number that sorts like the pair |
//! | `periods` | in which periods of a pivot a row counts |
//! | `life_span` | in which periods a membership was active |
//! | `status` | the status under which a membership is shown |
//! | `tally` | exact sums per group, all periods at once |
//! | `members` | a list of memberships without one of them |
//! | `ratio` | one number divided by another, rounded half up |

pub(crate) mod among;
pub(crate) mod calendar;
pub(crate) mod counted;
pub(crate) mod event_time;
pub(crate) mod json;
pub(crate) mod json_text;
pub(crate) mod life_span;
pub(crate) mod members;
pub(crate) mod order;
pub(crate) mod periods;
pub(crate) mod place;
pub(crate) mod ratio;
pub(crate) mod status;
pub(crate) mod tally;
pub(crate) mod zone;

//! Functions that plans need and DataFusion does not have.
//!
//! | module | holds |
//! | --- | --- |
//! | `amount_sum` | the type in which amounts are added |
//! | `zone` | instants to civil dates and back, in the provider's zone |
//! | `event_time` | the local time of an event at its site |
//! | `id_set` | test if an id is in a large list |
//! | `row_counter` | a counter of the rows that pass through a plan |
//! | `birthday` | age and days until a birthday |
//! | `sort_keys` | sort keys of texts and amounts |
//! | `json_member` | the value of one key of a JSON object, as text |
//! | `json_text` | JSON text made from columns |
//! | `instant_id_key` | an instant and an id as one number that sorts like the pair |
//! | `periods` | the periods of a pivot in which a row counts |
//! | `life_span` | the periods in which a membership was active |
//! | `status` | the effective status of a membership |
//! | `tally` | exact sums per group, for all periods at once |
//! | `without_membership` | a list of memberships without a given one |
//! | `ratio` | quotients, rounded half up |

pub(crate) mod amount_sum;
pub(crate) mod birthday;
pub(crate) mod event_time;
pub(crate) mod id_set;
pub(crate) mod instant_id_key;
pub(crate) mod json_member;
pub(crate) mod json_text;
pub(crate) mod life_span;
pub(crate) mod ordered_list;
pub(crate) mod periods;
pub(crate) mod ratio;
pub(crate) mod row_counter;
pub(crate) mod sort_keys;
pub(crate) mod status;
pub(crate) mod tally;
pub(crate) mod without_membership;
pub(crate) mod zone;

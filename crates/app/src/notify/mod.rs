//! What others are told: webhooks and mails, from the outbox of the store. Rule: spec/exports.md §8.
//!
//! A notice is stored together with what it tells of, so it is sent at least once, and its id tells
//! a receiver what it has seen. Nothing that goes wrong here touches what it tells of.
//!
//! | module | holds |
//! | --- | --- |
//! | `outbox` | the loops that take what is due, and when it is tried again |
//! | `webhook` | one request to one webhook, signed |
//! | `target` | which addresses a webhook may have |
//! | `mail` | one mail |

mod mail;
mod outbox;
mod target;
mod webhook;

pub(crate) use mail::{Mail, Story};
pub use mail::{check as check_mail, is_address};
pub(crate) use outbox::send_all;
pub use target::{TargetError, check as check_target};
pub(crate) use webhook::{Letter, deliver, new_event_id, new_secret};

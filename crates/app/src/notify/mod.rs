//! Webhooks and mails, sent from the notices in the store. Rule: spec/exports.md §8.
//!
//! A notice is stored in the same transaction as the change that it reports. So it is sent at least
//! once, and receivers recognize repetitions by its id. A failure here never affects the change.
//!
//! | module | holds |
//! | --- | --- |
//! | `outbox` | the loops that send notices, and the times of further attempts |
//! | `webhook` | one signed request to a webhook |
//! | `webhook_url` | the checks of a webhook's URL |
//! | `mail` | mails about exports |

mod mail;
mod outbox;
mod webhook;
mod webhook_url;

pub(crate) use mail::{ExportMail, MailedOutcome};
pub use mail::{check_mail_server as check_mail, is_mail_address};
pub(crate) use outbox::run_delivery_loop;
pub(crate) use webhook::{WebhookMessage, new_event_id, new_secret, send_to_webhook};
pub use webhook_url::{WebhookUrlError, check_webhook_url as check_target};

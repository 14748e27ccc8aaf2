//! Notices about exports, with real webhook receivers and a real mail server on this machine. Rule:
//! spec/exports.md §8.
//!
//! | module | holds |
//! | --- | --- |
//! | `receiver` | an HTTP server that receives webhooks |
//! | `mailbox` | an SMTP server that receives mails |
//! | `site` | a server with records, exports, webhooks |
//! | `sent` | deliveries, their content and signatures |
//! | `fair` | receivers and readers of one provider do not delay the notices of others |
//! | `failing` | receivers that fail, and the retries that follow |
//! | `killed` | kill -9 before a notice was sent |
//! | `managed` | creation, change, validation and removal of webhooks |
//! | `commands` | webhooks on the command line, and the doctor |

mod commands;
mod failing;
mod fair;
mod killed;
pub(crate) mod mailbox;
mod managed;
pub(crate) mod receiver;
mod sent;
mod site;

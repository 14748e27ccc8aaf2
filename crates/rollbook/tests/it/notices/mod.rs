//! What others are told about exports, with real receivers and a real mail server on this machine.
//! Rule: spec/exports.md §8.
//!
//! | module | holds |
//! | --- | --- |
//! | `receiver` | an HTTP server that webhooks lead to |
//! | `mailbox` | an SMTP server that mails go to |
//! | `site` | a server with records, exports, webhooks |
//! | `sent` | what arrives, and how it is signed |
//! | `fair` | receivers and readers of one provider, and what others are told meanwhile |
//! | `failing` | receivers that fail, and what becomes of that |
//! | `killed` | kill -9 before a notice has gone out |
//! | `managed` | webhooks made, changed, refused, removed |
//! | `commands` | the same from the command line, and the doctor |

mod commands;
mod failing;
mod fair;
mod killed;
pub(crate) mod mailbox;
mod managed;
pub(crate) mod receiver;
mod sent;
mod site;

//! Tests of the program as its users see it: a real process, real files, real requests. They form
//! one binary, because each further one would link the query engine again.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod answer_schemas;
mod both_stores;
mod cdnow;
mod command_line;
mod deployment;
mod doctor;
mod documentation;
mod layout;
mod operating;
mod oracle;
mod output_files;
mod postgres;
mod report_table;
mod server;
mod upgrade;

use both_stores::{books, differential, exports, jobs, notices};

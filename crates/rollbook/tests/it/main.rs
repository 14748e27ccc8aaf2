//! Tests of the program as its users see it: a real process, real files, real requests. They form
//! one binary, because each further one would link the query engine again.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod attack;
mod backup;
mod bad_input;
mod books;
mod cdnow;
mod command_line;
mod crash;
mod damage;
mod deployment;
mod differential;
mod doctor;
mod documentation;
mod exports;
mod imports;
mod jobs;
mod layout;
mod notices;
mod operating;
mod oracle;
mod output_files;
mod postgres;
mod report_table;
mod server;
mod tenancy;
mod upgrade;
mod usage;
mod usage_report;

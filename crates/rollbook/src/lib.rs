//! The program: command line, configuration, and wiring.
//!
//! Contains no business rules. This crate calls the use cases in `app` and `books`; the rules are in
//! the crates below those.
//!
//! | module | holds |
//! | --- | --- |
//! | [`build_info`] | version and build of the program |
//! | [`cli`] | the command line arguments |
//! | `dispatch` | calls the command that was given |
//! | [`data_args`] | the arguments of commands that use a data folder |
//! | `commands` | one command per file |
//! | [`config`] | settings from file, environment and flags, with their origins |
//! | [`folder`] | the data folder: its contents and locks |
//! | `file_handles` | the limit of file handles |
//! | [`opening`] | opening of store, mirror and files for commands |
//! | [`failure`] | failures of commands, and exit codes |
//! | `output` | the destination of a command's result: a file, a pipe, standard output |
//! | [`progress`] | progress display of long work, on a terminal or as plain lines |
//! | `logging` | the log on standard error |
//! | `terminal` | tables on a terminal |

pub mod build_info;
pub mod cli;
mod commands;
pub mod config;
pub mod data_args;
mod dispatch;
pub mod failure;
mod file_handles;
pub mod folder;
mod logging;
pub mod opening;
mod output;
pub mod progress;
mod terminal;

pub use dispatch::run;

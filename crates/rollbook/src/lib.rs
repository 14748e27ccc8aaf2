//! The program: command line, configuration, wiring, and invented records to try it with.
//!
//! Must not know: business rules. Those are in `model`, `reports` and `server::operations`; here
//! they are only called.
//!
//! | module | holds |
//! | --- | --- |
//! | [`build_info`] | which build of the program this is |
//! | [`cli`] | the arguments, as data |
//! | `commands` | one command per file |
//! | [`config`] | settings from file, environment and flags, and where each came from |
//! | [`folder`] | the data folder: what is in it, who may use it |
//! | `handles` | how many file handles there are, and for what |
//! | [`opened`] | store and mirror, opened as a command needs them |
//! | [`failure`] | errors as people read them, and exit codes |
//! | `output` | where a command's result goes: a file, a pipe, standard output |
//! | [`progress`] | progress of long work, on a terminal or as plain lines |
//! | `logging` | where log lines go |
//! | `terminal` | tables on a terminal |

pub mod build_info;
pub mod cli;
mod commands;
pub mod config;
pub mod failure;
pub mod folder;
mod handles;
mod logging;
pub mod opened;
mod output;
pub mod progress;
mod terminal;

pub use commands::run;

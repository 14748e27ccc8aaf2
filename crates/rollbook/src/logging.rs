//! Where log lines go: standard error, as text or JSON. A log that cannot be written costs lines,
//! never requests or work.
//!
//! | module | holds |
//! | --- | --- |
//! | `line` | a line without characters that pretend to be something else |
//! | `output` | standard error, which may be full, closed or stuck |

mod line;
mod output;

use std::io::{self, IsTerminal};
use std::sync::Arc;

use parking_lot::Mutex;
use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, LogSettings};
use crate::failure::{Doing, Failure};
use line::Line;
use output::Output;

/// Installs the process's one subscriber; a second call changes nothing.
pub(crate) fn install(settings: &LogSettings) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(&settings.filter)
        .doing(|| format!("use {:?} as the log filter", settings.filter))?;
    let (format, output) = (settings.format, Arc::new(Mutex::new(Output::new(io::stderr()))));
    let mut builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .log_internal_errors(false)
        .with_writer(move || Line::new(format, Arc::clone(&output)));
    // On a terminal it is NO_COLOR that decides.
    if !io::stderr().is_terminal() {
        builder = builder.with_ansi(false);
    }
    let installed = match format {
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
        LogFormat::Text => builder.try_init(),
    };
    // In-process callers may have installed one before.
    let _ = installed;
    Ok(())
}

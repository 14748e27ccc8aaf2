//! The log: lines on standard error, as text or JSON. If it cannot be written, lines are lost, but
//! requests and jobs go on.
//!
//! | module | holds |
//! | --- | --- |
//! | `line` | escaping of deceptive characters in a line |
//! | `output` | writing to standard error, which may be full, closed or blocked |

mod line;
mod output;

use std::io::{self, IsTerminal};
use std::sync::Arc;

use parking_lot::Mutex;
use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, LogSettings};
use crate::failure::{Failure, FailureContext};
use line::LogLineWriter;
use output::LogOutput;

/// Installs the subscriber of the process. Further calls have no effect.
pub(crate) fn install(settings: &LogSettings) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(&settings.filter)
        .doing(|| format!("use {:?} as the log filter", settings.filter))?;
    let (format, output) = (settings.format, Arc::new(Mutex::new(LogOutput::new(io::stderr()))));
    let mut builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .log_internal_errors(false)
        .with_writer(move || LogLineWriter::new(format, Arc::clone(&output)));
    // On a terminal, NO_COLOR decides.
    if !io::stderr().is_terminal() {
        builder = builder.with_ansi(false);
    }
    let installed = match format {
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
        LogFormat::Text => builder.try_init(),
    };
    // Tests in the same process may have installed a subscriber already.
    let _ = installed;
    Ok(())
}

//! Where log lines go: standard error, as text or JSON.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, LogSettings};
use crate::failure::{Doing, Failure};

/// Installs the process's one subscriber; a second call changes nothing.
pub(crate) fn install(settings: &LogSettings) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(&settings.filter)
        .doing(|| format!("use {:?} as the log filter", settings.filter))?;
    let mut builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // On a terminal it is NO_COLOR that decides.
    if !std::io::stderr().is_terminal() {
        builder = builder.with_ansi(false);
    }
    let installed = match settings.format {
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
        LogFormat::Text => builder.try_init(),
    };
    // In-process callers may have installed one before.
    let _ = installed;
    Ok(())
}

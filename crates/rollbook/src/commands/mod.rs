//! The commands, one module each.

pub(crate) mod accounting;
pub(crate) mod adopt_files;
pub(crate) mod backup;
pub(crate) mod close;
pub(crate) mod completions;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod ledger;
pub(crate) mod mirror;
pub(crate) mod move_store;
pub(crate) mod openapi;
pub(crate) mod provider;
pub(crate) mod report;
pub(crate) mod schema;
pub(crate) mod serve;
pub(crate) mod token;
pub(crate) mod usage;
pub(crate) mod webhook;
pub(crate) mod worker;

use reports::CsvDialect;

use crate::config::{EffectiveSettings, ProgramSettings, SettingFlag, SettingSources};
use crate::data_args::DataArgs;
use crate::failure::Failure;
use crate::folder::DataFolder;
use crate::logging;

/// Returns the effective settings of a folder, with the flags of the command on top.
pub(crate) fn effective_settings(
    folder: &DataFolder,
    given: &[String],
    mut flags: Vec<SettingFlag>,
) -> Result<EffectiveSettings, Failure> {
    for pair in given {
        let (key, value) = pair.split_once('=').ok_or_else(|| {
            Failure::usage(format!("--set {pair} has no value"))
                .hint("write --set section.key=value, as in --set reports.timeout_s=60")
        })?;
        let (key, value) = (key.trim().to_owned(), value.to_owned());
        flags.push(SettingFlag { name: "--set".to_owned(), key, value });
    }
    SettingSources::read(&folder.settings(), flags)?.resolve()
}

/// Checks that a folder with these settings can be used. Creates a missing folder if the records
/// are in a database, as on a new node; otherwise a missing folder is an error.
pub(crate) fn require_folder(
    folder: &DataFolder,
    settings: &ProgramSettings,
) -> Result<(), Failure> {
    match settings.store.url {
        Some(_) => DataFolder::created(folder.path()).map(drop),
        None => DataFolder::existing(folder.path()).map(drop),
    }
}

/// Opens an existing folder and its settings, for commands that do not serve: these log only
/// warnings, unless more is requested.
pub(crate) fn open_folder(args: &DataArgs) -> Result<(DataFolder, ProgramSettings), Failure> {
    let folder = DataFolder::at(&args.data);
    let settings = with_quiet_log(effective_settings(&folder, &args.settings, Vec::new())?);
    require_folder(&folder, &settings)?;
    logging::install(&settings.log)?;
    Ok((folder, settings))
}

/// Like [`open_folder`], but creates the folder if it is missing.
pub(crate) fn create_folder(args: &DataArgs) -> Result<(DataFolder, ProgramSettings), Failure> {
    let folder = DataFolder::created(&args.data)?;
    let settings = with_quiet_log(effective_settings(&folder, &args.settings, Vec::new())?);
    logging::install(&settings.log)?;
    Ok((folder, settings))
}

fn with_quiet_log(effective: EffectiveSettings) -> ProgramSettings {
    let is_asked_for = *effective.origin("log.filter") != crate::config::SettingOrigin::Default;
    let mut settings = effective.settings;
    if !is_asked_for {
        settings.log.filter = "warn".to_owned();
    }
    settings
}

/// Prints text to standard output. A closed pipe is not a failure.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    print_bytes(text.as_bytes())
}

/// Prints bytes unchanged; otherwise like [`print`].
pub(crate) fn print_bytes(bytes: &[u8]) -> Result<(), Failure> {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::new("cannot write to standard output").because(error))
        }
        _ => Ok(()),
    }
}

/// Returns a value as indented JSON with a final line break.
pub(crate) fn to_json(value: &impl serde::Serialize) -> Result<String, Failure> {
    use crate::failure::FailureContext;
    let text = serde_json::to_string_pretty(value).doing(|| "write JSON".to_owned())?;
    Ok(text + "\n")
}

/// For which reader CSV is written.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct CsvDialectArgs {
    /// excel puts a byte-order mark in front of CSV, so that Excel reads accents rightly
    #[arg(long = "csv-dialect", value_name = "DIALECT", value_parser = ["rfc4180", "excel"])]
    csv_dialect: Option<String>,
}

impl CsvDialectArgs {
    /// Returns the dialect as the word given on the command line.
    pub(crate) fn word(&self) -> Option<&str> {
        self.csv_dialect.as_deref()
    }

    /// Returns the dialect; none if it was not given.
    pub(crate) fn dialect(&self) -> Option<CsvDialect> {
        self.word().and_then(CsvDialect::parse)
    }
}

/// The output format of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ListFormat {
    /// Table.
    Table,
    /// JSON.
    Json,
}

/// Returns the requested format; otherwise a table on a terminal, and JSON elsewhere.
pub(crate) fn list_format(asked: Option<ListFormat>) -> ListFormat {
    match (asked, crate::terminal::is_terminal()) {
        (Some(format), _) => format,
        (None, true) => ListFormat::Table,
        (None, false) => ListFormat::Json,
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use crate::cli::Cli;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_help_text_is_pinned() {
        let mut text = String::new();
        let mut command = Cli::command().term_width(100);
        command.build();
        describe(&mut command, &mut text);
        insta::assert_snapshot!(text);
    }

    fn describe(command: &mut clap::Command, text: &mut String) {
        let help = command.clone().term_width(100).render_long_help();
        text.push_str(&format!("=== {}\n{help}\n", command.get_bin_name().unwrap_or("rollbook")));
        for inner in command.get_subcommands_mut().filter(|inner| inner.get_name() != "help") {
            describe(inner, text);
        }
    }
}

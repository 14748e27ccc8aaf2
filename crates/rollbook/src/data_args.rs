//! The arguments of commands that use a data folder.

use std::path::PathBuf;

use clap::Args;

/// The folder with the records, and settings on the command line.
#[derive(Debug, Clone, Args)]
pub struct DataArgs {
    /// Data folder
    #[arg(long, value_name = "DIR", env = "ROLLBOOK_DATA", hide_env_values = true)]
    pub data: PathBuf,
    /// Override a setting of rollbook.toml and the environment; repeatable
    #[arg(long = "set", value_name = "SECTION.KEY=VALUE")]
    pub settings: Vec<String>,
}

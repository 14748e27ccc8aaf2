//! The program's entry.

use std::process::ExitCode;

use clap::Parser;
use rollbook::cli::Cli;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let is_verbose = cli.verbose;
    match rollbook::run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprint!("{}", failure.to_text(is_verbose));
            ExitCode::from(failure.exit_code())
        }
    }
}

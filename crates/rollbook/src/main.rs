//! Entry point of the program.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use rollbook::cli::Cli;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let is_verbose = cli.verbose;
    match rollbook::run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // A failed write changes nothing: the exit code reports the failure too.
            let _ = write!(std::io::stderr(), "{}", failure.to_text(is_verbose));
            ExitCode::from(failure.exit_code())
        }
    }
}

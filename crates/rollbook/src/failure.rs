//! Failures of commands, as printed: one line, a hint, and on request the chain of causes. Exit
//! codes: 1 failed, 2 wrong usage. Rule: spec/product.md, "Command line".

use std::error::Error;
use std::fmt::Write;

use app::imports::ImportFailure;
use books::PackageError;
use mirror::MirrorError;
use store::StoreError;

/// The failure of a command.
#[derive(Debug)]
pub struct Failure {
    message: String,
    details: Vec<String>,
    hint: Option<String>,
    cause: Option<Box<dyn Error + Send + Sync>>,
    is_usage: bool,
}

impl Failure {
    /// Creates a failure with this message.
    pub fn new(message: impl Into<String>) -> Self {
        let (details, hint, cause) = (Vec::new(), None, None);
        Self { message: message.into(), details, hint, cause, is_usage: false }
    }

    /// Creates a failure for arguments that do not fit together, found after parsing.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { is_usage: true, ..Self::new(message) }
    }

    /// Adds a hint about what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the cause.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Adds a line of detail.
    #[must_use]
    pub fn detail(mut self, line: impl Into<String>) -> Self {
        self.details.push(line.into());
        self
    }

    /// Returns the exit code: 2 for wrong usage, otherwise 1.
    pub fn exit_code(&self) -> u8 {
        if self.is_usage { 2 } else { 1 }
    }

    /// Returns the hint, if there is one.
    pub fn own_hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// Returns the failure and its deepest cause in one line.
    pub fn line(&self) -> String {
        match self.causes().last() {
            Some(deepest) => format!("{}: {deepest}", self.message),
            None => self.message.clone(),
        }
    }

    /// Returns the lines for standard error. Without `is_verbose`, the first line ends with the
    /// deepest cause.
    pub fn to_text(&self, is_verbose: bool) -> String {
        let causes: Vec<String> = self.causes().collect();
        let mut text = format!("error: {}", self.message);
        if let (false, Some(deepest)) = (is_verbose, causes.last()) {
            text.push_str(&format!(": {deepest}"));
        }
        text.push('\n');
        for line in &self.details {
            text.push_str(&format!("  {line}\n"));
        }
        if is_verbose {
            for cause in &causes {
                text.push_str(&format!("  caused by: {cause}\n"));
            }
        }
        if let Some(hint) = &self.hint {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "hint: {hint}");
        }
        text
    }

    fn causes(&self) -> impl Iterator<Item = String> + '_ {
        let first = self.cause.as_deref().map(as_error);
        std::iter::successors(first, |cause| (**cause).source()).map(ToString::to_string)
    }
}

fn as_error<'e>(cause: &'e (dyn Error + Send + Sync + 'static)) -> &'e (dyn Error + 'static) {
    cause
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let hint = match &error {
            StoreError::Busy => Some("another command is writing: try again when it is done"),
            StoreError::DiskFull => Some("free some space on the disk of the data folder"),
            StoreError::Unavailable { .. } => Some("`rollbook doctor` says what is wrong with it"),
            StoreError::SchemaTooNew { .. } => Some("install the newer rollbook that wrote it"),
            StoreError::Damaged { .. } => Some("run `rollbook doctor`; restore a backup if needed"),
            _ => None,
        };
        let failure = Self::new("the store failed").because(error);
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

impl From<MirrorError> for Failure {
    fn from(error: MirrorError) -> Self {
        match error {
            MirrorError::Store(error) => error.into(),
            MirrorError::ProviderUnknown(id) => Self::provider_unknown(id),
            error @ MirrorError::Locked { .. } => {
                Self::new("the mirror is kept by another process")
                    .because(error)
                    .hint("a server is running on this folder: it keeps the mirror by itself")
            }
            error @ MirrorError::MemoryExhausted(_) => Self::new("reading the records failed")
                .because(error)
                .hint("raise the setting engine.memory, or ask for less at once"),
            error if error.is_read_failure() => Self::new("a file of the mirror is damaged")
                .because(error)
                .hint("run the command again: it first rebuilds the file from the records"),
            error => Self::new("reading the records failed").because(error),
        }
    }
}

impl From<PackageError> for Failure {
    fn from(error: PackageError) -> Self {
        Self::new("the books could not be made").because(error)
    }
}

impl From<ImportFailure> for Failure {
    fn from(error: ImportFailure) -> Self {
        match error {
            ImportFailure::Store(StoreError::NotFound { what }) => {
                Self::new(format!("{what} does not exist")).hint(PROVIDER_HINT)
            }
            ImportFailure::Store(error) => error.into(),
            error => Self::new("the import failed and nothing was stored").because(error),
        }
    }
}

const PROVIDER_HINT: &str =
    "`rollbook provider list` shows the providers, `rollbook provider create` creates one";

impl Failure {
    /// Creates the failure for a provider that does not exist.
    pub fn provider_unknown(id: model::id::ProviderId) -> Self {
        Self::new(format!("provider {id} does not exist")).hint(PROVIDER_HINT)
    }
}

/// Adds the attempted action to an error.
pub trait FailureContext<T> {
    /// Turns the error into a failure to do `what`, such as "read the file".
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, Failure>;
}

impl<T, E: Into<Box<dyn Error + Send + Sync>>> FailureContext<T> for Result<T, E> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, Failure> {
        self.map_err(|error| Failure::new(format!("cannot {}", what())).because(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_and_a_hint_or_the_whole_chain() {
        let cause =
            StoreError::Database { context: "commit", source: "disk I/O error".to_owned().into() };
        let failure = Failure::from(cause).hint("look at the disk");
        assert_eq!(
            failure.to_text(false),
            "error: the store failed: disk I/O error\nhint: look at the disk\n"
        );
        assert_eq!(
            failure.to_text(true),
            "error: the store failed\n  caused by: the database failed: commit\n  \
             caused by: disk I/O error\nhint: look at the disk\n"
        );
        assert_eq!(failure.exit_code(), 1);
        assert_eq!(Failure::usage("x").exit_code(), 2);
    }
}

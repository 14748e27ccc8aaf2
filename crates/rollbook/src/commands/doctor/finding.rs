//! The result of one check of `rollbook doctor`.

use crate::failure::Failure;

/// The severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum FindingLevel {
    /// Everything is in order.
    Ok,
    /// Worth knowing; no action is needed.
    Note,
    /// Working, but somebody should look at it: issues in records, or a webhook that does not
    /// answer.
    Warning,
    /// Not working, or about to fail.
    Wrong,
}

/// The result of one check.
pub(super) struct Finding {
    pub(super) level: FindingLevel,
    subject: &'static str,
    state: String,
    /// The action that is recommended.
    remedy: Option<String>,
}

impl Finding {
    pub(super) fn good(subject: &'static str, state: impl Into<String>) -> Self {
        Self { level: FindingLevel::Ok, subject, state: state.into(), remedy: None }
    }

    pub(super) fn note(subject: &'static str, state: impl Into<String>) -> Self {
        Self { level: FindingLevel::Note, ..Self::good(subject, state) }
    }

    pub(super) fn warning(
        subject: &'static str,
        state: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        let remedy = Some(remedy.into());
        Self { level: FindingLevel::Warning, remedy, ..Self::good(subject, state) }
    }

    pub(super) fn wrong(
        subject: &'static str,
        state: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { level: FindingLevel::Wrong, ..Self::warning(subject, state, remedy) }
    }

    /// Creates the finding for a check that could not be made. The remedy is the failure's own
    /// hint; `otherwise` if that hint names `rollbook doctor` itself.
    pub(super) fn check_failed(subject: &'static str, failure: &Failure, otherwise: &str) -> Self {
        let hint = failure.own_hint().filter(|hint| !hint.contains("rollbook doctor"));
        Self::wrong(subject, failure.line(), hint.unwrap_or(otherwise))
    }

    /// Returns the line for the terminal, followed by a line with the remedy.
    pub(super) fn line(&self) -> String {
        let level = match self.level {
            FindingLevel::Ok => "ok",
            FindingLevel::Note => "note",
            FindingLevel::Warning => "WARNING",
            FindingLevel::Wrong => "WRONG",
        };
        let mut line = format!("{level:<7} {:<14} {}\n", self.subject, self.state);
        if let Some(remedy) = &self.remedy {
            line.push_str(&format!("{:<7} {:<14} {remedy}\n", "", "->"));
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use store::StoreError;

    use super::*;

    #[test]
    fn no_remedy_leads_back_to_the_doctor() {
        let damaged = Failure::from(StoreError::Damaged { reason: "torn".to_owned() });
        let finding = Finding::check_failed("store", &damaged, "restore a backup");
        let line = finding.line();
        assert!(line.starts_with("WRONG   store          the store failed"), "{line}");
        assert!(line.ends_with("\n        ->             restore a backup\n"), "{line}");
        let full = Finding::check_failed("store", &StoreError::DiskFull.into(), "restore a backup");
        assert!(full.line().contains("free some space"), "{}", full.line());
    }
}

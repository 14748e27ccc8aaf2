//! What the doctor found about one thing.

use crate::failure::Failure;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// It is as it should be.
    Ok,
    /// Worth knowing; nothing needs to be done.
    Note,
    /// It works, and somebody should look at it: records that look wrong, a webhook that does not
    /// answer.
    Warning,
    /// Something does not work, or soon will not.
    Wrong,
}

/// One thing looked at.
pub(super) struct Finding {
    pub(super) level: Level,
    subject: &'static str,
    state: String,
    /// What to do about it.
    remedy: Option<String>,
}

impl Finding {
    pub(super) fn good(subject: &'static str, state: impl Into<String>) -> Self {
        Self { level: Level::Ok, subject, state: state.into(), remedy: None }
    }

    pub(super) fn note(subject: &'static str, state: impl Into<String>) -> Self {
        Self { level: Level::Note, ..Self::good(subject, state) }
    }

    pub(super) fn warning(
        subject: &'static str,
        state: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        let remedy = Some(remedy.into());
        Self { level: Level::Warning, remedy, ..Self::good(subject, state) }
    }

    pub(super) fn wrong(
        subject: &'static str,
        state: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { level: Level::Wrong, ..Self::warning(subject, state, remedy) }
    }

    /// Something could not be looked at. The failure's own hint says what to do, unless it leads
    /// back here; then `otherwise` does.
    pub(super) fn failed(subject: &'static str, failure: &Failure, otherwise: &str) -> Self {
        let hint = failure.own_hint().filter(|hint| !hint.contains("rollbook doctor"));
        Self::wrong(subject, failure.line(), hint.unwrap_or(otherwise))
    }

    /// The line for people, and one more with the remedy.
    pub(super) fn line(&self) -> String {
        let level = match self.level {
            Level::Ok => "ok",
            Level::Note => "note",
            Level::Warning => "WARNING",
            Level::Wrong => "WRONG",
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
        let finding = Finding::failed("store", &damaged, "restore a backup");
        let line = finding.line();
        assert!(line.starts_with("WRONG   store          the store failed"), "{line}");
        assert!(line.ends_with("\n        ->             restore a backup\n"), "{line}");
        let full = Finding::failed("store", &StoreError::DiskFull.into(), "restore a backup");
        assert!(full.line().contains("free some space"), "{}", full.line());
    }
}

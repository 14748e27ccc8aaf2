//! Check that other users of the machine cannot read the stored data: records with names and
//! addresses, hashes of tokens, passwords in the settings.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::finding::Finding;
use crate::config::ProgramSettings;
use crate::folder::DataFolder;
use crate::opening;

const SUBJECT: &str = "file modes";
/// Permission bits of group and others.
const OTHERS_MODE_BITS: u32 = 0o077;
/// Files and folders in a data folder that only its owner may read.
const PRIVATE: [&str; 10] = [
    "rollbook.toml",
    "rollbook.db",
    "rollbook.db-wal",
    "rollbook.db-shm",
    "rollbook-jobs.db",
    "rollbook-jobs.db-wal",
    "rollbook-jobs.db-shm",
    "files",
    "mirror",
    "temp",
];

/// Files and folders that other users can reach.
#[derive(Default)]
struct ReachablePaths {
    count: u64,
    first: Option<(PathBuf, u32)>,
}

/// Checks the data folder, and the files folder if it is elsewhere.
pub(super) fn check_modes(folder: &DataFolder, settings: &ProgramSettings) -> Vec<Finding> {
    let private = PRIVATE.map(|name| folder.path().join(name));
    let mut findings = vec![check_folder(folder.path(), &private)];
    let files = opening::files_folder_path(folder, settings);
    if settings.files.dir.is_some() && files.exists() {
        findings.push(check_folder(&files, std::slice::from_ref(&files)));
    }
    findings
}

/// Checks a folder and the paths in it that must be private.
fn check_folder(folder: &Path, private: &[PathBuf]) -> Finding {
    let shown = folder.display();
    let mode = match fs::metadata(folder) {
        Ok(facts) => facts.mode() & 0o777,
        Err(error) => {
            let state = format!("{shown} cannot be looked at: {error}");
            return Finding::wrong(
                SUBJECT,
                state,
                "give the folder to the user that runs rollbook",
            );
        }
    };
    if mode & OTHERS_MODE_BITS == 0 {
        return Finding::good(SUBJECT, format!("only its owner can look into {shown}"));
    }
    let mut open = ReachablePaths::default();
    private.iter().for_each(|path| open.add_path(path));
    match open.first {
        Some((first, mode)) => Finding::wrong(
            SUBJECT,
            format!(
                "other users can reach {} with records or secrets, the first: {} (mode {mode:o})",
                match open.count {
                    1 => "a file or folder".to_owned(),
                    count => format!("{count} files and folders"),
                },
                first.display()
            ),
            format!("chmod -R go= {shown}"),
        ),
        None => Finding::warning(
            SUBJECT,
            format!(
                "other users can look into {shown} (mode {mode:o}), but not read what is in it"
            ),
            format!("chmod 700 {shown}"),
        ),
    }
}

impl ReachablePaths {
    /// Counts a path if other users can reach it, and continues below it. Paths that have
    /// disappeared, as happens in `temp`, are skipped.
    fn add_path(&mut self, path: &Path) {
        let Ok(facts) = fs::symlink_metadata(path) else { return };
        let mode = facts.permissions().mode() & 0o777;
        if facts.is_symlink() || mode & OTHERS_MODE_BITS == 0 {
            return;
        }
        self.count += 1;
        self.first.get_or_insert_with(|| (path.to_owned(), mode));
        for entry in fs::read_dir(path).into_iter().flatten().flatten() {
            self.add_path(&entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn what_others_can_reach_is_named_with_the_command_that_closes_it() {
        let outer = tempfile::tempdir().unwrap();
        let folder = DataFolder::at(outer.path());
        let found = || check_modes(&folder, &ProgramSettings::default())[0].line();
        let (mirror, store) = (folder.mirror(), folder.store());
        fs::create_dir(&mirror).unwrap();
        let segment = mirror.join("customers.parquet");
        for file in [&segment, &store, &folder.settings()] {
            fs::write(file, "").unwrap();
            set(file, 0o644);
        }
        set(&mirror, 0o755);
        set(outer.path(), 0o700);
        assert!(found().starts_with("ok "), "closed at the top: {}", found());
        for (folder_mode, mirror_mode, file_mode, expected) in [
            (0o755, 0o755, 0o644, "WRONG "),
            (0o750, 0o700, 0o640, "WRONG "),
            (0o755, 0o755, 0o600, "WRONG "),
            (0o755, 0o700, 0o600, "WARNING "),
            (0o700, 0o755, 0o644, "ok "),
        ] {
            for file in [&segment, &store, &folder.settings()] {
                set(file, file_mode);
            }
            set(&mirror, mirror_mode);
            set(outer.path(), folder_mode);
            assert!(
                found().starts_with(expected),
                "{folder_mode:o} {mirror_mode:o} {file_mode:o}: {}",
                found()
            );
        }
        set(outer.path(), 0o755);
        let remedy =
            found().lines().nth(1).unwrap().trim().trim_start_matches("->").trim().to_owned();
        assert_eq!(remedy, format!("chmod -R go= {}", outer.path().display()));
        let mut words = remedy.split(' ');
        let status = std::process::Command::new(words.next().unwrap()).args(words).status();
        assert!(status.unwrap().success());
        assert!(found().starts_with("ok "), "{}", found());
    }
}

//! The destination of a command's result: a file that appears when it is complete, a device or
//! pipe, or standard output.

use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::failure::{Failure, FailureContext};

/// Paths that mean standard output.
const STANDARD_OUTPUT: [&str; 4] = ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];
/// Paths that name open files of this process. These are written to, never replaced.
const OPEN_FILES: [&str; 3] = ["/dev/stderr", "/dev/fd", "/proc/self/fd"];
/// Number of symbolic links that are followed; longer chains are treated as a circle.
const LINKS_MAX: usize = 40;
/// Mode of a new file, before the umask applies.
const NEW_FILE_MODE: u32 = 0o666;

/// A result that is being written. Nothing appears at its destination before [`CommandOutput::finish`].
#[derive(Debug)]
pub(crate) struct CommandOutput {
    destination: OutputDestination,
    made: NamedTempFile,
}

#[derive(Debug)]
enum OutputDestination {
    Standard,
    /// A device, pipe, socket or open file, which is written to.
    Stream(PathBuf),
    /// A regular file, which is created or replaced. The metadata are those of the file to replace.
    File(PathBuf, Option<Metadata>),
}

impl CommandOutput {
    /// Begins a result for `path`; none or `-` means standard output. `temp` is the folder for
    /// results that do not become files.
    pub(crate) fn begin(path: Option<&Path>, temp: &Path) -> Result<Self, Failure> {
        let destination = match path {
            Some(path) if !STANDARD_OUTPUT.iter().any(|name| path == Path::new(name)) => {
                OutputDestination::of_path(path)?
            }
            _ => OutputDestination::Standard,
        };
        let folder = match &destination {
            OutputDestination::File(path, _) => folder_of(path),
            OutputDestination::Standard | OutputDestination::Stream(_) => temp,
        };
        let made = tempfile::Builder::new()
            .permissions(Permissions::from_mode(NEW_FILE_MODE))
            .tempfile_in(folder)
            .doing(|| format!("make a file in {}", folder.display()))?;
        Ok(Self { destination, made })
    }

    /// Returns true if the result goes to standard output.
    pub(crate) fn is_standard(&self) -> bool {
        matches!(self.destination, OutputDestination::Standard)
    }

    /// Returns the path of the file to write the result to.
    pub(crate) fn work_path(&self) -> &Path {
        self.made.path()
    }

    /// Returns that file, opened.
    pub(crate) fn work_file(&mut self) -> &mut File {
        self.made.as_file_mut()
    }

    /// Moves the result to its destination.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        match self.destination {
            OutputDestination::Standard => copy_to_standard_output(self.made.path()),
            OutputDestination::Stream(path) => {
                let doing = || format!("write to {}", path.display());
                let stream = OpenOptions::new().append(true).open(&path);
                copy(self.made.path(), &mut stream.doing(doing)?).doing(doing)
            }
            OutputDestination::File(path, replaced) => {
                let doing = || format!("write {}", path.display());
                let file = self.made.as_file();
                if let Some(replaced) = replaced {
                    keep_owner_and_mode(&replaced, self.made.path()).doing(doing)?;
                }
                file.sync_all().doing(doing)?;
                self.made.persist(&path).map_err(|error| error.error).doing(doing)?;
                Ok(())
            }
        }
    }
}

impl OutputDestination {
    fn of_path(path: &Path) -> Result<Self, Failure> {
        if OPEN_FILES.iter().any(|name| path.starts_with(name)) {
            return Ok(Self::Stream(path.to_owned()));
        }
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_file() => {
                let path = fs::canonicalize(path).doing(|| format!("find {}", path.display()))?;
                Ok(Self::File(path, Some(metadata)))
            }
            Ok(metadata) if metadata.is_dir() => {
                Err(Failure::usage(format!("{} is a folder", path.display()))
                    .hint("name a file in it"))
            }
            Ok(_) => Ok(Self::Stream(path.to_owned())),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Ok(Self::File(end_of_links(path), None))
            }
            Err(error) => {
                Err(Failure::new(format!("cannot write {}", path.display())).because(error))
            }
        }
    }
}

/// Returns the end of a chain of symbolic links that leads to no file yet.
fn end_of_links(path: &Path) -> PathBuf {
    let mut end = path.to_owned();
    for _ in 0..LINKS_MAX {
        let Ok(next) = fs::read_link(&end) else { break };
        end = folder_of(&end).join(next);
    }
    end
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."))
}

/// Gives a file the mode of the file that it replaces, and also the owner if the user may do that.
fn keep_owner_and_mode(replaced: &Metadata, path: &Path) -> io::Result<()> {
    let made = fs::metadata(path)?;
    if (made.uid(), made.gid()) != (replaced.uid(), replaced.gid()) {
        // Only root may change the owner; otherwise the file becomes this user's, as in editors.
        let _ = std::os::unix::fs::chown(path, Some(replaced.uid()), Some(replaced.gid()));
    }
    fs::set_permissions(path, replaced.permissions())
}

fn copy(from: &Path, to: &mut impl io::Write) -> io::Result<()> {
    io::copy(&mut File::open(from)?, to).and_then(|_| to.flush())
}

/// Copies a file to standard output. A closed pipe is not a failure.
fn copy_to_standard_output(path: &Path) -> Result<(), Failure> {
    match copy(path, &mut io::stdout().lock()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        copied => copied.doing(|| "write to standard output".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::fs::{FileTypeExt, symlink};

    use super::*;

    fn write(path: &Path, temp: &Path) -> Result<(), Failure> {
        let mut output = CommandOutput::begin(Some(path), temp)?;
        output.work_file().write_all(b"new").unwrap();
        output.finish()
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_new_file_has_the_mode_that_the_umask_leaves() {
        let folder = tempfile::tempdir().unwrap();
        let (made, usual) = (folder.path().join("made"), folder.path().join("usual"));
        write(&made, folder.path()).unwrap();
        File::create(&usual).unwrap();
        assert_eq!(mode(&made), mode(&usual));
        assert_eq!(fs::read(&made).unwrap(), b"new");
    }

    #[test]
    fn an_existing_file_keeps_its_mode() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kept");
        for kept in [0o664, 0o600, 0o640] {
            fs::write(&path, "old").unwrap();
            fs::set_permissions(&path, Permissions::from_mode(kept)).unwrap();
            write(&path, folder.path()).unwrap();
            assert_eq!((mode(&path), fs::read(&path).unwrap()), (kept, b"new".to_vec()));
        }
    }

    #[test]
    fn links_are_followed_to_a_file_that_is_there_and_to_one_that_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link, further) =
            (folder.path().join("file"), folder.path().join("link"), folder.path().join("further"));
        symlink("file", &link).unwrap();
        symlink(&link, &further).unwrap();
        for _ in 0..2 {
            write(&further, folder.path()).unwrap();
            assert!(fs::symlink_metadata(&further).unwrap().is_symlink());
            assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
            assert_eq!(fs::read(&file).unwrap(), b"new");
        }
    }

    #[test]
    fn a_device_stays_a_device() {
        let folder = tempfile::tempdir().unwrap();
        write(Path::new("/dev/null"), folder.path()).unwrap();
        assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
    }

    #[test]
    fn a_folder_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(write(folder.path(), folder.path()).is_err());
    }

    #[test]
    fn nothing_shows_before_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "old").unwrap();
        let mut output = CommandOutput::begin(Some(&path), folder.path()).unwrap();
        output.work_file().write_all(b"half").unwrap();
        drop(output);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}

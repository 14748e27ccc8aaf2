//! Output files of commands: devices and pipes are written to, links are followed, modes are kept.
//! Rule: spec/product.md, "Command line".

use std::fs::{self, Permissions};
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::server::{TestDataFolder, program};

const COMMANDS: [&[&str]; 3] = [
    &["report", "invoices", "--format", "csv", "--columns", "total_amount"],
    &["export", "customers", "--from", "2026-01-01", "--to", "2026-01-31", "--format", "csv"],
    &["accounting", "--month", "2026-01", "--currency", "gbp", "--full"],
];

fn filled() -> TestDataFolder {
    let data = TestDataFolder::with_provider();
    let folder = data.folder.path().join("in");
    fs::create_dir(&folder).unwrap();
    let files = [
        ("customers.csv", "id,name,created_at\n1,Ann,2026-01-05T00:00:00Z\n"),
        (
            "invoices.csv",
            "id,customer_id,status,currency,subtotal,tax,total,date\n\
             1,1,open,gbp,1000,200,1200,2026-01-05T00:00:00Z\n",
        ),
        (
            "invoice_lines.csv",
            "id,invoice_id,plan_id,description,amount,tax,currency\n1,1,,Class,1000,200,gbp\n",
        ),
    ];
    for (name, text) in files {
        fs::write(folder.join(name), text).unwrap();
    }
    crate::server::run(&[
        "import",
        "--data",
        data.path(),
        "--provider",
        "1",
        folder.to_str().unwrap(),
    ]);
    data
}

fn command(data: &TestDataFolder, arguments: &[&str], output: &Path) -> Command {
    let mut command = program();
    command.args(arguments).args(["--data", data.path(), "--provider", "1", "-o"]).arg(output);
    command.stdin(Stdio::null());
    command
}

fn run(mut command: Command) -> Vec<u8> {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

#[test]
fn every_command_writes_to_where_it_is_told() {
    let data = filled();
    let outer = tempfile::tempdir().unwrap();
    let at = |name: &str| outer.path().join(name);
    for (number, arguments) in COMMANDS.iter().enumerate() {
        let plain = at(&format!("plain-{number}"));
        run(command(&data, arguments, &plain));
        let truth = fs::read(&plain).unwrap();
        assert!(!truth.is_empty());

        assert_eq!(run(command(&data, arguments, Path::new("-"))), truth, "{arguments:?}");

        run(command(&data, arguments, Path::new("/dev/null")));
        assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());

        let pipe = at(&format!("pipe-{number}"));
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let mut child = command(&data, arguments, &pipe).stdout(Stdio::null()).spawn().unwrap();
        assert_eq!(fs::read(&pipe).unwrap(), truth, "{arguments:?}");
        assert!(child.wait().unwrap().success());
        assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());

        let (file, link) = (at(&format!("file-{number}")), at(&format!("link-{number}")));
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o664)).unwrap();
        symlink(&file, &link).unwrap();
        run(command(&data, arguments, &link));
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink(), "{arguments:?}");
        assert_eq!(fs::read(&file).unwrap(), truth, "{arguments:?}");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o664);
    }
}

#[test]
fn only_the_owner_may_look_at_customers_data() {
    let data = filled();
    let folder = data.folder.path();
    fs::set_permissions(folder, Permissions::from_mode(0o755)).unwrap();
    crate::server::run(&["mirror", "refresh", "--data", data.path()]);
    for name in ["mirror", "temp"] {
        let mode = fs::metadata(folder.join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name} has mode {mode:o}");
    }
    for file in fs::read_dir(folder.join("mirror")).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{} has mode {mode:o}", file.path().display());
    }
}

/// Does what a shell does for `{ echo before; rollbook …; echo after; } > all`.
#[test]
fn standard_output_by_its_device_name_keeps_what_the_shell_writes_around_it() {
    let data = filled();
    for arguments in COMMANDS {
        let path = data.folder.path().join("all");
        let all = fs::File::create(&path).unwrap();
        let say = |word: &str| {
            let mut echo = Command::new("echo");
            assert!(echo.arg(word).stdout(all.try_clone().unwrap()).status().unwrap().success());
        };
        say("before");
        let mut command = command(&data, arguments, Path::new("/dev/stdout"));
        let status = command.stdout(all.try_clone().unwrap()).status().unwrap();
        assert!(status.success(), "{arguments:?}");
        say("after");
        let alone = run(self::command(&data, arguments, Path::new("-")));
        let written = fs::read(&path).unwrap();
        assert!(written == [b"before\n", &alone[..], b"after\n"].concat(), "{arguments:?}");
    }
}

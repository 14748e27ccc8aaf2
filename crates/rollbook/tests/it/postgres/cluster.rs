//! A PostgreSQL cluster for the tests: reached over a socket in its own folder, stopped and
//! started when told to, gone when the run ends, however it does.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Makes a cluster, says where it is, then does as its input says, and ends with it.
const SCRIPT: &str = r#"
set -e
folder=$(mktemp -d /tmp/rollbook-postgres.XXXXXX)
trap 'pg_ctl -D "$folder/data" -m immediate stop > /dev/null 2>&1 || true; cd /; rm -rf "$folder"' EXIT
cd "$folder"
initdb -D data -A trust -U rollbook --no-sync -E UTF8 --locale=C > log 2>&1 || { cat log >&2; exit 1; }
options="-k $folder -c listen_addresses= -c max_connections=200 -c fsync=off \
    -c synchronous_commit=off -c full_page_writes=off -c shared_buffers=64MB"
begin() { pg_ctl -D data -l log -w -o "$options" start > /dev/null || { cat log >&2; exit 1; }; }
begin
echo "$folder"
while read -r what; do
    case $what in
        stop) pg_ctl -D data -m fast stop > /dev/null ;;
        start) begin ;;
    esac
    echo done
done
"#;

static SHARED: LazyLock<Cluster> = LazyLock::new(Cluster::start);
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// A running cluster.
pub(super) struct Cluster {
    folder: String,
    bin: String,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
    _child: Child,
}

/// The URL of a new, empty database in the cluster that the tests share.
pub(super) fn database() -> String {
    SHARED.database()
}

/// What SQL answers in a database of the cluster that the tests share: a line per row.
pub(super) fn ask(url: &str, sql: &str) -> String {
    SHARED.psql(url.rsplit('/').next().unwrap(), sql)
}

/// A database that is gone when dropped.
pub(crate) struct Database {
    url: String,
}

impl Database {
    pub(crate) fn create() -> Self {
        Self { url: database() }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let name = self.url.rsplit('/').next().unwrap();
        // Not worth hiding why a test fails: the cluster goes away, too.
        SHARED.try_psql("postgres", &format!("DROP DATABASE {name} WITH (FORCE)"));
    }
}

impl Cluster {
    /// A cluster of one's own.
    pub(super) fn start() -> Self {
        let bin = binaries();
        let path = format!("{bin}:{}", std::env::var("PATH").unwrap_or_default());
        let mut command = Command::new("sh");
        if is_root() {
            // PostgreSQL refuses to run as root.
            command = Command::new("runuser");
            command.args(["-u", "postgres", "--", "sh"]);
        }
        let mut child = command
            .args(["-c", &format!("PATH='{path}'\n{SCRIPT}")])
            .current_dir("/tmp")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("these tests run as a user that may start PostgreSQL, or as root");
        let mut answers = BufReader::new(child.stdout.take().unwrap());
        let folder = line(&mut answers);
        assert!(!folder.is_empty(), "PostgreSQL does not start: see above");
        let orders = child.stdin.take().unwrap();
        Self { folder, bin, orders, answers, _child: child }
    }

    /// The URL of a new, empty database.
    pub(super) fn database(&self) -> String {
        let name = format!("test_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        self.psql("postgres", &format!("CREATE DATABASE {name}"));
        format!("postgres://rollbook:s3cret@{}/{name}", self.folder.replace('/', "%2F"))
    }

    fn psql(&self, database: &str, sql: &str) -> String {
        let output = self.try_psql(database, sql);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn try_psql(&self, database: &str, sql: &str) -> Output {
        Command::new(format!("{}/psql", self.bin))
            .args(["-h", &self.folder, "-U", "rollbook", "-d", database, "-qtA"])
            .args(["-v", "ON_ERROR_STOP=1", "-c", sql])
            .output()
            .unwrap()
    }

    /// Stops or starts the server, and waits until it has.
    pub(super) fn order(&mut self, what: &str) {
        writeln!(self.orders, "{what}").unwrap();
        assert_eq!(line(&mut self.answers), "done", "{what}");
    }
}

fn line(answers: &mut BufReader<ChildStdout>) -> String {
    let mut line = String::new();
    answers.read_line(&mut line).unwrap();
    line.trim().to_owned()
}

/// The folder with `initdb`: of the newest version that is installed, or on the path.
pub(crate) fn binaries() -> String {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<_> = versions.map(|version| version.path().join("bin")).collect();
    folders.sort();
    let path = std::env::var("PATH").unwrap_or_default();
    let on_path = path.split(':').map(std::path::PathBuf::from);
    let mut candidates = folders.into_iter().rev().chain(on_path);
    let found = candidates.find(|folder| folder.join("initdb").exists());
    let hint = "PostgreSQL's programs (initdb, pg_ctl, psql) are not installed: these tests make \
        a cluster of their own with them";
    found.expect(hint).to_string_lossy().into_owned()
}

fn is_root() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().any(|line| line.starts_with("Uid:\t0\t"))
}

//! A PostgreSQL cluster for tests, with a socket in its own folder. It is stopped and started on
//! request, and removed when the test run ends in any way.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Script that creates a cluster, prints its address, executes orders from its input, and removes
/// the cluster at the end.
const SCRIPT: &str = r#"
set -e
folder=$(mktemp -d /tmp/rollbook-postgres.XXXXXX)
trap 'pg_ctl -D "$folder/data" -m immediate stop > /dev/null 2>&1 || true; cd /; rm -rf "$folder"' EXIT
cd "$folder"
initdb -D data -A trust -U rollbook --no-sync -E UTF8 --locale=C > log 2>&1 || { cat log >&2; exit 1; }
options="-k $folder -c max_connections=400 -c fsync=off \
    -c synchronous_commit=off -c full_page_writes=off -c shared_buffers=64MB"
if [ -n "$TLS_PORT" ]; then
    printf '%s' "$TLS_KEY" > data/server.key; chmod 600 data/server.key
    printf '%s' "$TLS_CERTIFICATE" > data/server.crt
    echo 'hostssl all all localhost trust' > data/pg_hba.conf
    options="$options -c listen_addresses=localhost -c port=$TLS_PORT -c ssl=on"
else
    options="$options -c listen_addresses="
fi
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

/// A cluster that lets nobody in without TLS.
pub struct TlsCluster {
    _cluster: Cluster,
    /// The port that it listens on, on localhost.
    pub port: u16,
}

impl TlsCluster {
    /// Starts one.
    pub fn start() -> Self {
        // Free at this moment; nothing else asks for it in the next.
        let listener = std::net::TcpListener::bind(("localhost", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let variables = [
            ("TLS_PORT", port.to_string()),
            ("TLS_KEY", include_str!("tls/server.key").to_owned()),
            ("TLS_CERTIFICATE", include_str!("tls/server.pem").to_owned()),
        ];
        Self { _cluster: Cluster::start_with(&variables), port }
    }
}

/// A running cluster.
pub struct Cluster {
    folder: String,
    bin: String,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
    _child: Child,
}

/// Creates an empty database in the shared cluster. Returns its URL.
pub fn database() -> String {
    SHARED.database()
}

/// Returns how a role reaches a database of the cluster that the tests share.
pub fn url(role: &str, database: &str) -> String {
    SHARED.url(role, database)
}

/// Runs statements in a database of the cluster that the tests share.
///
/// Returns the rows of the last one, a line each, without headings. Panics when one fails.
pub fn psql(url: &str, sql: &str) -> String {
    SHARED.psql(url.rsplit('/').next().unwrap(), sql)
}

/// Runs the statements of a file in a database of the cluster that the tests share.
///
/// Panics when one fails.
pub fn psql_file(url: &str, file: &Path) {
    let output = SHARED.psql_command(url.rsplit('/').next().unwrap()).arg("-f").arg(file).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A database that is dropped with the value.
pub struct Database {
    url: String,
}

impl Database {
    /// Makes a new, empty one.
    pub fn create() -> Self {
        Self { url: database() }
    }

    /// Returns its URL.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let name = self.url.rsplit('/').next().unwrap();
        // An error here must not hide the reason of a failed test; the cluster is removed anyway.
        SHARED.try_psql("postgres", &format!("DROP DATABASE {name} WITH (FORCE)"));
    }
}

impl Cluster {
    /// Starts a cluster of one's own.
    ///
    /// Panics when PostgreSQL's programs are missing or do not start.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts a cluster with further variables for the script.
    fn start_with(variables: &[(&str, String)]) -> Self {
        let bin = binaries();
        let path = format!("{bin}:{}", std::env::var("PATH").unwrap_or_default());
        let mut command = Command::new("env");
        if is_root() {
            // PostgreSQL refuses to run as root.
            command = Command::new("runuser");
            command.args(["-u", "postgres", "--", "env"]);
        }
        let mut child = command
            .arg(format!("PATH={path}"))
            .args(variables.iter().map(|(name, value)| format!("{name}={value}")))
            .args(["sh", "-c", SCRIPT])
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

    /// Creates an empty database. Returns its URL.
    pub fn database(&self) -> String {
        let name = format!("test_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        self.psql("postgres", &format!("CREATE DATABASE {name}"));
        self.url("rollbook:s3cret", &name)
    }

    fn url(&self, role: &str, database: &str) -> String {
        format!("postgres://{role}@{}/{database}", self.folder.replace('/', "%2F"))
    }

    fn psql(&self, database: &str, sql: &str) -> String {
        let output = self.try_psql(database, sql);
        assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn try_psql(&self, database: &str, sql: &str) -> Output {
        self.psql_command(database).args(["-c", sql]).output().unwrap()
    }

    fn psql_command(&self, database: &str) -> Command {
        let mut command = Command::new(format!("{}/psql", self.bin));
        command.args(["-h", &self.folder, "-U", "rollbook", "-d", database, "-qtA"]);
        command.args(["-v", "ON_ERROR_STOP=1"]);
        command
    }

    /// Stops or starts the server, and waits until that is done.
    pub fn order(&mut self, what: &str) {
        writeln!(self.orders, "{what}").unwrap();
        assert_eq!(line(&mut self.answers), "done", "{what}");
    }
}

fn line(answers: &mut BufReader<ChildStdout>) -> String {
    let mut line = String::new();
    answers.read_line(&mut line).unwrap();
    line.trim().to_owned()
}

/// Returns the folder with `initdb`: that of the newest installed version, or one on the path.
pub fn binaries() -> String {
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

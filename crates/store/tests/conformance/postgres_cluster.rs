//! A PostgreSQL cluster for one run of the tests: reached over a socket in its own folder, gone
//! when the run ends, however it does.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Makes a cluster, says where it is, and ends it when its input ends: the test holds the other
/// end of it. Nothing is flushed: it need not survive anything.
const SCRIPT: &str = r#"
set -e
folder=$(mktemp -d /tmp/rollbook-postgres.XXXXXX)
trap 'cd /; rm -rf "$folder"' EXIT
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
pg_ctl -D data -l log -w -o "$options" start > /dev/null || { cat log >&2; exit 1; }
echo "$folder"
cat > /dev/null
pg_ctl -D data -m immediate stop > /dev/null
"#;

static CLUSTER: LazyLock<Cluster> = LazyLock::new(|| Cluster::start(&[]));
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// A cluster that lets nobody in without TLS, and the port it listens on.
pub(crate) struct TlsCluster {
    _cluster: Cluster,
    pub(crate) port: u16,
}

impl TlsCluster {
    pub(crate) fn start() -> Self {
        // Free at this moment; nothing else asks for it in the next.
        let listener = std::net::TcpListener::bind(("localhost", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let set = [
            ("TLS_PORT", port.to_string()),
            ("TLS_KEY", include_str!("tls/server.key").to_owned()),
            ("TLS_CERTIFICATE", include_str!("tls/server.pem").to_owned()),
        ];
        Self { _cluster: Cluster::start(&set), port }
    }
}

struct Cluster {
    folder: String,
    bin: String,
    /// The cluster lives as long as this is open.
    _life: ChildStdin,
    _child: Child,
}

/// A new, empty database; its URL.
pub(crate) fn database() -> String {
    let name = format!("test_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    CLUSTER.psql("postgres", &format!("CREATE DATABASE {name}"));
    url("rollbook", &name)
}

/// How a role reaches a database of the cluster.
pub(crate) fn url(role: &str, database: &str) -> String {
    format!("postgres://{role}@{}/{database}", CLUSTER.folder.replace('/', "%2F"))
}

/// Runs statements in the database of a URL.
pub(crate) fn psql(url: &str, sql: &str) -> String {
    CLUSTER.psql(url.rsplit('/').next().unwrap(), sql)
}

impl Cluster {
    /// Starts a cluster with further variables for the script.
    fn start(set: &[(&str, String)]) -> Self {
        let bin = binaries();
        let path = format!("{bin}:{}", std::env::var("PATH").unwrap_or_default());
        let mut command = match is_root() {
            // PostgreSQL refuses to run as root.
            true => {
                let mut command = Command::new("runuser");
                command.args(["-u", "postgres", "--", "env"]);
                command.arg(format!("PATH={path}"));
                command.args(set.iter().map(|(name, value)| format!("{name}={value}")));
                command.args(["sh", "-c", SCRIPT]);
                command
            }
            false => {
                let mut command = Command::new("sh");
                command.env("PATH", path).envs(set.iter().cloned()).args(["-c", SCRIPT]);
                command
            }
        };
        let mut child = command
            .current_dir("/tmp")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("these tests run as a user that may start PostgreSQL, or as root");
        let mut folder = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut folder).unwrap();
        assert!(!folder.is_empty(), "PostgreSQL does not start: see above");
        let life = child.stdin.take().unwrap();
        Self { folder: folder.trim().to_owned(), bin, _life: life, _child: child }
    }

    /// Runs statements; returns the rows of the last one, a line each, without headings.
    fn psql(&self, database: &str, sql: &str) -> String {
        let output = Command::new(format!("{}/psql", self.bin))
            .args(["-h", &self.folder, "-U", "rollbook", "-d", database, "-qAt"])
            .args(["-v", "ON_ERROR_STOP=1", "-c", sql])
            .output()
            .unwrap();
        assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

/// The folder with `initdb`: of the newest version that is installed, or on the path.
fn binaries() -> String {
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

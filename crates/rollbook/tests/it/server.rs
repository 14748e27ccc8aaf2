//! A real server as a child process on a free port, and a simple client for it.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use testkit::postgres::Database;

use crate::answer_schemas::check_answer;

/// Longest time in which a server must start to listen, in seconds.
const START_SECS_MAX: u64 = 60;

/// Variable with the point between two steps at which a debug build ends.
const CRASH_AT: &str = "TEST_CRASH_AT";
/// Variable with the store of [`TestDataFolder`]: `sqlite` in its folder, or `postgres` in a database.
pub(crate) const STORE: &str = "ROLLBOOK_TEST_STORE";
/// Variable with the number of seconds that nodes of one database run under load.
pub(crate) const LOAD_SECONDS: &str = "ROLLBOOK_TEST_LOAD_S";
/// Variable with the point at which a debug build waits, and the file that it waits on.
const HOLD_AT: &str = "TEST_HOLD_AT";

/// Returns the command of the program under test.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rollbook"));
    forget_variables(&mut command);
    command.env("ROLLBOOK_LOG", "warn");
    command
}

/// Removes variables that control the tests and must not reach the program.
pub(crate) fn forget_variables(command: &mut Command) {
    for name in ["ROLLBOOK_DATA", "ROLLBOOK_REQUIRE_LEDGER_TOOLS", STORE, LOAD_SECONDS] {
        command.env_remove(name);
    }
}

/// Runs the program to its end and returns its standard output. Panics if it fails.
pub(crate) fn run(arguments: &[&str]) -> String {
    let output = program().args(arguments).stdin(Stdio::null()).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "rollbook {arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// A data folder with providers and tokens, removed when dropped.
pub(crate) struct TestDataFolder {
    pub(crate) folder: tempfile::TempDir,
    /// URL of the database with the records; none if they are in the folder.
    url: Option<String>,
    _database: Option<Database>,
}

impl TestDataFolder {
    /// Creates an empty folder with its records in the store under test.
    pub(crate) fn empty() -> Self {
        match std::env::var(STORE).as_deref() {
            Err(_) | Ok("sqlite") => Self::in_folder(),
            Ok("postgres") => {
                let database = Database::create();
                let data = Self::over(database.url());
                Self { _database: Some(database), ..data }
            }
            Ok(other) => panic!("{STORE} is {other}: write sqlite or postgres"),
        }
    }

    /// Creates an empty folder that holds its records itself.
    pub(crate) fn in_folder() -> Self {
        let private = std::fs::Permissions::from_mode(0o700);
        let folder = tempfile::Builder::new().permissions(private).tempdir().unwrap();
        Self { folder, url: None, _database: None }
    }

    /// Creates an empty folder whose records are in this database.
    pub(crate) fn over(url: &str) -> Self {
        let data = Self { url: Some(url.to_owned()), ..Self::in_folder() };
        data.configure("");
        data
    }

    /// Creates a folder with one provider: id 1, London, gbp.
    pub(crate) fn with_provider() -> Self {
        let data = Self::empty();
        data.add_provider(1, "Europe/London", "gbp");
        data
    }

    pub(crate) fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }

    pub(crate) fn is_over_database(&self) -> bool {
        self.url.is_some()
    }

    pub(crate) fn path(&self) -> &str {
        self.folder.path().to_str().unwrap()
    }

    pub(crate) fn add_provider(&self, id: i64, timezone: &str, currency: &str) {
        let id = id.to_string();
        let name = format!("Provider {id}");
        run(&[
            "provider",
            "create",
            "--data",
            self.path(),
            "--id",
            &id,
            "--name",
            &name,
            "--timezone",
            timezone,
            "--currency",
            currency,
        ]);
    }

    /// Creates a token of one provider with the default permissions.
    pub(crate) fn token(&self, provider: i64) -> String {
        self.token_with(&["--provider", &provider.to_string()])
    }

    pub(crate) fn token_with(&self, arguments: &[&str]) -> String {
        let all = [&["token", "create", "--data", self.path()], arguments].concat();
        run(&all).trim().to_owned()
    }

    /// Writes `rollbook.toml`. The setting of the database is kept.
    pub(crate) fn configure(&self, text: &str) {
        let text = match &self.url {
            None => text.to_owned(),
            Some(url) => format!("{text}\n[store]\nurl = \"{url}\"\n"),
        };
        std::fs::write(self.folder.path().join("rollbook.toml"), text).unwrap();
    }

    pub(crate) fn serve(&self) -> Server {
        Server::start(self.folder.path())
    }

    /// Starts a server that waits at a point of its work as long as the returned file exists.
    pub(crate) fn serve_held_up_at(&self, point: &str) -> (Server, PathBuf) {
        let file = self.folder.path().join("held-up");
        let named = format!("{point}={}", file.display());
        (Server::run(program().env(HOLD_AT, named), self.folder.path()), file)
    }

    /// Starts a server and returns it with its data folder.
    pub(crate) fn serve_and_keep(self) -> (Server, Self) {
        (self.serve(), self)
    }

    /// Starts a server that ends at a point of its work as if it were killed there.
    pub(crate) fn serve_until(&self, point: &str) -> Server {
        Server::run(program().env(CRASH_AT, point), self.folder.path())
    }
}

/// A running server; killed when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
    folder: PathBuf,
}

impl Server {
    pub(crate) fn start(folder: &Path) -> Self {
        Self::run(&mut program(), folder)
    }

    /// Starts a server that writes all log lines to `log`.
    pub(crate) fn logging_to(folder: &Path, log: Stdio) -> Self {
        Self::run_with(program().env("ROLLBOOK_LOG", "info"), folder, log)
    }

    fn run(program: &mut Command, folder: &Path) -> Self {
        Self::run_with(program, folder, Stdio::piped())
    }

    /// Starts a program that becomes the server, with the server's arguments after its own.
    pub(crate) fn run_with(program: &mut Command, folder: &Path, log: Stdio) -> Self {
        let mut child = program
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut said = String::new();
        let address = loop {
            let mut line = String::new();
            if lines.read_line(&mut line).unwrap() == 0 {
                let mut errors = String::new();
                if let Some(mut log) = child.stderr.take() {
                    log.read_to_string(&mut errors).unwrap();
                }
                panic!("the server ended before it listened: {said}{errors}");
            }
            if let Some(at) = line.find("http://127.0.0.1:") {
                let end = line[at..].find(char::is_whitespace).map_or(line.len(), |n| at + n);
                break line[at..end].trim_end_matches('/').to_owned();
            }
            said.push_str(&line);
        };
        drain(lines);
        if let Some(log) = child.stderr.take() {
            drain(log);
        }
        let server = Self { child, address, folder: folder.to_owned() };
        server.wait_until_ready();
        server
    }

    fn wait_until_ready(&self) {
        let deadline = Instant::now() + Duration::from_secs(START_SECS_MAX);
        while self.request("GET", "/readyz").send().status != 200 {
            assert!(Instant::now() < deadline, "the server did not become ready");
            std::thread::yield_now();
        }
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> HttpRequest {
        HttpRequest::new(method, &format!("{}{path}", self.address))
    }

    pub(crate) fn get(&self, token: &str, path: &str) -> HttpAnswer {
        self.request("GET", path).token(token).send()
    }

    pub(crate) fn import(
        &self,
        token: &str,
        table: &str,
        content_type: &str,
        body: &[u8],
    ) -> HttpAnswer {
        let path = format!("/api/v1/import/{table}");
        self.request("POST", &path).token(token).body(content_type, body).send()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// kill -9, at once, and waits until the process is gone.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Returns true if the process has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Returns the resident memory in bytes, current and peak.
    pub(crate) fn memory(&self) -> (u64, u64) {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let field = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name)).unwrap();
            line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
        };
        (field("VmRSS:"), field("VmHWM:"))
    }

    pub(crate) fn restart(mut self) -> Self {
        self.kill();
        Self::start(&self.folder)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A running `rollbook worker`; killed when dropped.
pub(crate) struct Worker {
    child: Child,
}

impl Worker {
    pub(crate) fn start(data: &TestDataFolder) -> Self {
        Self::run(&mut program(), data)
    }

    /// Starts a worker that ends at a point of its work as if it were killed there.
    pub(crate) fn start_until(data: &TestDataFolder, point: &str) -> Self {
        Self::run(program().env(CRASH_AT, point), data)
    }

    fn run(program: &mut Command, data: &TestDataFolder) -> Self {
        let mut child = program
            .args(["worker", "--data", data.path()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drain(child.stdout.take().unwrap());
        drain(child.stderr.take().unwrap());
        Self { child }
    }

    /// Starts a worker that waits at a point of its work until its lease has expired, and returns
    /// when it is there. It continues when the returned file is removed.
    pub(crate) fn held_up_at(data: &TestDataFolder, point: &str) -> (Self, PathBuf) {
        let file = data.folder.path().join("held-up");
        let named = format!("{point}={}", file.display());
        let worker = Self::run(program().env(HOLD_AT, named), data);
        let deadline = Instant::now() + Duration::from_secs(START_SECS_MAX);
        while !file.exists() {
            assert!(Instant::now() < deadline, "the worker never comes to {point}");
            std::thread::yield_now();
        }
        (worker, file)
    }

    /// Waits until the process has ended by itself.
    pub(crate) fn wait_for_end(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(START_SECS_MAX);
        while self.child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < deadline, "the worker does not end");
            std::thread::yield_now();
        }
    }

    /// kill -9, at once, and waits until the process is gone.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Reads a pipe to its end in the background, so that the child never blocks on it.
fn drain(mut pipe: impl Read + Send + 'static) {
    std::thread::spawn(move || std::io::copy(&mut pipe, &mut std::io::sink()));
}

/// A request under construction.
pub(crate) struct HttpRequest {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

/// An HTTP answer. Connection failures have status 0.
#[derive(Debug, Clone)]
pub(crate) struct HttpAnswer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl HttpRequest {
    pub(crate) fn new(method: &str, url: &str) -> Self {
        Self { method: method.into(), url: url.into(), headers: Vec::new(), body: None }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub(crate) fn token(self, token: &str) -> Self {
        let value = format!("Token {token}");
        self.header("Authorization", &value)
    }

    pub(crate) fn body(mut self, content_type: &str, body: &[u8]) -> Self {
        self.body = Some(body.to_vec());
        self.header("Content-Type", content_type)
    }

    pub(crate) fn send(self) -> HttpAnswer {
        let config = ureq::Agent::config_builder().http_status_as_error(false);
        let agent = config.timeout_global(Some(Duration::from_secs(300))).build().new_agent();
        let mut request =
            ureq::http::Request::builder().method(self.method.as_str()).uri(&self.url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let answer = match self.body {
            Some(body) => agent.run(request.body(body).unwrap()),
            None => agent.run(request.body(()).unwrap()),
        };
        let Ok(answer) = answer else {
            return HttpAnswer { status: 0, headers: Vec::new(), body: Vec::new() };
        };
        let status = answer.status().as_u16();
        let headers = answer.headers().iter();
        let headers =
            headers.map(|(n, v)| (n.to_string(), v.to_str().unwrap_or_default().to_owned()));
        let headers = headers.collect();
        let mut body = Vec::new();
        let read = answer.into_body().into_reader().read_to_end(&mut body);
        if read.is_err() {
            return HttpAnswer { status: 0, headers, body };
        }
        let answer = HttpAnswer { status, headers, body };
        let content_type = answer.header("Content-Type").unwrap_or_default();
        check_answer(&self.method, &self.url, status, content_type, &answer.body);
        answer
    }
}

impl HttpAnswer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }

    /// Returns the body as JSON after a check that the status is 200.
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", String::from_utf8_lossy(&self.body));
        self.json()
    }
}

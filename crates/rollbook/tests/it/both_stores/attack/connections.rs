//! Clients that open connections without using them.

use std::io::Write;
use std::net::TcpStream;
use std::process::{Command, Stdio};

use super::{AttackedServer, PAGE, is_page, prepared, socket_of, until, works};
use crate::server::{Server, forget_variables};

const FEW: &str = "[server]\nconnections_max = 16\nhead_timeout_s = 1\nanswer_timeout_s = 1\n";

fn connect(server: &Server, count: usize, said: &str) -> Vec<TcpStream> {
    let connect = |_| {
        let mut stream = TcpStream::connect(socket_of(server)).unwrap();
        // A surplus connection is closed at once, perhaps before this is sent.
        let _ = stream.write_all(said.as_bytes());
        stream
    };
    (0..count).map(connect).collect()
}

#[test]
fn silent_clients_and_those_that_do_not_read_are_closed_in_time() {
    let site = AttackedServer::new(FEW);
    let unread = "GET /api/openapi.json HTTP/1.1\r\nhost: x\r\n\r\n".repeat(16);
    for said in ["", "PRI * HTTP/2.0\r\n", "GET /healthz HTTP/1.1\r\nhos", unread.as_str()] {
        let held = connect(&site.server, 40, said);
        // Refused while the address holds too many connections, then answered.
        until("a page is answered", || is_page(&site.server.get(&site.worker, PAGE)));
        drop(held);
    }
    site.works();
}

/// Returns the command of a server with a limit of open files.
fn limited(limit: &str) -> Command {
    let mut program = Command::new("sh");
    let script = format!("ulimit {limit}; exec \"$0\" \"$@\"");
    program.args(["-c", &script, env!("CARGO_BIN_EXE_rollbook")]).env("ROLLBOOK_LOG", "warn");
    forget_variables(&mut program);
    program
}

#[test]
fn a_low_limit_of_open_files_is_raised() {
    let data = prepared("");
    let token = data.token(1);
    let mut program = limited("-Sn 100");
    let server = Server::run_with(&mut program, data.folder.path(), Stdio::piped());
    let held = connect(&server, 200, "");
    works(&server, &token);
    drop(held);
}

#[test]
fn too_few_file_handles_are_a_message() {
    let data = prepared("");
    let serve = ["serve", "--listen", "127.0.0.1:0", "--data", data.path()];
    let ended = limited("-n 20").args(serve).stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.starts_with("error: this process may open only 20 files"), "{said}");
    assert!(said.contains("hint: raise the limit") && !said.contains("backtrace"), "{said}");
}

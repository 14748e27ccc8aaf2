//! Tests over a socket: refusals of the HTTP parser, and the shutdown.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::site::Site;

pub(super) const DEADLINE: Duration = Duration::from_secs(20);

pub(super) struct Listening {
    pub(super) address: std::net::SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<std::io::Result<()>>,
}

pub(super) async fn listen(site: &Site) -> Listening {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let shutdown = async move {
        let _ = stopped.await;
    };
    let server = tokio::spawn(crate::serve(listener, site.app.clone(), shutdown));
    Listening { address, stop, server }
}

/// Sends bytes and reads the answer until the server closes the connection.
async fn exchange(address: std::net::SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    let read = tokio::time::timeout(DEADLINE, stream.read_to_end(&mut answer));
    // A refused request may leave unread bytes behind, so the connection may end with a reset.
    let _ = read.await.expect("the server answers and closes");
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn requests_that_cannot_be_parsed_are_answered_in_the_envelope() {
    let site = Site::new();
    let listening = listen(&site).await;
    let long = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(70_000));
    let just_too_long =
        format!("GET /{} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", "a".repeat(65_530));
    let longer = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(300_000));
    let verb = format!("{} / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", "A".repeat(33));
    let wide = format!("GET / HTTP/1.1\r\nhost: x\r\na: {}\r\n\r\n", "a".repeat(300_000));
    for (bytes, status, code) in [
        ("NONSENSE\r\n\r\n", "HTTP/1.1 400", "parameter_invalid"),
        (long.as_str(), "HTTP/1.1 414", "uri_too_long"),
        (just_too_long.as_str(), "HTTP/1.1 414", "uri_too_long"),
        (longer.as_str(), "HTTP/1.1 414", "uri_too_long"),
        (verb.as_str(), "HTTP/1.1 400", "parameter_invalid"),
        ("GET /healthz HTTP/1.1\r\nconnection: close\r\n\r\n", "HTTP/1.1 400", "parameter_invalid"),
        ("GET /x HTTP/1.1\r\nconnection: close\r\n\r\n", "HTTP/1.1 400", "parameter_invalid"),
        (
            "GET /healthz HTTP/1.1\r\nhost: x\r\nhost: y\r\nconnection: close\r\n\r\n",
            "HTTP/1.1 400",
            "parameter_invalid",
        ),
        (wide.as_str(), "HTTP/1.1 413", "request_too_large"),
    ] {
        let answer = exchange(listening.address, bytes.as_bytes()).await;
        let shown = &bytes[..bytes.len().min(20)];
        assert!(answer.starts_with(status), "{shown}: {answer}");
        assert!(answer.contains(&format!(r#"{{"code":"{code}""#)), "{shown}: {answer}");
        assert!(answer.contains("x-request-id: "), "{shown}: {answer}");
        assert!(answer.contains("content-type: application/json"), "{shown}: {answer}");
    }
    for fine in [
        "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
        "GET /healthz HTTP/1.0\r\n\r\n",
    ] {
        let answer = exchange(listening.address, fine.as_bytes()).await;
        assert!(answer.contains(r#"{"status":"ok"}"#), "{fine}: {answer}");
    }
}

/// A client that reads only after it has sent everything still gets the answer, not a reset.
#[tokio::test]
async fn refused_bodies_are_taken_before_the_connection_ends() {
    let site = Site::new();
    let listening = listen(&site).await;
    let body = "x".repeat(20 << 20);
    for (path, status) in [("nowhere", "HTTP/1.1 404"), ("api/v1/import/sites", "HTTP/1.1 401")] {
        let head = format!(
            "POST /{path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let mut stream = TcpStream::connect(listening.address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(body.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with(status), "{path}: {answer}");
    }
}

/// A client with `Expect: 100-continue` is not asked for a body that is refused already.
#[tokio::test]
async fn a_body_that_waits_to_be_asked_for_is_not_asked_for_when_refused() {
    let site = Site::new();
    let listening = listen(&site).await;
    let head = "POST /nowhere HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
                expect: 100-continue\r\ncontent-length: 9\r\n\r\n";
    let answer = exchange(listening.address, head.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
}

#[tokio::test]
async fn the_server_stops_at_once_when_nothing_runs() {
    let site = Site::new();
    let listening = listen(&site).await;
    let mut idle = TcpStream::connect(listening.address).await.unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut first = [0; 12];
    idle.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    listening.stop.send(()).unwrap();
    let ended = tokio::time::timeout(DEADLINE, listening.server).await;
    ended.expect("an idle connection does not hold the server up").unwrap().unwrap();
    assert!(site.app.is_stopping());
    assert!(TcpStream::connect(listening.address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn a_running_request_is_finished_before_the_server_stops() {
    let site = Site::new();
    let token = site.token(super::site::full_grant());
    let listening = listen(&site).await;
    let mut stream = TcpStream::connect(listening.address).await.unwrap();
    let head = format!(
        "POST /api/v1/import/sites HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
         content-type: application/x-ndjson\r\ncontent-length: 20\r\nexpect: 100-continue\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).await.unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    listening.stop.send(()).unwrap();
    let refused = async {
        while TcpStream::connect(listening.address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, refused).await.expect("the listener is closed");
    stream.write_all(b"{\"id\":1,\"name\":\"A\"}\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    tokio::time::timeout(DEADLINE, listening.server).await.unwrap().unwrap().unwrap();
}

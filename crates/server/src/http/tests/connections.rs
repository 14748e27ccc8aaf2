//! Idle connections, and the number of connections per address.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use super::listening::{Listening, listen};
use super::site::Site;

const DEADLINE: Duration = Duration::from_secs(120);
const HEALTH: &str = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
const PREFACE: &str = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// The whole preface, followed by an empty SETTINGS frame.
const HANDSHAKE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// Sends a health probe on a new connection. Returns false if the connection is closed instead.
async fn is_served(mut stream: TcpStream) -> bool {
    let mut answer = [0; 12];
    let asked = stream.write_all(HEALTH.as_bytes()).await;
    asked.is_ok() && stream.read_exact(&mut answer).await.is_ok() && &answer == b"HTTP/1.1 200"
}

async fn connect(listening: &Listening) -> TcpStream {
    TcpStream::connect(listening.address).await.unwrap()
}

async fn connect_from(address: &str, listening: &Listening) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(format!("{address}:0").parse::<SocketAddr>().unwrap()).unwrap();
    socket.connect(listening.address).await.unwrap()
}

/// Only one connection is allowed: the next client is served when the idle one has been closed.
#[tokio::test]
async fn a_client_that_does_nothing_gives_its_place_to_the_next() {
    let site = Site::with(|settings| {
        settings.server.connections_max = 1;
        settings.server.head_timeout_s = 1;
        settings.server.answer_timeout_s = 1;
    });
    let listening = listen(&site).await;
    let unread = "GET /api/openapi.json HTTP/1.1\r\nhost: x\r\n\r\n".repeat(64);
    for sent in [
        b"".as_slice(),
        b"PRI * HTTP/2.0\r\n",
        PREFACE.as_bytes(),
        HANDSHAKE,
        b"GET /healthz HTTP/1.1\r\nhost:",
        HEALTH.as_bytes(),
        unread.as_bytes(),
    ] {
        let mut silent = connect(&listening).await;
        silent.write_all(sent).await.unwrap();
        let next = is_served(connect(&listening).await);
        let served = tokio::time::timeout(DEADLINE, next).await;
        let shown = String::from_utf8_lossy(&sent[..sent.len().min(40)]);
        assert!(served.expect("the place becomes free"), "after {shown:?}");
        drop(silent);
    }
}

#[tokio::test]
async fn one_address_holds_so_many_connections_and_others_are_served() {
    let site = Site::with(|settings| settings.server.connections_per_address_max = 2);
    let listening = listen(&site).await;
    let held = [connect(&listening).await, connect(&listening).await];
    assert!(!is_served(connect(&listening).await).await);
    assert!(is_served(connect_from("127.0.0.2", &listening).await).await);
    let figures = site.get("/metrics", &[]).await;
    assert!(figures.text().contains("rollbook_connections_refused_total 1"), "{}", figures.text());
    drop(held);
    let again = async { while !is_served(connect(&listening).await).await {} };
    tokio::time::timeout(DEADLINE, again).await.expect("the places become free");
}

#[tokio::test]
async fn one_address_gets_at_most_half_of_all_connections() {
    let site = Site::with(|settings| {
        settings.server.connections_max = 4;
        settings.server.connections_per_address_max = 0;
    });
    let listening = listen(&site).await;
    let _held = [connect(&listening).await, connect(&listening).await];
    assert!(!is_served(connect(&listening).await).await);
    assert!(is_served(connect_from("127.0.0.2", &listening).await).await);
}

#[tokio::test]
async fn a_trusted_proxy_brings_as_many_connections_as_there_are() {
    let site = Site::with(|settings| {
        settings.server.connections_per_address_max = 1;
        settings.server.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    });
    let listening = listen(&site).await;
    let _held = [connect(&listening).await, connect(&listening).await];
    assert!(is_served(connect(&listening).await).await);
}

//! Bodies that arrive slowly, and bodies that are expensive to parse.

use std::io::{Read, Write};
use std::net::TcpStream;

use super::{AttackedServer, socket_of};

/// Sends the head of a request without its body. Returns the stream, and true if the server asks
/// for the body.
fn begin(site: &AttackedServer, path: &str, content_type: &str) -> (TcpStream, bool) {
    let mut stream = TcpStream::connect(socket_of(&site.server)).unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
         content-type: {content_type}\r\ncontent-length: 1000000\r\nexpect: 100-continue\r\n\r\n",
        site.attacker
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut asked = [0; 12];
    stream.read_exact(&mut asked).unwrap();
    (stream, &asked == b"HTTP/1.1 100")
}

#[test]
fn slow_bodies_of_one_provider_leave_room_for_the_other() {
    let site = AttackedServer::new("[server]\nrequests_max = 8\n");
    let mut held = Vec::new();
    for _ in 0..12 {
        held.push(begin(&site, "/api/v1/import/customers", "application/x-ndjson"));
        held.push(begin(&site, "/api/v2/customer_memberships/usage", "application/json"));
        held.push(begin(&site, "/api/v1/core/exports", "application/json"));
    }
    let asked = held.iter().filter(|(_, is_asked)| *is_asked).count();
    assert!((12..36).contains(&asked), "{asked} bodies arrive, the others are refused");
    site.works();
    assert_eq!(site.server.request("GET", "/docs").send().status, 200);
}

#[test]
fn slow_bodies_end_although_a_byte_comes_now_and_then() {
    let settings = "[server]\nbody_bytes_per_s_min = 1000000\n[import]\nidle_timeout_s = 1\n";
    let site = AttackedServer::new(settings);
    let (mut stream, _) = begin(&site, "/api/v1/import/customers", "application/x-ndjson");
    stream.set_read_timeout(Some(std::time::Duration::from_millis(50))).unwrap();
    let mut rest = [0; 4096];
    super::until("the request is refused", || {
        let _ = stream.write_all(b" ");
        let read = stream.read(&mut rest).unwrap_or_default();
        String::from_utf8_lossy(&rest[..read]).contains("400 Bad Request")
    });
}

#[test]
fn large_json_bodies_are_read_in_one_pass() {
    let site = AttackedServer::new("");
    let keys: Vec<String> = (0..80_000).map(|number| format!("\"k{number}\":1")).collect();
    let body = format!("{{{}}}", keys.join(","));
    std::thread::scope(|scope| {
        let large: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let request = site.server.request("POST", "/api/v2/customer_memberships/usage");
                    let request = request.token(&site.attacker);
                    request.body("application/json", body.as_bytes()).send()
                })
            })
            .collect();
        assert_eq!(site.server.request("GET", "/healthz").send().status, 200);
        site.works();
        for answer in large {
            let answer = answer.join().unwrap();
            assert_eq!(answer.status, 400);
            assert!(answer.text().contains("80000 keys"), "{}", answer.text());
        }
    });
}

//! An HTTP server that receives webhooks: keeps the requests and answers them as prepared.

use std::collections::{HashMap, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Longest wait for an expected event; longer than a lease takes to expire.
pub(crate) const WITHIN: Duration = Duration::from_secs(150);

/// A received request.
#[derive(Debug, Clone)]
pub(crate) struct ReceivedWebhook {
    pub(crate) path: String,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

/// The answer to a request. Without a prepared one for its path, the answer is 200.
#[derive(Debug, Clone)]
pub(crate) enum ReceiverReply {
    Status(u16),
    Redirect(String),
    /// No answer; the connection stays open.
    Silence,
}

#[derive(Default)]
struct Inbox {
    letters: Vec<ReceivedWebhook>,
    replies: HashMap<String, VecDeque<ReceiverReply>>,
    held: Vec<TcpStream>,
}

#[derive(Default)]
struct ReceiverState {
    inbox: Mutex<Inbox>,
    arrived: Condvar,
}

pub(crate) struct WebhookReceiver {
    address: String,
    shared: Arc<ReceiverState>,
}

impl WebhookReceiver {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let shared = Arc::new(ReceiverState::default());
        let inside = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let shared = Arc::clone(&inside);
                std::thread::spawn(move || receive(&shared, stream.unwrap()));
            }
        });
        Self { address, shared }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Prepares the answers to the next requests for a path.
    pub(crate) fn reply(&self, path: &str, replies: &[ReceiverReply]) {
        let mut inbox = self.shared.inbox.lock().unwrap();
        inbox.replies.entry(path.to_owned()).or_default().extend(replies.iter().cloned());
    }

    /// Returns every request so far.
    pub(crate) fn received(&self) -> Vec<ReceivedWebhook> {
        self.shared.inbox.lock().unwrap().letters.clone()
    }

    /// Returns the events that a path has received, without test events.
    pub(crate) fn events(&self, path: &str) -> Vec<ReceivedWebhook> {
        events(&self.received(), path)
    }

    /// Waits until a path has received this many events.
    pub(crate) fn wait_for(&self, path: &str, count: usize) -> Vec<ReceivedWebhook> {
        let deadline = Instant::now() + WITHIN;
        let mut inbox = self.shared.inbox.lock().unwrap();
        loop {
            let found = events(&inbox.letters, path);
            if found.len() >= count {
                return found;
            }
            let left = deadline.checked_duration_since(Instant::now());
            let left = left.unwrap_or_else(|| panic!("{path}: {found:?} instead of {count}"));
            inbox = self.shared.arrived.wait_timeout(inbox, left).unwrap().0;
        }
    }
}

fn events(letters: &[ReceivedWebhook], path: &str) -> Vec<ReceivedWebhook> {
    let is_event =
        |letter: &&ReceivedWebhook| letter.path == path && letter.kind() != "webhook.test";
    letters.iter().filter(is_event).cloned().collect()
}

fn receive(shared: &ReceiverState, stream: TcpStream) {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    // A connection that ends before its request is complete counts as nothing, as after a kill.
    if reader.read_line(&mut line).unwrap_or(0) == 0 {
        return;
    }
    let path = line.split(' ').nth(1).unwrap().to_owned();
    let (mut headers, mut length) = (Vec::new(), 0);
    loop {
        line.clear();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.parse().unwrap();
        }
        headers.push((name.to_owned(), value.to_owned()));
    }
    let mut body = vec![0; length];
    if reader.read_exact(&mut body).is_err() {
        return;
    }
    let body = String::from_utf8(body).unwrap();
    let mut inbox = shared.inbox.lock().unwrap();
    let reply = inbox.replies.get_mut(&path).and_then(VecDeque::pop_front);
    inbox.letters.push(ReceivedWebhook { path, headers, body });
    let mut stream = reader.into_inner();
    let head = match reply.unwrap_or(ReceiverReply::Status(200)) {
        ReceiverReply::Status(status) => format!("HTTP/1.1 {status} Told\r\n"),
        ReceiverReply::Redirect(to) => format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\n"),
        ReceiverReply::Silence => {
            inbox.held.push(stream);
            return shared.arrived.notify_all();
        }
    };
    drop(inbox);
    // The sender may have gone by now.
    let _ = write!(stream, "{head}Content-Length: 0\r\nConnection: close\r\n\r\n");
    shared.arrived.notify_all();
}

impl ReceivedWebhook {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// Returns the type of the event.
    pub(crate) fn kind(&self) -> String {
        self.json()["type"].as_str().unwrap().to_owned()
    }

    /// Returns the id of the event.
    pub(crate) fn id(&self) -> String {
        self.json()["id"].as_str().unwrap().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map_or_else(|| panic!("no {name}"), |(_, value)| value)
    }

    /// Returns true if both signatures match this secret and exactly the received bytes.
    pub(crate) fn is_signed_with(&self, secret: &str) -> bool {
        let (id, at) = (self.header("webhook-id"), self.header("webhook-timestamp"));
        let signed = format!("{id}.{at}.{}", self.body);
        self.header("X-Pelcro-Hmac-SHA256") == hmac(secret, &self.body)
            && self.header("webhook-signature") == format!("v1,{}", hmac(secret, &signed))
    }
}

/// Returns the HMAC-SHA256 in base64, implemented from RFC 2104 without the library that signs.
fn hmac(secret: &str, text: &str) -> String {
    let mut key = [0_u8; 64];
    key[..secret.len()].copy_from_slice(secret.as_bytes());
    let inner = Sha256::new().chain_update(key.map(|byte| byte ^ 0x36)).chain_update(text);
    let outer = Sha256::new().chain_update(key.map(|byte| byte ^ 0x5c));
    STANDARD.encode(outer.chain_update(inner.finalize()).finalize())
}

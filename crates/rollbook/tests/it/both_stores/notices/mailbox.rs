//! An SMTP server that accepts every mail, or refuses every one.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Instant;

use super::receiver::WITHIN;

/// A mail as received.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mail {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    /// Head and body of the mail.
    pub(crate) text: String,
}

#[derive(Default)]
struct MailboxState {
    mails: Mutex<Vec<Mail>>,
    refused: Mutex<usize>,
    arrived: Condvar,
}

pub(crate) struct Mailbox {
    pub(crate) port: u16,
    shared: Arc<MailboxState>,
}

impl Mailbox {
    pub(crate) fn start() -> Self {
        Self::begin(true)
    }

    /// Starts a server that answers every mail with "try again later".
    pub(crate) fn refusing() -> Self {
        Self::begin(false)
    }

    fn begin(is_willing: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(MailboxState::default());
        let inside = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let shared = Arc::clone(&inside);
                std::thread::spawn(move || converse(&shared, stream.unwrap(), is_willing));
            }
        });
        Self { port, shared }
    }

    /// Returns the `[smtp]` section for this server.
    pub(crate) fn settings(&self) -> String {
        let from = "Rollbook <no-reply@rollbook.example>";
        format!(
            "[smtp]\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\nfrom = \"{from}\"\n",
            self.port
        )
    }

    /// Waits until this many mails have arrived.
    pub(crate) fn wait_for(&self, count: usize) -> Vec<Mail> {
        let deadline = Instant::now() + WITHIN;
        let mut mails = self.shared.mails.lock().unwrap();
        while mails.len() < count {
            let left = deadline.checked_duration_since(Instant::now());
            let left = left.unwrap_or_else(|| panic!("{mails:?} instead of {count}"));
            mails = self.shared.arrived.wait_timeout(mails, left).unwrap().0;
        }
        mails.clone()
    }

    /// Waits until this many mails were refused.
    pub(crate) fn wait_for_refused(&self, count: usize) {
        let deadline = Instant::now() + WITHIN;
        let mut refused = self.shared.refused.lock().unwrap();
        while *refused < count {
            let left = deadline.checked_duration_since(Instant::now()).unwrap();
            refused = self.shared.arrived.wait_timeout(refused, left).unwrap().0;
        }
    }
}

/// Runs the dialogue of RFC 5321, as far as a client without extensions needs it.
fn converse(shared: &MailboxState, stream: TcpStream, is_willing: bool) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let say = |line: &str| (&stream).write_all(format!("{line}\r\n").as_bytes());
    let mut mail = Mail::default();
    let mut line = String::new();
    if say("220 mailbox.example ESMTP").is_err() {
        return;
    }
    loop {
        line.clear();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let verb = line.trim_end().to_ascii_uppercase();
        let address = || {
            let inside = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
            inside.map(|(address, _)| address.to_owned()).unwrap_or_default()
        };
        let answer = match verb.get(..4) {
            Some("EHLO") => "250-mailbox.example\r\n250 8BITMIME",
            Some("HELO" | "NOOP" | "RSET") => "250 OK",
            Some("MAIL") => {
                mail = Mail { from: address(), ..Mail::default() };
                "250 OK"
            }
            Some("RCPT") if is_willing => {
                mail.to.push(address());
                "250 OK"
            }
            Some("RCPT") => {
                *shared.refused.lock().unwrap() += 1;
                shared.arrived.notify_all();
                "451 try again later"
            }
            Some("DATA") => {
                if say("354 go on").is_err() {
                    return;
                }
                mail.text = data(&mut reader);
                shared.mails.lock().unwrap().push(mail.clone());
                shared.arrived.notify_all();
                "250 taken"
            }
            Some("QUIT") => "221 bye",
            _ => "502 not known here",
        };
        if say(answer).is_err() || verb == "QUIT" {
            return;
        }
    }
}

/// Reads lines up to the single dot, and undoes the doubling of leading dots.
fn data(reader: &mut impl BufRead) -> String {
    let (mut text, mut line) = (String::new(), String::new());
    loop {
        line.clear();
        if reader.read_line(&mut line).unwrap_or(0) == 0 || line == ".\r\n" {
            return text;
        }
        text.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}

impl Mail {
    /// Returns the body without its transfer encoding.
    pub(crate) fn plain(&self) -> String {
        let text = self.text.replace("=\r\n", "");
        if self.text.contains("quoted-printable") {
            text.replace("=3D", "=")
        } else {
            self.text.clone()
        }
    }
}

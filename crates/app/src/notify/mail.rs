//! Mails that tell the requester that an export is ready or has failed. Rule: spec/exports.md §8.2.

use std::time::{Duration, Instant};

use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use model::time::{Instant as Moment, Zone};
use serde::{Deserialize, Serialize};
use store::port::notices::DeliveryResult;

use crate::settings::{SmtpSettings, SmtpTls};

/// The time limit for sending one mail, from connecting to the last answer.
pub(super) const SEND_TIMEOUT: Duration = Duration::from_secs(30);
/// The time limit for a check of the mail server, because somebody waits at a terminal.
const CHECK_TIMEOUT: Duration = Duration::from_secs(10);

/// The contents of a mail. It holds no records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ExportMail {
    /// The name of the provider.
    pub(crate) provider_name: String,
    /// The time zone in which instants are written.
    pub(crate) timezone: Zone,
    /// The type of the export, such as `invoices`.
    pub(crate) object: String,
    /// The instant at which the export was requested.
    pub(crate) asked_at: Moment,
    /// The end of the export.
    pub(crate) story: MailedOutcome,
}

/// The end of an export, as a mail reports it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MailedOutcome {
    /// The file is ready.
    Ready {
        /// The name of the file.
        file_name: String,
        /// The number of rows in the file.
        rows: u64,
        /// The download link.
        url: String,
        /// The instant at which the link expires.
        expires_at: Moment,
    },
    /// The export failed.
    Failed {
        /// The stable code of the reason.
        reason: String,
    },
}

/// Sends a mail and returns the result of the delivery. Blocking.
pub(super) fn send_mail(
    mail: &ExportMail,
    to: &str,
    event_id: &str,
    settings: &SmtpSettings,
) -> DeliveryResult {
    let began = Instant::now();
    let sent = message(mail, to, event_id, settings).and_then(|message| {
        run_with_server(settings, SEND_TIMEOUT, |server: SmtpClient| async move {
            server.send(message).await
        })
        .map(drop)
    });
    let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let (state, error) = match sent {
        Ok(_) => ("OK", None),
        Err(problem) => ("ERR-NET", Some(problem)),
    };
    let state = state.to_owned();
    DeliveryResult {
        state,
        status_code: None,
        error,
        duration_ms,
        next_attempt_at: None,
        rests_until: None,
    }
}

/// Returns true if the text is one mail address, without a display name.
pub fn is_mail_address(text: &str) -> bool {
    text.parse::<Address>().is_ok()
}

/// Connects to the mail server and logs in without sending a mail. Returns the problem as text if
/// that fails. Blocking.
pub fn check_mail_server(settings: &SmtpSettings) -> Result<(), String> {
    let from = settings.from.parse::<Mailbox>();
    from.map_err(|error| format!("smtp.from is no mailbox: {error}"))?;
    let greet = |server: SmtpClient| async move { server.test_connection().await };
    if run_with_server(settings, CHECK_TIMEOUT, greet)? {
        Ok(())
    } else {
        Err("it greets, but answers no command".to_owned())
    }
}

type SmtpClient = AsyncSmtpTransport<Tokio1Executor>;

/// Runs a conversation with the mail server, within a time limit that holds however slowly the
/// server answers. Blocking.
fn run_with_server<T, F>(
    settings: &SmtpSettings,
    within: Duration,
    talk: impl FnOnce(SmtpClient) -> F,
) -> Result<T, String>
where
    F: Future<Output = Result<T, lettre::transport::smtp::Error>>,
{
    let server = server(settings, within)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let said = runtime.block_on(async { tokio::time::timeout(within, talk(server)).await });
    // Does not wait for the runtime's threads: a look-up of the server's name may hang.
    runtime.shutdown_background();
    match said {
        Ok(said) => said.map_err(|error| error.to_string()),
        Err(_) => Err(format!("it took longer than {} s", within.as_secs())),
    }
}

fn server(settings: &SmtpSettings, within: Duration) -> Result<SmtpClient, String> {
    let host = settings.host.as_deref().unwrap_or_default();
    let builder = match settings.tls {
        SmtpTls::Starttls => SmtpClient::starttls_relay(host),
        SmtpTls::Implicit => SmtpClient::relay(host),
        SmtpTls::None => Ok(SmtpClient::builder_dangerous(host)),
    };
    let mut builder = builder.map_err(|error| error.to_string())?.timeout(Some(within));
    if let Some(port) = settings.port {
        builder = builder.port(port);
    }
    if let (Some(name), Some(password)) = (&settings.username, &settings.password) {
        builder = builder.credentials(Credentials::new(name.clone(), password.0.clone()));
    }
    Ok(builder.build())
}

fn message(
    mail: &ExportMail,
    to: &str,
    event_id: &str,
    settings: &SmtpSettings,
) -> Result<Message, String> {
    let mailbox = |text: &str| text.parse::<Mailbox>().map_err(|error| error.to_string());
    let from = mailbox(&settings.from)?;
    // Every attempt has the same id, so that mail programs recognize a mail that arrives twice.
    let id = format!("<{event_id}@{}>", from.email.domain());
    Message::builder()
        .message_id(Some(id))
        .from(from)
        .to(mailbox(to)?)
        .subject(subject(mail))
        .multipart(MultiPart::alternative_plain_html(text(mail), html(mail)))
        .map_err(|error| error.to_string())
}

fn subject(mail: &ExportMail) -> String {
    let ending = match mail.story {
        MailedOutcome::Ready { .. } => "is ready",
        MailedOutcome::Failed { .. } => "has failed",
    };
    format!("{}: your export of {} {ending}", mail.provider_name, mail.object)
}

fn counted(rows: u64) -> String {
    if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") }
}

fn text(mail: &ExportMail) -> String {
    let asked = local(mail, mail.asked_at);
    match &mail.story {
        MailedOutcome::Ready { file_name, rows, url, expires_at } => format!(
            "Your export of {object} for {name}, asked for on {asked}, is ready.\r\n\r\n\
             {file_name}, {rows}\r\n{url}\r\n\r\n\
             The link is good until {until} and needs no password: pass it on with care.\r\n",
            object = mail.object,
            name = mail.provider_name,
            rows = counted(*rows),
            until = local(mail, *expires_at),
        ),
        MailedOutcome::Failed { reason } => format!(
            "Your export of {object} for {name}, asked for on {asked}, has failed ({reason}).\r\n\r\n\
             Please try to export again.\r\n",
            object = mail.object,
            name = mail.provider_name,
        ),
    }
}

fn html(mail: &ExportMail) -> String {
    let asked = local(mail, mail.asked_at);
    let (object, name) = (escaped(&mail.object), escaped(&mail.provider_name));
    let body = match &mail.story {
        MailedOutcome::Ready { file_name, rows, url, expires_at } => format!(
            "<p>Your export of {object} for {name}, asked for on {asked}, is ready.</p>\
             <p><a href=\"{url}\">{file_name}</a>, {rows}</p>\
             <p>The link is good until {until} and needs no password: pass it on with care.</p>",
            rows = counted(*rows),
            url = escaped(url),
            file_name = escaped(file_name),
            until = local(mail, *expires_at),
        ),
        MailedOutcome::Failed { reason } => format!(
            "<p>Your export of {object} for {name}, asked for on {asked}, has failed ({}).</p>\
             <p>Please try to export again.</p>",
            escaped(reason),
        ),
    };
    format!("<!doctype html><html lang=\"en\"><body>{body}</body></html>")
}

/// Formats an instant in the provider's time zone: `2026-02-14 09:00 Europe/London`.
fn local(mail: &ExportMail, instant: Moment) -> String {
    let zone = &mail.timezone;
    let seconds = instant.seconds() + i64::from(zone.offset_seconds(instant));
    let minutes = seconds.rem_euclid(86_400) / 60;
    let (hour, minute) = (minutes / 60, minutes % 60);
    format!("{} {hour:02}:{minute:02} {}", zone.date_of(instant), zone.name())
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(story: MailedOutcome) -> ExportMail {
        ExportMail {
            provider_name: "Ann & Bob <Studio>".to_owned(),
            timezone: Zone::parse("America/New_York").unwrap(),
            object: "invoices".to_owned(),
            asked_at: Moment::parse("2026-02-14T09:05:00Z").unwrap(),
            story,
        }
    }

    #[test]
    fn a_mail_says_what_where_and_until_when_in_the_providers_zone() {
        let mail = mail(MailedOutcome::Ready {
            file_name: "invoices.csv".to_owned(),
            rows: 12,
            url: "https://x.example/a?expires=1&signature=b".to_owned(),
            expires_at: Moment::parse("2026-07-01T03:30:00Z").unwrap(),
        });
        let said = text(&mail);
        for part in [
            "2026-02-14 04:05 America/New_York",
            "invoices.csv, 12 rows",
            "https://x.example/a?expires=1&signature=b\r\n",
            "2026-06-30 23:30 America/New_York",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
        let said = html(&mail);
        assert!(said.contains("Ann &amp; Bob &lt;Studio&gt;"), "{said}");
        assert!(said.contains("href=\"https://x.example/a?expires=1&amp;signature=b\""), "{said}");
    }

    /// The greeting of the server has no end, and each of its lines comes in time.
    #[test]
    fn a_mail_server_that_talks_and_talks_is_left_in_the_end() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let settings = SmtpSettings {
            host: Some("127.0.0.1".to_owned()),
            port: Some(listener.local_addr().unwrap().port()),
            tls: SmtpTls::None,
            ..SmtpSettings::default()
        };
        let talking = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            while std::io::Write::write_all(&mut stream, b"220-welcome\r\n").is_ok() {
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        let greet = |server: SmtpClient| async move { server.test_connection().await };
        let problem = run_with_server(&settings, Duration::from_millis(300), greet).unwrap_err();
        assert!(!problem.is_empty());
        talking.join().unwrap();
    }

    #[test]
    fn the_same_event_has_the_same_message_id() {
        let mail = mail(MailedOutcome::Failed { reason: "disk_full".to_owned() });
        let settings = SmtpSettings {
            from: "Rollbook <no-reply@x.example>".to_owned(),
            ..SmtpSettings::default()
        };
        let message = message(&mail, "ann@example.com", "evt_1", &settings).unwrap();
        let said = String::from_utf8(message.formatted()).unwrap();
        assert!(said.contains("Message-ID: <evt_1@x.example>"), "{said}");
        assert!(said.contains("disk_full"), "{said}");
    }
}

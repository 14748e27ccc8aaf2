//! Checks of the mail server and of webhooks.

use app::notify;
use store::port::notices::{Delivery, Webhook};
use store::{Store, StoreError};

use super::finding::Finding;
use crate::config::ProgramSettings;

/// Checks that the mail server accepts mail, and that `server.public_url` is set for links in
/// mails.
pub(super) fn check_mail(settings: &ProgramSettings) -> Vec<Finding> {
    let Some(host) = &settings.smtp.host else {
        return vec![Finding::note("mail", "smtp.host is not set: no mail is sent")];
    };
    let mut findings = vec![match notify::check_mail(&settings.smtp) {
        Ok(()) => Finding::good("mail", format!("{host} takes mail from {}", settings.smtp.from)),
        Err(problem) => Finding::wrong(
            "mail",
            format!("{host}: {problem}"),
            "check smtp.host, smtp.port, smtp.tls, smtp.username, smtp.password and smtp.from",
        ),
    }];
    if settings.server.public_url.is_none() {
        findings.push(Finding::warning(
            "links in mails",
            "server.public_url is not set: links in mails use the listen address",
            "set server.public_url to the address that people reach the server at",
        ));
    }
    findings
}

/// Checks that the webhooks of all providers are allowed targets and answer. One that does not
/// answer is a warning, because it is not run by the operator.
pub(super) fn check_webhooks(store: &dyn Store, settings: &ProgramSettings) -> Vec<Finding> {
    webhook_findings(store, settings).unwrap_or_else(|error| {
        let otherwise = "mend what is wrong with the store first";
        vec![Finding::check_failed("webhooks", &error.into(), otherwise)]
    })
}

fn webhook_findings(
    store: &dyn Store,
    settings: &ProgramSettings,
) -> Result<Vec<Finding>, StoreError> {
    let (mut findings, mut count) = (Vec::new(), 0_usize);
    for provider in store.snapshot()?.providers()? {
        for webhook in store.webhooks(provider.id)?.iter().filter(|webhook| webhook.is_enabled) {
            count += 1;
            let (_, newest) = store.deliveries(provider.id, webhook.id, 0, 1)?;
            findings.extend(webhook_state(webhook, newest.first(), settings));
        }
    }
    if findings.is_empty() {
        let reach = match (settings.webhooks.allow_http, settings.webhooks.allow_private) {
            (false, false) => "https, public addresses",
            (false, true) => "https, private addresses too",
            (true, false) => "http on this machine too, public addresses",
            (true, true) => "http on this machine too, private addresses too",
        };
        findings.push(Finding::good("webhooks", format!("{count} enabled; allowed: {reach}")));
    }
    Ok(findings)
}

fn webhook_state(
    webhook: &Webhook,
    newest: Option<&Delivery>,
    settings: &ProgramSettings,
) -> Option<Finding> {
    let named = format!("webhook {} of provider {}", webhook.id, webhook.provider);
    if let Err(problem) = notify::check_target(&webhook.url, &settings.webhooks) {
        return Some(Finding::warning(
            "webhooks",
            format!("{named} gets nothing: its URL {problem}"),
            "change its URL, or see webhooks.allow_http and webhooks.allow_private",
        ));
    }
    let failed = newest.filter(|delivery| delivery.state.starts_with("ERR"))?;
    let problem = failed.error.as_deref().unwrap_or(&failed.state);
    Some(Finding::warning(
        "webhooks",
        format!("{named} did not take its newest event: {problem}"),
        format!(
            "see `rollbook webhook deliveries --data DIR --provider {} {}`; `rollbook webhook \
             test` tries it now",
            webhook.provider, webhook.id
        ),
    ))
}

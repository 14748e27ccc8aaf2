//! `rollbook webhook`: manages the webhooks of a provider. Rule: spec/exports.md §8.1.

use app::webhooks::{WebhookError, Webhooks};
use clap::{Args, Subcommand};
use model::clock::SystemClock;
use model::id::ProviderId;
use serde_json::{Map, Value, json};

use super::provider::provider_id;
use super::{ListFormat, list_format, print, to_json};
use crate::data_args::DataArgs;
use crate::failure::Failure;
use crate::{opening, terminal};

/// `rollbook webhook`
#[derive(Debug, Args)]
pub struct WebhookArgs {
    #[command(subcommand)]
    action: WebhookCommand,
}

#[derive(Debug, Subcommand)]
enum WebhookCommand {
    /// List the webhooks of a provider
    List {
        #[command(flatten)]
        whose: WebhookProviderArgs,
        /// Output format [default: table on a terminal, else json]
        #[arg(long, value_enum)]
        format: Option<ListFormat>,
    },
    /// Add a webhook and print it with its secret, which cannot be shown again. The address must
    /// answer a test request with 200
    Create {
        #[command(flatten)]
        whose: WebhookProviderArgs,
        /// Address to notify, such as https://example.com/hooks
        #[arg(long)]
        url: String,
        /// Events to send, comma-separated, such as export_completed,export_failed [default: all]
        #[arg(long, value_name = "EVENTS", value_delimiter = ',')]
        events: Vec<String>,
        /// Description, for yourself
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
    },
    /// Remove a webhook; events not yet sent to it are dropped
    Delete {
        #[command(flatten)]
        whose: WebhookProviderArgs,
        /// Number of the webhook, from `rollbook webhook list`
        id: i64,
    },
    /// Replace the secret of a webhook and print the new one, which cannot be shown again
    RotateSecret {
        #[command(flatten)]
        whose: WebhookProviderArgs,
        /// Number of the webhook, from `rollbook webhook list`
        id: i64,
    },
    /// List the events sent to a webhook, newest first
    Deliveries {
        #[command(flatten)]
        whose: WebhookProviderArgs,
        /// Number of the webhook, from `rollbook webhook list`
        id: i64,
        /// At most this many
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: u64,
        /// Output format [default: table on a terminal, else json]
        #[arg(long, value_enum)]
        format: Option<ListFormat>,
    },
    /// Send a test event to a webhook now; fails unless it answers with status 200 to 299
    Test {
        #[command(flatten)]
        whose: WebhookProviderArgs,
        /// Number of the webhook, from `rollbook webhook list`
        id: i64,
    },
}

#[derive(Debug, Args)]
struct WebhookProviderArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Id of the provider
    #[arg(long, value_name = "ID", value_parser = provider_id)]
    provider: ProviderId,
}

impl WebhookProviderArgs {
    /// Runs `work` with the webhooks of the provider.
    fn with<T>(
        &self,
        work: impl FnOnce(&Webhooks<'_>) -> Result<T, WebhookError>,
    ) -> Result<T, Failure> {
        let (folder, settings) = super::open_folder(&self.data)?;
        let store = opening::open_store(&folder, &settings)?;
        opening::find_provider(store.as_ref(), self.provider)?;
        let webhooks =
            Webhooks::for_provider(self.provider, store.as_ref(), &SystemClock, &settings.webhooks);
        work(&webhooks).map_err(webhook_failure)
    }
}

fn webhook_failure(error: WebhookError) -> Failure {
    match error {
        WebhookError::Refused(fields) => {
            let messages = fields.0.into_values().flatten();
            messages.fold(Failure::new("the webhook is refused"), Failure::detail)
        }
        WebhookError::Unknown => Failure::new("there is no such webhook")
            .hint("`rollbook webhook list` shows the provider's webhooks"),
        WebhookError::Store(error) => error.into(),
        error @ (WebhookError::Disabled | WebhookError::TooManyWait) => {
            Failure::new(error.to_string())
        }
    }
}

pub(crate) fn run(args: WebhookArgs) -> Result<(), Failure> {
    match args.action {
        WebhookCommand::List { whose, format } => {
            print(&list(&whose.with(|webhooks| webhooks.list())?, list_format(format))?)
        }
        WebhookCommand::Create { whose, url, events, description } => {
            let body = body(url, events, description);
            print(&to_json(&whose.with(|webhooks| webhooks.create(&body))?)?)
        }
        WebhookCommand::Delete { whose, id } => {
            whose.with(|webhooks| webhooks.remove(id))?;
            print(&to_json(&json!({"id": id, "deleted": true}))?)
        }
        WebhookCommand::RotateSecret { whose, id } => {
            print(&to_json(&whose.with(|webhooks| webhooks.rotate_secret(id))?)?)
        }
        WebhookCommand::Deliveries { whose, id, limit, format } => {
            let (_, found) = whose.with(|webhooks| webhooks.deliveries(id, 0, limit))?;
            print(&deliveries(&found, list_format(format))?)
        }
        WebhookCommand::Test { whose, id } => {
            let result = whose.with(|webhooks| webhooks.test(id))?;
            print(&to_json(&result)?)?;
            match result["state"].as_str() {
                Some("OK") => Ok(()),
                _ => Err(Failure::new(format!("webhook {id} did not accept the test"))),
            }
        }
    }
}

fn body(url: String, events: Vec<String>, description: Option<String>) -> Map<String, Value> {
    let fields = [
        ("url", json!(url)),
        ("all_events_enabled", json!(events.is_empty())),
        ("events", json!(events)),
        ("description", json!(description)),
    ];
    fields.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
}

fn list(webhooks: &[Value], format: ListFormat) -> Result<String, Failure> {
    if format == ListFormat::Json {
        return to_json(&webhooks);
    }
    let rows = webhooks.iter().map(|webhook| {
        let events = if webhook["all_events_enabled"] == true {
            "all".to_owned()
        } else {
            let names = webhook["events"].as_array().into_iter().flatten();
            names.map(cell_text).collect::<Vec<_>>().join(", ")
        };
        [
            cell_text(&webhook["id"]),
            cell_text(&webhook["url"]),
            events,
            cell_text(&webhook["status"]),
        ]
    });
    Ok(terminal::table(["id", "url", "events", "status"], rows))
}

const DELIVERY_COLUMNS: [&str; 7] =
    ["id", "event_id", "type", "attempt", "state", "duration_ms", "created_at"];

fn deliveries(deliveries: &[Value], format: ListFormat) -> Result<String, Failure> {
    if format == ListFormat::Json {
        return to_json(&deliveries);
    }
    let rows =
        deliveries.iter().map(|delivery| DELIVERY_COLUMNS.map(|name| cell_text(&delivery[name])));
    Ok(terminal::table(DELIVERY_COLUMNS, rows))
}

/// Formats a value for a table cell; null is empty.
fn cell_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

//! `rollbook provider`: manages the providers of an installation.

use clap::{Args, Subcommand};
use model::id::{MAX_ID, ProviderId, is_valid_id};
use model::money::Currency;
use model::provider::Provider;
use model::time::Zone;
use serde::de::DeserializeOwned;
use store::StoreError;

use super::{ListFormat, list_format, print, to_json};
use crate::data_args::DataArgs;
use crate::failure::Failure;
use crate::{opening, terminal};

/// `rollbook provider`
#[derive(Debug, Args)]
pub struct ProviderCommandArgs {
    #[command(subcommand)]
    action: ProviderCommand,
}

const DEFAULTS: &str = "Defaults: --timezone UTC --currency usd --week-starts-on monday \
                        --usage-alignment calendar --usage-rounding half_up --exports-enabled true";

#[derive(Debug, Subcommand)]
enum ProviderCommand {
    /// Create a provider, and the data folder when it does not exist
    #[command(after_help = DEFAULTS)]
    Create {
        #[command(flatten)]
        data: DataArgs,
        /// A number of your choice that identifies the provider
        #[arg(long, value_parser = provider_id)]
        id: ProviderId,
        /// Display name
        #[arg(long, value_parser = display_name)]
        name: String,
        #[command(flatten)]
        settings: ProviderSettings,
    },
    /// List all providers
    List {
        #[command(flatten)]
        data: DataArgs,
        /// Output format [default: table on a terminal, else json]
        #[arg(long, value_enum)]
        format: Option<ListFormat>,
    },
    /// Change settings of a provider; settings that are not given stay as they are
    Set {
        #[command(flatten)]
        data: DataArgs,
        /// Id of the provider
        #[arg(long, value_parser = provider_id)]
        id: ProviderId,
        /// Display name
        #[arg(long, value_parser = display_name)]
        name: Option<String>,
        #[command(flatten)]
        settings: ProviderSettings,
    },
}

/// A provider's settings, set by `create` and changed by `set`.
#[derive(Debug, Args)]
struct ProviderSettings {
    /// Time zone, such as Europe/London
    #[arg(long)]
    timezone: Option<String>,
    /// Currency, such as gbp
    #[arg(long)]
    currency: Option<String>,
    /// First day of the week
    #[arg(long, value_name = "DAY", value_parser = ["sunday", "monday"])]
    week_starts_on: Option<String>,
    /// Start of the months of monthly limits: the calendar month or the billing date
    #[arg(long, value_name = "WHAT", value_parser = ["calendar", "billing"])]
    usage_alignment: Option<String>,
    /// Rounding of prorated limits
    #[arg(long, value_name = "HOW", value_parser = ["half_up", "up", "down"])]
    usage_rounding: Option<String>,
    /// Allow exports over the API: true or false
    #[arg(long, value_name = "BOOL")]
    exports_enabled: Option<bool>,
}

/// Parses the id of a provider.
pub(super) fn provider_id(text: &str) -> Result<ProviderId, String> {
    let id = text.parse().ok().filter(|id| is_valid_id(*id));
    id.map(ProviderId).ok_or_else(|| format!("expected an integer from 1 to {MAX_ID}"))
}

/// Checks a display name: one line that is not blank.
pub(super) fn display_name(text: &str) -> Result<String, String> {
    if text.trim().is_empty() || text.chars().any(char::is_control) {
        Err("expected one line of text, without line breaks or tabs".to_owned())
    } else {
        Ok(text.to_owned())
    }
}

impl ProviderSettings {
    fn apply(&self, provider: &mut Provider) -> Result<(), Failure> {
        if let Some(name) = &self.timezone {
            provider.timezone = Zone::parse(name).ok_or_else(|| {
                Failure::usage(format!("{name:?} is not a time zone"))
                    .hint("use an IANA name such as Europe/London, America/New_York or UTC")
            })?;
        }
        if let Some(code) = &self.currency {
            provider.currency = Currency::parse(code).ok_or_else(|| {
                Failure::usage(format!("{code:?} is not a currency"))
                    .hint("use a lower-case ISO 4217 code such as gbp or usd")
            })?;
        }
        set_word(&mut provider.week_starts_on, self.week_starts_on.as_deref())?;
        set_word(&mut provider.usage_alignment, self.usage_alignment.as_deref())?;
        set_word(&mut provider.usage_rounding, self.usage_rounding.as_deref())?;
        provider.exports_enabled = self.exports_enabled.unwrap_or(provider.exports_enabled);
        Ok(())
    }
}

fn set_word<T: DeserializeOwned>(field: &mut T, word: Option<&str>) -> Result<(), Failure> {
    if let Some(word) = word {
        *field = serde_json::from_value(word.into()).map_err(|error| {
            Failure::usage(format!("{word:?} is not a possible value")).because(error)
        })?;
    }
    Ok(())
}

pub(crate) fn run(args: ProviderCommandArgs) -> Result<(), Failure> {
    match args.action {
        ProviderCommand::Create { data, id, name, settings } => {
            let mut provider = Provider::new(id, name);
            settings.apply(&mut provider)?;
            let (folder, settings) = super::create_folder(&data)?;
            let store = opening::create_store(&folder, &settings)?;
            store.create_provider(&provider).map_err(|error| match error {
                StoreError::Exists { .. } => Failure::new(format!("provider {id} already exists"))
                    .hint("`rollbook provider set` changes it"),
                error => error.into(),
            })?;
            print(&to_json(&provider)?)
        }
        ProviderCommand::List { data, format } => {
            let (folder, settings) = super::open_folder(&data)?;
            let store = opening::open_store(&folder, &settings)?;
            let providers = store.snapshot()?.providers()?;
            print(&list(&providers, list_format(format))?)
        }
        ProviderCommand::Set { data, id, name, settings: given } => {
            let (folder, settings) = super::open_folder(&data)?;
            let store = opening::open_store(&folder, &settings)?;
            let mut provider = opening::find_provider(store.as_ref(), id)?;
            given.apply(&mut provider)?;
            if let Some(name) = name {
                provider.name = name;
            }
            store.update_provider(&provider)?;
            print(&to_json(&provider)?)
        }
    }
}

fn list(providers: &[Provider], format: ListFormat) -> Result<String, Failure> {
    if format == ListFormat::Json {
        return to_json(&providers);
    }
    let rows = providers.iter().map(|provider| {
        [
            provider.id.to_string(),
            provider.name.clone(),
            provider.timezone.name().to_owned(),
            provider.currency.to_string(),
        ]
    });
    Ok(terminal::table(["id", "name", "timezone", "currency"], rows))
}

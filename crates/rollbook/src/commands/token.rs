//! `rollbook token`: manages opaque tokens. Rule: spec/auth-and-errors.md §1.1.

use app::tokens;
use clap::{Args, Subcommand, ValueEnum};
use model::clock::{Clock, SystemClock};
use model::id::ProviderId;
use model::permission::{Permission, Permissions};
use model::time::Instant;
use store::Store;
use store::token::{Token, TokenGrant};

use super::provider::{display_name, provider_id};
use super::{ListFormat, list_format, print, to_json};
use crate::data_args::DataArgs;
use crate::failure::Failure;
use crate::{opening, terminal};

/// `rollbook token`
#[derive(Debug, Args)]
pub struct TokenArgs {
    #[command(subcommand)]
    action: TokenCommand,
}

#[derive(Debug, Subcommand)]
enum TokenCommand {
    /// Create a token and print it; it cannot be shown again
    Create(TokenCreateArgs),
    /// List tokens (not their secret text, which is not stored)
    List {
        #[command(flatten)]
        data: DataArgs,
        /// Only tokens for this provider
        #[arg(long, value_parser = provider_id)]
        provider: Option<ProviderId>,
        /// Output format [default: table on a terminal, else json]
        #[arg(long, value_enum)]
        format: Option<ListFormat>,
    },
    /// Revoke a token: every later request with it is refused
    Revoke {
        #[command(flatten)]
        data: DataArgs,
        /// Number of the token, from `rollbook token list`
        id: i64,
    },
}

#[derive(Debug, Args)]
struct TokenCreateArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Id of a provider that the token gives access to; repeatable
    #[arg(long = "provider", value_name = "ID", value_delimiter = ',', required = true,
          value_parser = provider_id)]
    providers: Vec<ProviderId>,
    /// Name, to tell tokens apart
    #[arg(long, value_parser = display_name)]
    name: Option<String>,
    /// E-mail address for export notices
    #[arg(long, value_parser = address)]
    email: Option<String>,
    #[arg(long, value_delimiter = ',', value_parser = permission, help = permissions_help())]
    permissions: Vec<Permission>,
    /// Do not allow imports and other changes
    #[arg(long)]
    read_only: bool,
    /// When it expires: after 90d or 12h, or at a time such as 2027-01-01T00:00:00Z
    #[arg(long, value_name = "WHEN")]
    expires: Option<String>,
    /// Who the token represents
    #[arg(long, value_enum, default_value = "provider")]
    mode: TokenMode,
    /// Id of the customer, with --mode customer
    #[arg(long, value_name = "ID")]
    customer: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TokenMode {
    /// The business
    Provider,
    /// One customer of it
    Customer,
}

fn address(text: &str) -> Result<String, String> {
    if app::notify::is_mail_address(text) {
        Ok(text.to_owned())
    } else {
        Err("expected one e-mail address, as in ann@example.com".to_owned())
    }
}

fn permission(text: &str) -> Result<Permission, String> {
    Permission::parse(text.trim()).ok_or_else(|| format!("expected one of {}", permission_names()))
}

fn permission_names() -> String {
    Permission::NAMES.map(|(name, _)| name).join(", ")
}

fn permissions_help() -> String {
    format!(
        "Permissions, comma-separated, from {} [default: super_admin,import]",
        permission_names()
    )
}

pub(crate) fn run(args: TokenArgs) -> Result<(), Failure> {
    match args.action {
        TokenCommand::Create(args) => create(args),
        TokenCommand::List { data, provider, format } => {
            let (folder, settings) = super::open_folder(&data)?;
            let store = opening::open_store(&folder, &settings)?;
            let mut tokens = store.tokens()?;
            tokens.retain(|token| provider.is_none_or(|id| token.grant.providers.contains(&id)));
            print(&list(&tokens, list_format(format))?)
        }
        TokenCommand::Revoke { data, id } => {
            let (folder, settings) = super::open_folder(&data)?;
            let store = opening::open_store(&folder, &settings)?;
            let token = store.revoke_token(id, SystemClock.now()).map_err(|error| match error {
                store::StoreError::NotFound { .. } => {
                    Failure::new(format!("token {id} does not exist"))
                        .hint("`rollbook token list` shows the tokens")
                }
                error => error.into(),
            })?;
            print(&to_json(&token)?)
        }
    }
}

fn create(args: TokenCreateArgs) -> Result<(), Failure> {
    let now = SystemClock.now();
    let expires_at = args.expires.as_deref().map(|text| expiry(text, now)).transpose()?;
    let customer_id = match (args.mode, args.customer) {
        (TokenMode::Customer, Some(id)) if args.providers.len() == 1 => Some(id),
        (TokenMode::Customer, Some(_)) => {
            return Err(Failure::usage("a token for a customer reaches exactly one provider"));
        }
        (TokenMode::Customer, None) => {
            return Err(Failure::usage("--mode customer needs --customer ID"));
        }
        (TokenMode::Provider, Some(_)) => {
            return Err(Failure::usage("--customer needs --mode customer"));
        }
        (TokenMode::Provider, None) => None,
    };
    let permissions = if args.permissions.is_empty() {
        Permissions::default_for_new_token()
    } else {
        args.permissions.into_iter().collect()
    };
    let mut providers = args.providers;
    providers.sort_unstable();
    providers.dedup();
    let (folder, settings) = super::open_folder(&args.data)?;
    let store = opening::open_store(&folder, &settings)?;
    for id in &providers {
        opening::find_provider(store.as_ref(), *id)?;
    }
    let (name, email, read_only) = (args.name, args.email, args.read_only);
    let grant =
        TokenGrant { name, email, providers, permissions, read_only, customer_id, expires_at };
    let text = create_token(store.as_ref(), &grant, now)?;
    print(&format!("{text}\n"))
}

/// Creates a token and returns its text.
pub(super) fn create_token(
    store: &dyn Store,
    grant: &TokenGrant,
    now: Instant,
) -> Result<String, Failure> {
    let token = tokens::new_token();
    store.create_token(&token.hash, &token.prefix, grant, now)?;
    Ok(token.text)
}

/// Returns the expiry of a token, given as `90d`, `12h` or an instant.
fn expiry(text: &str, now: Instant) -> Result<Instant, Failure> {
    let seconds = [("d", 86_400), ("h", 3_600), ("m", 60)].iter().find_map(|(unit, seconds)| {
        let number: i64 = text.strip_suffix(unit)?.parse().ok()?;
        number.checked_mul(*seconds).filter(|seconds| *seconds > 0)
    });
    let end = seconds.map(|seconds| now.plus_seconds(seconds)).or_else(|| Instant::parse(text));
    let refused = |problem: &str| {
        Failure::usage(format!("--expires {text} {problem}"))
            .hint("write 90d, 12h, 30m, or a time such as 2027-01-01T00:00:00Z")
    };
    let end = end.ok_or_else(|| refused("is not a time"))?;
    if end > now { Ok(end) } else { Err(refused("is in the past")) }
}

fn list(tokens: &[Token], format: ListFormat) -> Result<String, Failure> {
    if format == ListFormat::Json {
        return to_json(&tokens);
    }
    let rows = tokens.iter().map(|token| {
        let providers: Vec<_> = token.grant.providers.iter().map(ToString::to_string).collect();
        let flags: Vec<_> = token.grant.permissions.iter().map(Permission::as_str).collect();
        let state = match (token.revoked_at, token.grant.expires_at) {
            (Some(at), _) => format!("revoked {at}"),
            (None, Some(at)) => format!("until {at}"),
            (None, None) => "valid".to_owned(),
        };
        let used = token.last_used_on.map_or("never".to_owned(), |day| day.to_string());
        let name = token.grant.name.clone().unwrap_or_default();
        let kind = if token.grant.read_only { "read-only" } else { "" };
        let may = format!("{} {kind}", flags.join(","));
        [
            token.id.to_string(),
            token.prefix.clone(),
            name,
            providers.join(","),
            may.trim().to_owned(),
            state,
            used,
        ]
    });
    let header = ["id", "begins with", "name", "providers", "may", "state", "last used"];
    Ok(terminal::table(header, rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expiry_is_a_span_or_an_instant_ahead() {
        let now = Instant::parse("2026-01-01T00:00:00Z").unwrap();
        for (text, expected) in [
            ("90d", Some("2026-04-01T00:00:00Z")),
            ("12h", Some("2026-01-01T12:00:00Z")),
            ("2027-01-01T00:00:00Z", Some("2027-01-01T00:00:00Z")),
            ("2025-01-01T00:00:00Z", None),
            ("0d", None),
            ("-1d", None),
            ("soon", None),
            ("99999999999999999d", None),
        ] {
            let end = expiry(text, now).ok().map(|end| end.to_string());
            assert_eq!(end.as_deref(), expected, "{text}");
        }
    }
}

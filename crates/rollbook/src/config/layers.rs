//! Layers of settings, and the origin of each value.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde_json::Value as Json;
use toml::{Table, Value};

use super::ProgramSettings;
use crate::failure::{Failure, FailureContext};

const PREFIX: &str = "ROLLBOOK_";
/// Variables that are not settings: the data folder, and those of scripts around the program.
const NOT_SETTINGS: [&str; 4] =
    ["ROLLBOOK_COMMIT", "ROLLBOOK_DATA", "ROLLBOOK_TOKEN", "ROLLBOOK_URL"];
/// Variable that is an alias of `log.filter`.
const LOG_FILTER_VARIABLE: &str = "ROLLBOOK_LOG";

/// The origin of a value. Later variants override earlier ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingOrigin {
    /// Not set anywhere.
    Default,
    /// `rollbook.toml`.
    File,
    /// This environment variable.
    Environment(String),
    /// This flag.
    Flag(String),
}

impl fmt::Display for SettingOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File => f.write_str("rollbook.toml"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

/// A flag that sets a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingFlag {
    /// Flag as users write it.
    pub name: String,
    /// Key of the setting, `section.key`.
    pub key: String,
    /// Value as text.
    pub value: String,
}

/// The sources of settings.
#[derive(Debug, Clone, Default)]
pub struct SettingSources {
    /// Text of `rollbook.toml`; none if there is no such file.
    pub file: Option<String>,
    /// Environment variables.
    pub environment: BTreeMap<String, String>,
    /// Flags, in the order given.
    pub flags: Vec<SettingFlag>,
}

/// The settings in effect, with the origin of each value.
#[derive(Debug, Clone)]
pub struct EffectiveSettings {
    /// The settings.
    pub settings: ProgramSettings,
    origins: BTreeMap<String, SettingOrigin>,
}

impl SettingSources {
    /// Reads the file at `path`, if it exists, and the environment of this process.
    pub fn read(path: &Path, flags: Vec<SettingFlag>) -> Result<Self, Failure> {
        let file = match std::fs::read_to_string(path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(error).doing(|| format!("read {}", path.display())),
        };
        let variables = std::env::vars_os().filter_map(|(name, value)| {
            let name = name.into_string().ok().filter(|name| name.starts_with(PREFIX))?;
            Some((name, value.to_string_lossy().into_owned()))
        });
        Ok(Self { file, environment: variables.collect(), flags })
    }

    /// Merges the sources. Fails with the first value that is wrong, and names it.
    pub fn resolve(&self) -> Result<EffectiveSettings, Failure> {
        let known = known_keys()?;
        let mut layers =
            SettingLayers { known: &known, table: Table::new(), origins: BTreeMap::new() };
        if let Some(text) = &self.file {
            layers.add_file(text)?;
        }
        for (name, value) in &self.environment {
            layers.add_variable(name, value)?;
        }
        for SettingFlag { name, key, value } in &self.flags {
            layers.add_text(key, value, SettingOrigin::Flag(name.clone()))?;
        }
        let settings = deserialize(&layers.table).map_err(Failure::new)?;
        settings.check()?;
        Ok(EffectiveSettings { settings, origins: layers.origins })
    }
}

impl EffectiveSettings {
    /// Returns every setting with its value and origin, one per line, in TOML. Secrets are hidden.
    pub fn to_text(&self) -> Result<String, Failure> {
        let values = flatten(&self.settings)?;
        let mut text = String::new();
        for (key, value) in values {
            let origin = self.origins.get(&key).unwrap_or(&SettingOrigin::Default);
            let line = match value {
                Json::Null => format!("# {key} is not set"),
                value => format!("{key} = {}", to_inline_toml(&value)),
            };
            text.push_str(&format!("{line:<52} # {origin}\n"));
        }
        Ok(text)
    }

    /// Returns the origin of a setting.
    pub fn origin(&self, key: &str) -> &SettingOrigin {
        self.origins.get(key).unwrap_or(&SettingOrigin::Default)
    }
}

struct SettingLayers<'k> {
    known: &'k BTreeMap<String, Json>,
    table: Table,
    origins: BTreeMap<String, SettingOrigin>,
}

impl SettingLayers<'_> {
    fn add_file(&mut self, text: &str) -> Result<(), Failure> {
        let table: Table = text.parse().map_err(|error: toml::de::Error| {
            // The message of the parser repeats the line, which may hold a secret.
            let line = error.span().map(|at| text[..at.start].lines().count().max(1));
            let place = line.map_or(String::new(), |line| format!(" (line {line})"));
            Failure::new(format!("rollbook.toml is not TOML{place}"))
                .because(error.message().to_owned())
        })?;
        for (section, keys) in table {
            let Value::Table(keys) = keys else {
                return Err(self.unknown(&section, "rollbook.toml"));
            };
            for (key, value) in keys {
                self.add(&format!("{section}.{key}"), value, SettingOrigin::File)?;
            }
        }
        Ok(())
    }

    fn add_variable(&mut self, name: &str, value: &str) -> Result<(), Failure> {
        if NOT_SETTINGS.contains(&name) {
            return Ok(());
        }
        let of_key = |key: &&String| {
            name.strip_prefix(PREFIX) == Some(&key.replace('.', "_").to_ascii_uppercase())
        };
        let key = match name {
            LOG_FILTER_VARIABLE => Some("log.filter".to_owned()),
            _ => self.known.keys().find(of_key).cloned(),
        };
        let key = key.ok_or_else(|| self.unknown(name, "the environment"))?;
        self.add_text(&key, value, SettingOrigin::Environment(name.to_owned()))
    }

    /// Adds a value that is written as text. The setting decides its type.
    fn add_text(&mut self, key: &str, text: &str, origin: SettingOrigin) -> Result<(), Failure> {
        let Some(default) = self.known.get(key) else {
            return Err(self.unknown(key, &origin.to_string()));
        };
        let parsed = format!("x = {text}").parse::<Table>().ok().and_then(|mut t| t.remove("x"));
        let value = match (default, parsed) {
            (Json::Null | Json::String(_), _) => Value::String(text.to_owned()),
            (Json::Array(_), Some(list @ Value::Array(_))) => list,
            (Json::Array(_), _) => {
                let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                Value::Array(items.map(|item| Value::String(item.to_owned())).collect())
            }
            (_, Some(value)) => value,
            (_, None) => Value::String(text.to_owned()),
        };
        self.add(key, value, origin)
    }

    fn add(&mut self, key: &str, value: Value, origin: SettingOrigin) -> Result<(), Failure> {
        let Some((section, name)) = key.split_once('.').filter(|_| self.known.contains_key(key))
        else {
            return Err(self.unknown(key, &origin.to_string()));
        };
        let single = Table::from_iter([(name.to_owned(), value.clone())]);
        let single = Table::from_iter([(section.to_owned(), Value::Table(single))]);
        deserialize(&single).map_err(|problem| {
            Failure::new(format!("the setting {key} ({origin}) is wrong: {problem}"))
        })?;
        let section = self.table.entry(section).or_insert_with(|| Value::Table(Table::new()));
        if let Value::Table(section) = section {
            section.insert(name.to_owned(), value);
        }
        self.origins.insert(key.to_owned(), origin);
        Ok(())
    }

    fn unknown(&self, key: &str, place: &str) -> Failure {
        let failure = Failure::new(format!("there is no setting {key} ({place})"));
        let wanted = key.strip_prefix(PREFIX).unwrap_or(key).to_ascii_lowercase().replace('_', ".");
        let distance = |known: &&String| edit_distance(&known.replace('_', "."), &wanted);
        match self.known.keys().min_by_key(distance).filter(|best| distance(best) <= 3) {
            Some(best) => failure.hint(format!("did you mean {best}?")),
            None => failure.hint("`rollbook serve --data DIR --print-config` lists all settings"),
        }
    }
}

/// Returns the number of letters to change between two words.
fn edit_distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (place, letter) in left.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], place + 1);
        for (column, other) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

fn deserialize(table: &Table) -> Result<ProgramSettings, String> {
    let settings = Value::Table(table.clone()).try_into::<ProgramSettings>();
    settings.map_err(|error| error.message().lines().next().unwrap_or_default().to_owned())
}

/// Returns every setting with its default.
fn known_keys() -> Result<BTreeMap<String, Json>, Failure> {
    flatten(&ProgramSettings::default())
}

fn flatten(settings: &ProgramSettings) -> Result<BTreeMap<String, Json>, Failure> {
    let all = serde_json::to_value(settings).doing(|| "show the settings".to_owned())?;
    let mut flat = BTreeMap::new();
    for (section, keys) in all.as_object().into_iter().flatten() {
        for (key, value) in keys.as_object().into_iter().flatten() {
            flat.insert(format!("{section}.{key}"), value.clone());
        }
    }
    Ok(flat)
}

/// Returns a value on one line of TOML.
fn to_inline_toml(value: &Json) -> String {
    match value {
        Json::Array(items) => {
            let items: Vec<String> = items.iter().map(to_inline_toml).collect();
            format!("[{}]", items.join(", "))
        }
        Json::Object(keys) => {
            let keys: Vec<String> = keys
                .iter()
                .map(|(key, value)| format!("{key} = {}", to_inline_toml(value)))
                .collect();
            format!("{{ {} }}", keys.join(", "))
        }
        plain => plain.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(file: &str, environment: &[(&str, &str)], flags: &[(&str, &str)]) -> SettingSources {
        let own = |text: &&str| (*text).to_owned();
        SettingSources {
            file: Some(file.to_owned()),
            environment: environment.iter().map(|(k, v)| (own(k), own(v))).collect(),
            flags: flags
                .iter()
                .map(|(k, v)| SettingFlag { name: "--set".to_owned(), key: own(k), value: own(v) })
                .collect(),
        }
    }

    #[test]
    fn flags_win_over_the_environment_and_that_over_the_file() {
        let file = "[reports]\ntimeout_s = 1\n[rate_limit]\nper_minute = 1\n[import]\nidle_timeout_s = 1\n";
        let all = sources(
            file,
            &[("ROLLBOOK_REPORTS_TIMEOUT_S", "2"), ("ROLLBOOK_RATE_LIMIT_PER_MINUTE", "2")],
            &[("reports.timeout_s", "3")],
        );
        let effective = all.resolve().unwrap();
        let settings = &effective.settings;
        assert_eq!(settings.reports.timeout_s, 3);
        assert_eq!(settings.rate_limit.per_minute, 2);
        assert_eq!(settings.import.idle_timeout_s, 1);
        assert_eq!(settings.engine.memory, "40%");
        for (key, origin) in [
            ("reports.timeout_s", "flag --set"),
            ("rate_limit.per_minute", "environment ROLLBOOK_RATE_LIMIT_PER_MINUTE"),
            ("import.idle_timeout_s", "rollbook.toml"),
            ("engine.memory", "default"),
        ] {
            assert_eq!(effective.origin(key).to_string(), origin, "{key}");
        }
    }

    #[test]
    fn values_from_text_have_the_type_of_their_setting() {
        let all = sources(
            "",
            &[
                ("ROLLBOOK_LOG", "debug"),
                ("ROLLBOOK_DATA", "/anywhere"),
                ("ROLLBOOK_SERVER_PUBLIC_URL", "https://records.example.com"),
                ("ROLLBOOK_SERVER_CORS_ORIGINS", "https://a.example, https://b.example"),
                ("ROLLBOOK_FILES_CSV_FORMULA_GUARD", "false"),
                ("ROLLBOOK_ENGINE_MEMORY", "1GiB"),
            ],
            &[],
        );
        let settings = all.resolve().unwrap().settings;
        assert_eq!(settings.log.filter, "debug");
        assert_eq!(settings.server.public_url.as_deref(), Some("https://records.example.com"));
        assert_eq!(settings.server.cors_origins, ["https://a.example", "https://b.example"]);
        assert!(!settings.files.csv_formula_guard);
        assert_eq!(settings.engine.memory_bytes().unwrap(), 1 << 30);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (all, parts) in [
            (
                sources("[reports]\ntimeuot_s = 1\n", &[], &[]),
                ["reports.timeuot_s", "reports.timeout_s"],
            ),
            (sources("[nonsense]\nx = 1\n", &[], &[]), ["nonsense.x", "rollbook.toml"]),
            (sources("listen = 1\n", &[], &[]), ["listen", "rollbook.toml"]),
            (
                sources("[reports]\ntimeout_s = \"x\"\n", &[], &[]),
                ["reports.timeout_s", "rollbook.toml"],
            ),
            (
                sources("[[auth.jwt_keys]]\nkid = \"a\"\nalg = \"HS256\"\nx = 1\n", &[], &[]),
                ["auth.jwt_keys", "unknown field"],
            ),
            (sources("= 1", &[], &[]), ["rollbook.toml", "TOML"]),
            (
                sources("", &[("ROLLBOOK_REPORT_TIMEOUT_S", "1")], &[]),
                ["ROLLBOOK_REPORT_TIMEOUT_S", "reports.timeout_s"],
            ),
            (
                sources("", &[("ROLLBOOK_REPORTS_TIMEOUT_S", "soon")], &[]),
                ["reports.timeout_s", "environment"],
            ),
            (sources("", &[], &[("log.format", "xml")]), ["log.format", "flag --set"]),
            (
                sources("[reports]\nmax_page_size = 20000\n", &[], &[]),
                ["reports.max_page_size", "between 1 and 10000"],
            ),
            (sources("[engine]\nmemory = \"much\"\n", &[], &[]), ["engine.memory", "512MiB"]),
            (sources("", &[], &[("store.url", "mysql://x")]), ["store.url", "postgres://"]),
            (sources("", &[], &[("store.connections_max", "9")]), ["store.connections_max", "10"]),
        ] {
            let said = all.resolve().unwrap_err().to_text(false);
            for part in parts {
                assert!(said.contains(part), "{said} should name {part}");
            }
        }
    }

    #[test]
    fn a_line_that_cannot_be_read_is_not_repeated() {
        let broken = "[store]\n\nurl = postgres://ann:secret@host/x\n";
        let said = sources(broken, &[], &[]).resolve().unwrap_err().to_text(true);
        assert!(said.contains("line 3") && !said.contains("secret"), "{said}");
    }

    #[test]
    fn the_effective_settings_are_shown_with_origins_and_without_secrets() {
        let secret = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA==";
        let file =
            format!("[[auth.jwt_keys]]\nkid = \"a\"\nalg = \"HS256\"\nsecret = \"{secret}\"\n");
        let effective = sources(&file, &[("ROLLBOOK_LOG", "warn")], &[]).resolve().unwrap();
        let text = effective.to_text().unwrap();
        assert!(!text.contains(secret) && text.contains("(hidden)"), "{text}");
        assert!(text.contains("# server.public_url is not set"), "{text}");
        let line = text.lines().find(|line| line.starts_with("log.filter")).unwrap();
        assert_eq!(
            line.split_whitespace().collect::<Vec<_>>().join(" "),
            "log.filter = \"warn\" # environment ROLLBOOK_LOG"
        );
        text.parse::<Table>().unwrap();
    }
}

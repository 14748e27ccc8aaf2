//! Reads parameters by name. All errors are collected; a parameter that was never read is unknown.

use std::collections::BTreeMap;

use super::unknown::{did_you_mean, is_ignored_everywhere};
use super::{FieldErrors, RawValue, values};

/// The style of the messages about parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageStyle {
    /// Phrases, as reports and usage have them: `expected one value, not a list`. A value that is
    /// repeated unchanged counts once.
    Phrase,
    /// Sentences, as the other endpoints have them: `Must be a text.`
    Sentence,
    /// Sentences in which the parameter is the subject, as under `/api/v1/core`: `The page must be
    /// an integer between 1 and 100.`
    NamedSentence,
}

/// The parameters of one request.
pub struct Parameters<'a> {
    given: BTreeMap<&'a str, Vec<&'a RawValue>>,
    /// Names that were read, for the suggestions about unknown ones.
    known: Vec<String>,
    style: MessageStyle,
    /// Errors found so far.
    pub errors: FieldErrors,
}

impl<'a> Parameters<'a> {
    /// Takes all parameters given, except those that are ignored everywhere.
    pub fn new(given: &'a [(String, RawValue)], style: MessageStyle) -> Self {
        let mut by_name: BTreeMap<&str, Vec<&RawValue>> = BTreeMap::new();
        for (name, value) in given.iter().filter(|(name, _)| !is_ignored_everywhere(name)) {
            by_name.entry(name).or_default().push(value);
        }
        Self { given: by_name, known: Vec::new(), style, errors: FieldErrors::default() }
    }

    /// Returns true if a parameter is given that was not read yet.
    pub fn has(&self, name: &str) -> bool {
        self.given.contains_key(name)
    }

    /// Reads the items of a list parameter, which may also be given as `name[]`.
    pub fn list(&mut self, name: &str) -> Option<Vec<String>> {
        let given = self.take_list(name);
        let items = values::read_list_items(&given);
        self.keep(name, items).flatten()
    }

    /// Reads a list parameter and converts the list of its items.
    pub fn read_list<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&[String]) -> Result<T, String>,
    ) -> Option<T> {
        let items = self.list(name)?;
        let value = read(&items);
        self.keep(name, value)
    }

    /// Reads the words of a list parameter, repeated or separated by commas. Empty items are
    /// skipped; none if nothing else is given.
    pub fn words(&mut self, name: &str) -> Option<Vec<String>> {
        let given = self.take_list(name);
        let texts = given.into_iter().filter_map(RawValue::as_text);
        let items = texts.flat_map(|text| text.split(',')).map(str::trim);
        let items: Vec<String> = items.filter(|item| !item.is_empty()).map(str::to_owned).collect();
        (!items.is_empty()).then_some(items)
    }

    /// Reads a parameter that has a single value and converts the value.
    pub fn read<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let given = self.take(name);
        let text = values::read_single_value(&given);
        let text = self.keep(name, text).flatten()?;
        let value = read(&text);
        self.keep(name, value)
    }

    /// Reads a text; none if it is absent, null or empty.
    pub fn text(&mut self, name: &str) -> Option<&'a str> {
        let value = self.single(name)?;
        match value {
            // PostgreSQL cannot store it.
            RawValue::Text(text) if text.contains('\0') => {
                self.errors.push(name, "Must be a text without a zero byte.");
                None
            }
            RawValue::Text(text) | RawValue::Number(text) => Some(text),
            _ => {
                self.errors.push(name, "Must be a text.");
                None
            }
        }
    }

    /// Reads a required text.
    pub fn required(&mut self, name: &str) -> Option<&'a str> {
        let text = self.text(name);
        if text.is_none() && !self.errors.0.contains_key(name) {
            self.errors.push(name, format!("The {name} field is required."));
        }
        text
    }

    /// Reads a text and converts it.
    pub fn read_text<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&'a str) -> Result<T, String>,
    ) -> Option<T> {
        let text = self.text(name)?;
        self.keep(name, read(text))
    }

    /// Reads a flag, which is false if it is absent.
    pub fn flag(&mut self, name: &str) -> bool {
        let is_true = match self.single(name) {
            None => Some(false),
            Some(RawValue::Bool(value)) => Some(*value),
            Some(value) => value.as_text().and_then(|text| text.parse().ok()),
        };
        if is_true.is_none() {
            self.errors.push(name, "Must be true or false.");
        }
        is_true.unwrap_or_default()
    }

    /// Reads an integer from 1 to `max`.
    pub fn integer(&mut self, name: &str, max: u64) -> Option<u64> {
        let start = match self.style {
            MessageStyle::NamedSentence => format!("The {name} must"),
            MessageStyle::Phrase | MessageStyle::Sentence => "Must".to_owned(),
        };
        self.read_text(name, |text| {
            let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
            let number = text.parse().ok().filter(|number| is_digits && (1..=max).contains(number));
            number.ok_or_else(|| format!("{start} be an integer between 1 and {max}."))
        })
    }

    /// Skips parameters that something else reads, or that this endpoint accepts but does not use.
    pub fn skip(&mut self, names: &[&str]) {
        self.known.extend(names.iter().map(|name| (*name).to_owned()));
        self.given.retain(|name, _| !names.contains(name));
    }

    /// Finishes the reading. Parameters that were not read are reported as unknown.
    pub fn finish(mut self) -> Result<(), FieldErrors> {
        for name in self.given.keys() {
            let meant = did_you_mean(name, self.known.iter().map(String::as_str));
            let message = match self.style {
                MessageStyle::Phrase if meant.is_empty() => "unknown parameter".to_owned(),
                MessageStyle::Phrase => format!("unknown parameter.{meant}"),
                MessageStyle::Sentence | MessageStyle::NamedSentence => {
                    format!("Unknown parameter.{meant}")
                }
            };
            self.errors.push(name, message);
        }
        if self.errors.is_empty() { Ok(()) } else { Err(self.errors) }
    }

    fn take(&mut self, name: &str) -> Vec<&'a RawValue> {
        self.known.push(name.to_owned());
        self.given.remove(name).unwrap_or_default()
    }

    fn take_list(&mut self, name: &str) -> Vec<&'a RawValue> {
        let mut given = self.take(name);
        given.extend(self.given.remove(format!("{name}[]").as_str()).unwrap_or_default());
        given
    }

    /// Returns the single value of a parameter that is neither null nor empty.
    fn single(&mut self, name: &str) -> Option<&'a RawValue> {
        let mut given = self.take(name).into_iter().filter(|value| !value.is_absent());
        let first = given.next();
        if given.next().is_some() {
            self.errors.push(name, "Must be given once.");
        }
        first
    }

    fn keep<T>(&mut self, name: &str, result: Result<T, String>) -> Option<T> {
        result.map_err(|message| self.errors.push(name, message)).ok()
    }
}

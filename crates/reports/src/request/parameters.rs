//! Reads parameters by name. All errors are collected; a parameter that was never read is unknown.

use std::collections::BTreeMap;

use super::unknown::{did_you_mean, is_ignored_everywhere};
use super::{FieldErrors, RawValue, values};

/// The parameters of one request.
pub struct Parameters<'a> {
    given: BTreeMap<&'a str, Vec<&'a RawValue>>,
    /// Names that were read, for the suggestions about unknown ones.
    known: Vec<String>,
    /// Errors found so far.
    pub errors: FieldErrors,
}

impl<'a> Parameters<'a> {
    /// Takes all parameters given, except those that are ignored everywhere.
    pub fn new(given: &'a [(String, RawValue)]) -> Self {
        let mut by_name: BTreeMap<&str, Vec<&RawValue>> = BTreeMap::new();
        for (name, value) in given.iter().filter(|(name, _)| !is_ignored_everywhere(name)) {
            by_name.entry(name).or_default().push(value);
        }
        Self { given: by_name, known: Vec::new(), errors: FieldErrors::default() }
    }

    /// Reads the items of a list parameter, which may also be given as `name[]`.
    pub fn list(&mut self, name: &str) -> Option<Vec<String>> {
        self.known.push(name.to_owned());
        let mut given = self.given.remove(name).unwrap_or_default();
        given.extend(self.given.remove(format!("{name}[]").as_str()).unwrap_or_default());
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

    /// Reads a parameter that has a single value and converts the value.
    pub fn read<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        self.known.push(name.to_owned());
        let given = self.given.remove(name).unwrap_or_default();
        let text = values::read_single_value(&given);
        let text = self.keep(name, text).flatten()?;
        let value = read(&text);
        self.keep(name, value)
    }

    /// Drops parameters that this endpoint accepts but does not use.
    pub(crate) fn ignore(&mut self, names: &[&str]) {
        self.given.retain(|name, _| !names.contains(name));
    }

    /// Finishes the reading. Parameters that were not read are reported as unknown.
    pub fn finish(mut self) -> Result<(), FieldErrors> {
        for name in self.given.keys() {
            let meant = did_you_mean(name, self.known.iter().map(String::as_str));
            let end = if meant.is_empty() { "" } else { "." };
            self.errors.push(name, format!("unknown parameter{end}{meant}"));
        }
        if self.errors.is_empty() { Ok(()) } else { Err(self.errors) }
    }

    fn keep<T>(&mut self, name: &str, result: Result<T, String>) -> Option<T> {
        result.map_err(|message| self.errors.push(name, message)).ok()
    }
}

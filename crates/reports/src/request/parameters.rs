//! Taking parameters by name. Every error is kept; what nobody took is unknown.

use std::collections::BTreeMap;

use model::suggest;

use super::{FieldErrors, RawValue, values};

/// The parameters of one request.
pub struct Parameters<'a> {
    given: BTreeMap<&'a str, Vec<&'a RawValue>>,
    /// Names that the endpoint has looked for.
    known: Vec<String>,
    /// What is wrong so far.
    pub errors: FieldErrors,
}

/// Names that are ignored wherever they come. Rule: spec/reports.md §2.2.
const IGNORED: [&str; 2] = ["expand", "fields"];

impl<'a> Parameters<'a> {
    /// Everything given, but for the names that are ignored wherever they come.
    pub fn new(given: &'a [(String, RawValue)]) -> Self {
        let errors = FieldErrors::default();
        let mut parameters = Self { given: BTreeMap::new(), known: Vec::new(), errors };
        for (name, value) in given {
            if !IGNORED.contains(&name.as_str()) && !name.starts_with('_') {
                parameters.given.entry(name).or_default().push(value);
            }
        }
        parameters
    }

    /// The items of a list parameter, also given as `name[]`.
    pub fn list(&mut self, name: &str) -> Option<Vec<String>> {
        self.known.push(name.to_owned());
        let mut given = self.given.remove(name).unwrap_or_default();
        given.extend(self.given.remove(format!("{name}[]").as_str()).unwrap_or_default());
        let items = values::items(&given);
        self.keep(name, items).flatten()
    }

    /// The items of a list parameter, read as a whole.
    pub fn read_list<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&[String]) -> Result<T, String>,
    ) -> Option<T> {
        let items = self.list(name)?;
        let value = read(&items);
        self.keep(name, value)
    }

    /// The one value of a parameter, read.
    pub fn read<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        self.known.push(name.to_owned());
        let given = self.given.remove(name).unwrap_or_default();
        let text = values::single(&given);
        let text = self.keep(name, text).flatten()?;
        let value = read(&text);
        self.keep(name, value)
    }

    /// Takes parameters that mean nothing to this endpoint and do not disturb it.
    pub(crate) fn ignore(&mut self, names: &[&str]) {
        self.given.retain(|name, _| !names.contains(name));
    }

    /// Ends the reading: whatever is left is no parameter of this endpoint.
    pub fn finish(mut self) -> Result<(), FieldErrors> {
        for name in self.given.keys() {
            let meant = suggest::did_you_mean(name, self.known.iter().map(String::as_str));
            self.errors.push(name, format!("unknown parameter{meant}"));
        }
        if self.errors.is_empty() { Ok(()) } else { Err(self.errors) }
    }

    fn keep<T>(&mut self, name: &str, result: Result<T, String>) -> Option<T> {
        result.map_err(|message| self.errors.push(name, message)).ok()
    }
}

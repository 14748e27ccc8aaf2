//! Reads the fields of a body by name. All errors are collected.

use serde_json::{Map, Value};

use super::body_values::is_absent;
use crate::request::FieldErrors;

/// The fields of a request's body, and the errors found so far.
pub(super) struct ExportBody<'a> {
    given: &'a Map<String, Value>,
    pub(super) errors: FieldErrors,
}

impl<'a> ExportBody<'a> {
    pub(super) fn new(given: &'a Map<String, Value>) -> Self {
        Self { given, errors: FieldErrors::default() }
    }

    /// Returns the value of a field; none if it is absent, null or empty.
    pub(super) fn value(&self, field: &str) -> Option<&'a Value> {
        self.given.get(field).filter(|value| !is_absent(value))
    }

    /// Reads and converts a field.
    pub(super) fn read<T>(
        &mut self,
        field: &str,
        read: impl FnOnce(&str, &'a Value) -> Result<T, String>,
    ) -> Option<T> {
        let value = self.value(field)?;
        let read = read(field, value);
        read.map_err(|message| self.errors.push(field, message)).ok()
    }

    /// Reads and converts a field that is required.
    pub(super) fn read_required<T>(
        &mut self,
        field: &str,
        read: impl FnOnce(&str, &'a Value) -> Result<T, String>,
    ) -> Option<T> {
        if self.value(field).is_none() {
            self.errors.push(field, format!("The {field} field is required."));
        }
        self.read(field, read)
    }

    /// Returns the names of the fields given.
    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.given.keys().map(String::as_str)
    }
}

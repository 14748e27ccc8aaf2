//! Pages of a list: `{count, next, previous, results}`. Rule: spec/reports.md §12.

use reports::request::Parameters;
use serde_json::{Value, json};

/// The largest and the default size of a page.
pub const PAGE_SIZE_MAX: u32 = 100;

/// The number and the size of the requested page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paging {
    /// The number of the page, from 1.
    pub(crate) page: u32,
    /// The number of entries per page.
    pub size: u32,
}

impl Paging {
    /// Reads `page` and `page_size`.
    pub fn read(parameters: &mut Parameters<'_>) -> Self {
        let mut read = |name, max: u32| {
            parameters.integer(name, max.into()).and_then(|number| u32::try_from(number).ok())
        };
        let page = read("page", u32::MAX).unwrap_or(1);
        Self { page, size: read("page_size", PAGE_SIZE_MAX).unwrap_or(PAGE_SIZE_MAX) }
    }

    /// Returns the number of entries before the page.
    pub fn offset(self) -> u64 {
        u64::from(self.page - 1) * u64::from(self.size)
    }

    /// Returns the answer of the page. `url` is the URL of the list, including its filters.
    pub fn envelope(self, url: &str, count: u64, results: Vec<Value>) -> Value {
        let has_more = self.offset() + u64::from(self.size) < count;
        let join = if url.contains('?') { '&' } else { '?' };
        let at = |page: u32| format!("{url}{join}page={page}&page_size={}", self.size);
        let next = has_more.then(|| at(self.page + 1));
        let previous = (self.page > 1).then(|| at(self.page - 1));
        json!({"count": count, "next": next, "previous": previous, "results": results})
    }
}

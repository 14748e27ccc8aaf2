//! Numbered pages of a list with links, as used under `/api/v1/core`. Rule: spec/exports.md §7.1.

use reports::request::Parameters;
use serde_json::{Value, json};

/// The default size of a page.
const LIMIT: u64 = 10;
const LIMIT_MAX: u64 = 100;

/// The number and the size of the requested page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NumberedPage {
    page: u64,
    /// The number of entries per page.
    pub limit: u64,
}

impl NumberedPage {
    /// Reads `page` and `limit`.
    pub fn read(query: &mut Parameters<'_>) -> Self {
        let page = query.integer("page", u64::from(u32::MAX)).unwrap_or(1);
        Self { page, limit: query.integer("limit", LIMIT_MAX).unwrap_or(LIMIT) }
    }

    /// Returns the number of entries before the page.
    pub fn offset(self) -> u64 {
        (self.page - 1) * self.limit
    }

    /// Returns the answer of the page. `path` is the URL of the list; `filters` are further
    /// parameters of its links (`object=invoices`).
    pub fn envelope(self, path: &str, filters: &[String], total: u64, data: Vec<Value>) -> Value {
        let last = total.div_ceil(self.limit).max(1);
        let said: String = filters.iter().map(|filter| format!("{filter}&")).collect();
        let at = |page: u64| format!("{path}?{said}limit={}&page={page}", self.limit);
        let previous = (self.page > 1).then(|| at(self.page - 1));
        let next = (self.page < last).then(|| at(self.page + 1));
        let has_rows = !data.is_empty();
        let link = |url: Option<&String>, label: &str, is_active: bool| json!({"url": url, "label": label, "active": is_active});
        let links = [
            link(previous.as_ref(), "Previous", false),
            link(Some(&at(self.page)), &self.page.to_string(), true),
            link(next.as_ref(), "Next", false),
        ];
        json!({
            "links": {"first": at(1), "last": at(last), "prev": previous, "next": next},
            "meta": {
                "current_page": self.page,
                "from": has_rows.then_some(self.offset() + 1),
                "last_page": last,
                "links": links,
                "path": path,
                "per_page": self.limit,
                "to": has_rows.then(|| self.offset() + data.len() as u64),
                "total": total,
            },
            "data": data,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_know_their_neighbours_and_are_empty_past_the_end() {
        for (page, rows, expected) in [
            (1, 2, (json!(1), json!(2), json!(null), json!("/x?limit=2&page=2"))),
            (2, 1, (json!(3), json!(3), json!("/x?limit=2&page=1"), json!(null))),
            (9, 0, (json!(null), json!(null), json!("/x?limit=2&page=8"), json!(null))),
        ] {
            let shown =
                NumberedPage { page, limit: 2 }.envelope("/x", &[], 3, vec![json!({}); rows]);
            let (meta, links) = (&shown["meta"], &shown["links"]);
            let found = (meta["from"].clone(), meta["to"].clone());
            let around = (links["prev"].clone(), links["next"].clone());
            assert_eq!((found.0, found.1, around.0, around.1), expected, "{page}");
            assert_eq!((&meta["total"], &meta["last_page"]), (&json!(3), &json!(2)), "{page}");
        }
    }
}

//! `/api/v1/accounting…`: the periods of the books, their closing, and reports from the postings.

mod books_endpoint;
mod months;
mod views;

use crate::http::endpoint::Endpoint;

pub(super) fn endpoints() -> Vec<Endpoint> {
    let mut all = months::month_endpoints();
    all.extend(views::view_endpoints());
    all
}

//! Reports: definitions as data, requests checked against them, plans, pages.
//!
//! Must not know: HTTP, file formats, the store.
//!
//! | module | holds |
//! | --- | --- |
//! | [`request`] | raw parameters, and what is wrong with them |
//! | [`page`] | one page of a report, ready to be written |

pub mod page;
pub mod request;

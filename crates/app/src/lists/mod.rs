//! Paged lists, in the form of both dialects.
//!
//! | module | holds |
//! | --- | --- |
//! | [`paged`] | `{count, next, previous, results}`, as under `/api/v2` |
//! | [`numbered`] | `{links, meta, data}`, as under `/api/v1/core` |

pub mod numbered;
pub mod paged;

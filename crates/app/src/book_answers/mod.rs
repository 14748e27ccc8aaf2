//! Answers to requests about the books. Rule: spec/accounting.md §11–§13.
//!
//! | module | holds |
//! | --- | --- |
//! | [`answers`] | the context and the time limit of an answer |
//! | [`parameters`] | the parameters of a request |

pub mod answers;
pub mod parameters;

//! Questions about the books. Rule: spec/accounting.md §11–§13.
//!
//! | module | holds |
//! | --- | --- |
//! | [`answers`] | answers, each within its time |
//! | [`parameters`] | the parameters of a question |

pub mod answers;
pub mod parameters;

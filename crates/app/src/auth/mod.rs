//! Authentication and authorization. Rule: spec/auth-and-errors.md §1–§4, §7.
//!
//! | module | holds |
//! | --- | --- |
//! | [`credential`] | the `Authorization` header |
//! | [`token`] | creation and hashing of opaque tokens |
//! | [`jwt`] | JWTs and the keys that verify them |
//! | [`caller`] | the caller that a credential belongs to |
//! | [`scope`] | the provider and the mode of a request |
//! | [`admission`] | all checks in order: limits, credential, provider, mode, permission |

pub mod admission;
pub mod caller;
pub mod credential;
pub mod jwt;
pub mod scope;
pub mod token;

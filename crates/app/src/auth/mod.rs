//! Who asks, and whether they may. Rule: spec/auth-and-errors.md §1–§4, §7.
//!
//! | module | holds |
//! | --- | --- |
//! | [`credential`] | what stands in the `Authorization` header |
//! | [`token`] | opaque tokens: making them, hashing them |
//! | [`jwt`] | signed tokens and the keys they are believed by |
//! | [`principal`] | who a credential stands for |
//! | [`scope`] | which provider and which mode a request is for |
//! | [`admission`] | all of it in order: limits, credential, provider, mode, permission |

pub mod admission;
pub mod credential;
pub mod jwt;
pub mod principal;
pub mod scope;
pub mod token;

//! One suite for every adapter of the store. It tests what [`store::Store`] promises, through the
//! port only. A new adapter implements [`harness::Backend`] and adds one line below.

#[cfg(test)]
#[macro_use]
mod harness;

#[cfg(test)]
mod accounts;
#[cfg(test)]
mod books;
#[cfg(test)]
mod checks;
#[cfg(test)]
mod commits;
#[cfg(test)]
mod groups;
#[cfg(test)]
mod job_helpers;
#[cfg(test)]
mod jobs;
#[cfg(test)]
mod notices;
#[cfg(test)]
mod postgres_backend;
#[cfg(test)]
#[cfg(test)]
mod races;
#[cfg(test)]
mod random;
#[cfg(test)]
mod random_jobs;
#[cfg(test)]
mod rows;
#[cfg(test)]
mod sqlite_backend;
#[cfg(test)]
mod store_move;

#[cfg(test)]
conformance_suite!(sqlite, crate::sqlite_backend::SqliteBackend);
#[cfg(test)]
conformance_suite!(postgres, crate::postgres_backend::PostgresBackend);

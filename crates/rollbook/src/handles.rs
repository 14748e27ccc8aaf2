//! The limit of file handles of this process, and the share that connections get.

use rustix::process::{Resource, getrlimit, setrlimit};

use crate::failure::Failure;

/// Number of handles reserved for everything but client connections: the store, the mirror's files,
/// bodies and files being written, notices.
const KEPT: u64 = 512;
/// Least number of handles with which the program works.
const LEAST: u64 = 128;

/// Raises the limit of this process to what it needs without connections.
pub(crate) fn raise_limit() -> Result<(), Failure> {
    match raise(KEPT) {
        limit if limit < LEAST => Err(too_few(limit)),
        _ => Ok(()),
    }
}

/// Raises the limit so that `wanted` connections fit beside everything else. Returns the number of
/// connections that fit.
pub(crate) fn for_connections(wanted: usize) -> usize {
    let limit = raise(KEPT.saturating_add(wanted as u64));
    let fitting = usize::try_from(shared_out(limit)).unwrap_or(usize::MAX).min(wanted);
    if fitting < wanted {
        tracing::warn!(
            connections = fitting,
            limit,
            "server.connections_max is more than the limit of open files allows"
        );
    }
    fitting
}

/// Returns the number of handles that connections may use out of `limit`.
fn shared_out(limit: u64) -> u64 {
    limit - KEPT.min(limit / 2)
}

/// Raises the limit to `wanted` if it is lower, as far as the system allows. Returns the limit.
fn raise(wanted: u64) -> u64 {
    let mut limit = getrlimit(Resource::Nofile);
    let reachable = limit.maximum.map_or(wanted, |maximum| maximum.min(wanted));
    if limit.current.is_some_and(|current| current < reachable) {
        limit.current = Some(reachable);
        // If the system refuses, the limit stays as it is.
        let _ = setrlimit(Resource::Nofile, limit);
    }
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

fn too_few(limit: u64) -> Failure {
    Failure::new(format!("this process may open only {limit} files; it needs at least {LEAST}"))
        .hint("raise the limit: `ulimit -n 2048`, or LimitNOFILE=2048 in the unit of systemd")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_get_what_is_not_kept_and_at_least_half() {
        for (limit, expected) in
            [(128, 64), (256, 128), (1024, 512), (1536, 1024), (65_536, 65_024)]
        {
            assert_eq!(shared_out(limit), expected, "{limit}");
        }
    }

    #[test]
    fn the_limit_is_never_lowered() {
        let before = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        assert!(raise(1) >= before);
    }
}

//! The limit of file handles of this process, and the share that connections get.

use rustix::process::{Resource, getrlimit, setrlimit};

use crate::failure::Failure;

/// Number of handles reserved for everything but client connections: the store, the mirror's files,
/// bodies and files being written, notices.
const RESERVED_HANDLES: u64 = 512;
/// Least number of handles with which the program works.
const HANDLES_MIN: u64 = 128;

/// Raises the limit of this process to what it needs without connections.
pub(crate) fn raise_limit() -> Result<(), Failure> {
    match raise_to(RESERVED_HANDLES) {
        limit if limit < HANDLES_MIN => Err(too_few(limit)),
        _ => Ok(()),
    }
}

/// Raises the limit so that `wanted` connections fit beside everything else. Returns the number of
/// connections that fit.
pub(crate) fn raise_limit_for_connections(wanted: usize) -> usize {
    let limit = raise_to(RESERVED_HANDLES.saturating_add(wanted as u64));
    let fitting = usize::try_from(connection_share(limit)).unwrap_or(usize::MAX).min(wanted);
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
fn connection_share(limit: u64) -> u64 {
    limit - RESERVED_HANDLES.min(limit / 2)
}

/// Raises the limit to `wanted` if it is lower, as far as the system allows. Returns the limit.
fn raise_to(wanted: u64) -> u64 {
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
    Failure::new(format!(
        "this process may open only {limit} files; it needs at least {HANDLES_MIN}"
    ))
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
            assert_eq!(connection_share(limit), expected, "{limit}");
        }
    }

    #[test]
    fn the_limit_is_never_lowered() {
        let before = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        assert!(raise_to(1) >= before);
    }
}

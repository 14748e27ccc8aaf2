//! File handles: how many this process may have, and what they are shared out to.

use rustix::process::{Resource, getrlimit, setrlimit};

use crate::failure::Failure;

/// Handles kept for everything that is no connection of a client: the store, the mirror's files,
/// bodies and files that are written, notices.
const KEPT: u64 = 512;
/// With fewer nothing works.
const LEAST: u64 = 128;

/// Raises the limit of this process to what it needs beside connections.
pub(crate) fn raise_limit() -> Result<(), Failure> {
    match raise(KEPT) {
        limit if limit < LEAST => Err(too_few(limit)),
        _ => Ok(()),
    }
}

/// Raises the limit as far as it may be, so that so many connections fit beside everything else;
/// gives back how many do.
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

/// How many of these handles connections may have.
fn shared_out(limit: u64) -> u64 {
    limit - KEPT.min(limit / 2)
}

/// Raises the limit to `wanted` if it is lower, or as far as the system lets it; gives it back.
fn raise(wanted: u64) -> u64 {
    let mut limit = getrlimit(Resource::Nofile);
    let reachable = limit.maximum.map_or(wanted, |maximum| maximum.min(wanted));
    if limit.current.is_some_and(|current| current < reachable) {
        limit.current = Some(reachable);
        // Refused, it stays as it is.
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

//! The server's figures, in Prometheus' words. One registry per server, none for the process.

use metrics::{counter, gauge, histogram, with_local_recorder};
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusRecorder};
use store::port::jobs::{JobKind, JobState};

/// Upper bounds of the duration histogram, in seconds.
const DURATION_BUCKETS_S: [f64; 12] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

/// Counts what the server does.
pub struct Metrics(PrometheusRecorder);

impl Metrics {
    /// An empty registry.
    pub(crate) fn new() -> Self {
        let builder = PrometheusBuilder::new();
        let bucketed: Result<_, BuildError> = builder.set_buckets(&DURATION_BUCKETS_S);
        let recorder = bucketed.expect("the list of buckets is not empty").build_recorder();
        with_local_recorder(&recorder, || {
            describe();
            // There from the start, so that the first increase is seen.
            counter!("rollbook_panics_total").increment(0);
            counter!("rollbook_connections_refused_total").increment(0);
        });
        Self(recorder)
    }

    /// Counts an answered request. Labels are bounded: the route's template, a known method.
    pub(crate) fn answered(
        &self,
        route: &'static str,
        method: &'static str,
        status: u16,
        secs: f64,
    ) {
        with_local_recorder(&self.0, || {
            let status = status.to_string();
            counter!("rollbook_http_requests_total", "route" => route, "method" => method, "status" => status)
                .increment(1);
            histogram!("rollbook_http_request_duration_seconds", "route" => route, "method" => method)
                .record(secs);
        });
    }

    /// Counts a panic.
    pub(crate) fn panicked(&self) {
        with_local_recorder(&self.0, || counter!("rollbook_panics_total").increment(1));
    }

    /// Counts a connection that was refused.
    pub(crate) fn refused_connection(&self) {
        with_local_recorder(&self.0, || {
            counter!("rollbook_connections_refused_total").increment(1)
        });
    }

    /// Sets a figure that goes up and down.
    pub(crate) fn set(&self, name: &'static str, value: u64) {
        with_local_recorder(&self.0, || gauge!(format!("rollbook_{name}")).set(value as f64));
    }

    /// Sets how many jobs of a kind are in a state.
    pub(crate) fn set_jobs(&self, kind: JobKind, state: JobState, count: u64) {
        let (kind, state) = (kind.as_str(), state.as_str());
        with_local_recorder(&self.0, || {
            gauge!("rollbook_jobs", "kind" => kind, "state" => state).set(count as f64);
        });
    }

    /// Everything, in the text format.
    pub(crate) fn render(&self) -> String {
        self.0.handle().render()
    }

    /// Folds recorded durations into their buckets, so that they do not pile up between scrapes.
    pub(crate) fn fold(&self) {
        self.0.handle().run_upkeep();
    }
}

fn describe() {
    use metrics::{describe_counter, describe_gauge, describe_histogram};
    describe_counter!("rollbook_http_requests_total", "Answered requests.");
    describe_histogram!("rollbook_http_request_duration_seconds", "Time until an answer began.");
    describe_counter!("rollbook_panics_total", "Requests and background loops that met a bug.");
    describe_counter!(
        "rollbook_connections_refused_total",
        "Connections closed because their address held too many."
    );
    describe_gauge!(
        "rollbook_is_ready",
        "Whether store, mirror and files are usable, as /readyz says."
    );
    describe_gauge!("rollbook_jobs", "Jobs of all providers and nodes that wait or run.");
    describe_gauge!("rollbook_revision", "Revision of the last commit.");
    describe_gauge!("rollbook_requests_running", "Requests worked on now.");
    describe_gauge!("rollbook_mirror_covered_revision", "Revision that the segments cover.");
    describe_gauge!("rollbook_mirror_delta_changes", "Changes that the segments do not cover.");
    describe_gauge!("rollbook_mirror_is_refreshing", "Whether segments are being written.");
    describe_gauge!("rollbook_mirror_rows", "Rows in segments.");
    describe_gauge!("rollbook_rate_limit_identities", "Identities in the rate limit's memory.");
}

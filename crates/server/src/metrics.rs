//! The server's figures, in Prometheus' words. One registry per server, none for the process.

use metrics::{counter, gauge, histogram, with_local_recorder};
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusRecorder};
use store::port::jobs::{JobKind, JobState};
use store::port::notices::Lane;

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
        with_local_recorder(&recorder, describe);
        with_local_recorder(&recorder, register_notices);
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

    /// Counts an attempt to deliver a notice.
    pub(crate) fn notice_tried(&self, lane: Lane, is_delivered: bool) {
        with_local_recorder(&self.0, || notices_tried(lane, is_delivered).increment(1));
    }

    /// Sets how many notices of a lane wait.
    pub(crate) fn set_notices_waiting(&self, lane: Lane, count: u64) {
        with_local_recorder(&self.0, || {
            gauge!("rollbook_notices_waiting", "to" => lane.as_str()).set(count as f64);
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

fn notices_tried(lane: Lane, is_delivered: bool) -> metrics::Counter {
    let outcome = if is_delivered { "delivered" } else { "failed" };
    counter!("rollbook_notices_total", "to" => lane.as_str(), "outcome" => outcome)
}

/// Puts the counters of notices there at 0, so that their first increase is seen.
fn register_notices() {
    for lane in Lane::ALL {
        for is_delivered in [true, false] {
            notices_tried(lane, is_delivered).absolute(0);
        }
    }
}

fn describe() {
    use metrics::{describe_counter, describe_gauge, describe_histogram};
    describe_counter!("rollbook_http_requests_total", "Answered requests.");
    describe_histogram!("rollbook_http_request_duration_seconds", "Time until an answer began.");
    describe_counter!("rollbook_panics_total", "Requests that ended in a bug.");
    describe_gauge!(
        "rollbook_is_ready",
        "Whether store, mirror and files are usable, as /readyz says."
    );
    describe_gauge!("rollbook_jobs", "Jobs of all providers and nodes that wait or run.");
    describe_counter!("rollbook_notices_total", "Attempts to deliver a notice, by this process.");
    describe_gauge!("rollbook_notices_waiting", "Notices of all providers that wait.");
    describe_gauge!("rollbook_revision", "Revision of the last commit.");
    describe_gauge!("rollbook_requests_running", "Requests worked on now.");
    describe_gauge!("rollbook_mirror_covered_revision", "Revision that the segments cover.");
    describe_gauge!("rollbook_mirror_delta_changes", "Changes that the segments do not cover.");
    describe_gauge!("rollbook_mirror_is_refreshing", "Whether segments are being written.");
    describe_gauge!("rollbook_mirror_rows", "Rows in segments.");
    describe_gauge!("rollbook_rate_limit_identities", "Identities in the rate limit's memory.");
}

//! The server's metrics for Prometheus. Each server has its own registry; there is no global one.
//!
//! Every series that can be known beforehand is registered at start with the value 0, because
//! Prometheus sees an increase only from a first value on. The table `METRICS` holds the names and
//! help texts; docs/operating.md lists the same names.

mod process;

use metrics::{counter, gauge, histogram, with_local_recorder};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusRecorder};
use model::import::ImportOutcome;
use model::time::Instant;
use store::port::jobs::{JobKind, JobState};
use store::port::notices::DeliveryChannel;

use crate::error::ErrorCode;

/// Upper bounds of the duration histogram of requests, in seconds.
const DURATION_BUCKETS_S: [f64; 12] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];
/// Upper bounds of the duration histogram of imports, in seconds.
const IMPORT_BUCKETS_S: [f64; 10] = [0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0];
const IMPORT_DURATION: &str = "rollbook_import_duration_seconds";

/// The HTTP statuses of failures of the server, as opposed to faults of the request.
const FAILURE_STATUSES: [u16; 2] = [500, 503];
/// The errors that an import can fail with, apart from those of the checks before it.
const IMPORT_FAILURES: [ErrorCode; 7] = [
    ErrorCode::IdempotencyConflict,
    ErrorCode::ImportInvalid,
    ErrorCode::InternalError,
    ErrorCode::ParameterInvalid,
    ErrorCode::RequestTooLarge,
    ErrorCode::Unavailable,
    ErrorCode::UnsupportedMediaType,
];

/// The type of a metric.
#[derive(Clone, Copy, PartialEq, Eq)]
enum MetricType {
    Counter,
    Gauge,
    Histogram,
}

use MetricType::{Counter, Gauge, Histogram};

/// Every metric: its name, its type and its help text.
const METRICS: &[(&str, MetricType, &str)] = &[
    ("rollbook_build_info", Gauge, "Always 1; version, commit and build profile as labels."),
    ("rollbook_http_requests_total", Counter, "Answered requests."),
    ("rollbook_http_request_duration_seconds", Histogram, "Time until an answer began."),
    ("rollbook_requests_running", Gauge, "Requests worked on now."),
    ("rollbook_rate_limit_identities", Gauge, "Identities in the rate limit's memory."),
    ("rollbook_panics_total", Counter, "Requests, jobs and background loops that met a bug."),
    (
        "rollbook_connections_refused_total",
        Counter,
        "Connections closed because their address held too many.",
    ),
    ("rollbook_is_ready", Gauge, "Whether store, mirror and files are usable, as /readyz says."),
    ("rollbook_import_rows_total", Counter, "Rows of stored imports, by what became of them."),
    ("rollbook_import_failures_total", Counter, "Imports of which nothing was stored, by error."),
    (IMPORT_DURATION, Histogram, "Time from the head of an import to its answer."),
    ("rollbook_jobs", Gauge, "Jobs of all providers and nodes that wait or run."),
    ("rollbook_notices_total", Counter, "Attempts to deliver a notice, by this process."),
    ("rollbook_notices_waiting", Gauge, "Notices of all providers that wait."),
    ("rollbook_revision", Gauge, "Revision of the last commit."),
    ("rollbook_mirror_covered_revision", Gauge, "Revision that the segments cover."),
    ("rollbook_mirror_delta_changes", Gauge, "Changes that the segments do not cover."),
    ("rollbook_mirror_is_refreshing", Gauge, "Whether segments are being written."),
    ("rollbook_mirror_rows", Gauge, "Rows in segments."),
    ("rollbook_disk_free_bytes", Gauge, "Free space, by folder."),
    ("rollbook_last_backup_timestamp_seconds", Gauge, "When the last backup was made; 0 = never."),
    ("process_cpu_seconds_total", Counter, "Processor time used."),
    ("process_resident_memory_bytes", Gauge, "Memory held."),
    ("process_virtual_memory_bytes", Gauge, "Address space."),
    ("process_open_fds", Gauge, "Open files and connections."),
    ("process_max_fds", Gauge, "Most files and connections that may be open."),
    ("process_threads", Gauge, "Threads."),
    ("process_start_time_seconds", Gauge, "When the process began."),
];

/// The build of the running program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuildInfo {
    /// Version of the release.
    pub version: &'static str,
    /// Commit of the source; `unknown` when it was not built from one.
    pub commit: &'static str,
    /// `release` or `debug`.
    pub profile: &'static str,
}

/// A folder whose free disk space is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disk {
    /// The data folder.
    Data,
    /// The folder of the files that jobs make.
    Files,
}

/// The registry of the server's metrics.
pub struct Metrics(PrometheusRecorder);

impl Metrics {
    /// Creates the registry with every series that is known beforehand at 0.
    pub(crate) fn new(build: &BuildInfo) -> Self {
        let bucketed = || -> Result<PrometheusBuilder, BuildError> {
            let of_imports = Matcher::Full(IMPORT_DURATION.to_owned());
            PrometheusBuilder::new()
                .set_buckets(&DURATION_BUCKETS_S)?
                .set_buckets_for_metric(of_imports, &IMPORT_BUCKETS_S)
        };
        let recorder = bucketed().expect("no list of buckets is empty").build_recorder();
        with_local_recorder(&recorder, || {
            describe();
            register_known_series(build);
        });
        Self(recorder)
    }

    /// Registers the series of a route before its first request, with its failures at 0.
    pub fn register_route(&self, route: &'static str, method: &'static str) {
        with_local_recorder(&self.0, || {
            for status in FAILURE_STATUSES {
                requests(route, method, status).increment(0);
            }
            // Creating the handle registers the histogram; no value is recorded.
            drop(request_duration(route, method));
        });
    }

    /// Counts an answered request. The labels take a bounded number of values: the route's template
    /// and a known method.
    pub fn count_request(&self, route: &'static str, method: &'static str, status: u16, secs: f64) {
        with_local_recorder(&self.0, || {
            requests(route, method, status).increment(1);
            request_duration(route, method).record(secs);
        });
    }

    /// Counts an answered import: the rows that it stored, or the error.
    pub fn count_import(&self, outcome: Result<&ImportOutcome, ErrorCode>, secs: f64) {
        with_local_recorder(&self.0, || {
            histogram!(IMPORT_DURATION).record(secs);
            match outcome {
                Err(code) => import_failures(code).increment(1),
                Ok(outcome) => {
                    for counts in outcome.tables.values() {
                        import_rows("inserted").increment(counts.inserted);
                        import_rows("updated").increment(counts.updated);
                        import_rows("deleted").increment(counts.deleted);
                        import_rows("unchanged").increment(counts.unchanged);
                    }
                }
            }
        });
    }

    /// Counts a panic.
    pub fn count_panic(&self) {
        with_local_recorder(&self.0, || counter!("rollbook_panics_total").increment(1));
    }

    /// Counts a connection that was refused.
    pub fn count_refused_connection(&self) {
        with_local_recorder(&self.0, || {
            counter!("rollbook_connections_refused_total").increment(1);
        });
    }

    /// Counts an attempt to deliver a notice.
    pub(crate) fn count_delivery_attempt(&self, lane: DeliveryChannel, is_delivered: bool) {
        with_local_recorder(&self.0, || notices_tried(lane, is_delivered).increment(1));
    }

    /// Sets how many notices of a lane wait.
    pub fn set_notices_waiting(&self, lane: DeliveryChannel, count: u64) {
        with_local_recorder(&self.0, || {
            notices_waiting(lane).set(count as f64);
        });
    }

    /// Sets a gauge. `name` is the metric's name without the prefix `rollbook_`.
    pub fn set(&self, name: &'static str, value: u64) {
        with_local_recorder(&self.0, || gauge!(format!("rollbook_{name}")).set(value as f64));
    }

    /// Sets how many jobs of a kind are in a state.
    pub fn set_jobs(&self, kind: JobKind, state: JobState, count: u64) {
        with_local_recorder(&self.0, || jobs(kind, state).set(count as f64));
    }

    /// Sets how many bytes are free on the disk of a folder.
    pub fn set_disk_free(&self, disk: Disk, bytes: u64) {
        with_local_recorder(&self.0, || disk_free(disk).set(bytes as f64));
    }

    /// Sets when the last backup was made.
    pub fn set_last_backup(&self, at: Option<Instant>) {
        let seconds = at.map_or(0, Instant::seconds);
        with_local_recorder(&self.0, || {
            gauge!("rollbook_last_backup_timestamp_seconds").set(seconds as f64);
        });
    }

    /// Returns all metrics in Prometheus' text format.
    pub fn render(&self) -> String {
        with_local_recorder(&self.0, process::set_process_metrics);
        self.0.handle().render()
    }

    /// Moves recorded durations into their buckets, so that they do not pile up between scrapes.
    pub fn run_upkeep(&self) {
        self.0.handle().run_upkeep();
    }
}

fn notices_tried(lane: DeliveryChannel, is_delivered: bool) -> metrics::Counter {
    let outcome = if is_delivered { "delivered" } else { "failed" };
    counter!("rollbook_notices_total", "to" => lane.as_str(), "outcome" => outcome)
}

fn describe() {
    use metrics::{describe_counter, describe_gauge, describe_histogram};
    for (name, kind, help) in METRICS {
        match kind {
            Counter => describe_counter!(*name, *help),
            Gauge => describe_gauge!(*name, *help),
            Histogram => describe_histogram!(*name, *help),
        }
    }
}

/// Registers the series that are known at start.
fn register_known_series(build: &BuildInfo) {
    let BuildInfo { version, commit, profile } = *build;
    gauge!("rollbook_build_info", "version" => version, "commit" => commit, "profile" => profile)
        .set(1.0);
    counter!("rollbook_panics_total").increment(0);
    counter!("rollbook_connections_refused_total").increment(0);
    for change in ["inserted", "updated", "deleted", "unchanged"] {
        import_rows(change).increment(0);
    }
    for code in IMPORT_FAILURES {
        import_failures(code).increment(0);
    }
    drop(histogram!(IMPORT_DURATION));
    for kind in [JobKind::Report, JobKind::Export] {
        for state in [JobState::Queued, JobState::Running] {
            jobs(kind, state).set(0.0);
        }
    }
    for disk in [Disk::Data, Disk::Files] {
        disk_free(disk).set(0.0);
    }
    for lane in DeliveryChannel::ALL {
        for is_delivered in [true, false] {
            notices_tried(lane, is_delivered).increment(0);
        }
        notices_waiting(lane).set(0.0);
    }
    const LABELLED: [&str; 4] = [
        "rollbook_build_info",
        "rollbook_jobs",
        "rollbook_disk_free_bytes",
        "rollbook_notices_waiting",
    ];
    let single = METRICS.iter().filter(|(name, kind, _)| {
        *kind == Gauge && name.starts_with("rollbook_") && !LABELLED.contains(name)
    });
    single.for_each(|(name, ..)| gauge!(*name).set(0.0));
}

fn requests(route: &'static str, method: &'static str, status: u16) -> metrics::Counter {
    let status = status.to_string();
    counter!("rollbook_http_requests_total", "route" => route, "method" => method, "status" => status)
}

fn request_duration(route: &'static str, method: &'static str) -> metrics::Histogram {
    histogram!("rollbook_http_request_duration_seconds", "route" => route, "method" => method)
}

fn import_rows(change: &'static str) -> metrics::Counter {
    counter!("rollbook_import_rows_total", "change" => change)
}

fn import_failures(code: ErrorCode) -> metrics::Counter {
    counter!("rollbook_import_failures_total", "code" => code.as_str())
}

fn jobs(kind: JobKind, state: JobState) -> metrics::Gauge {
    gauge!("rollbook_jobs", "kind" => kind.as_str(), "state" => state.as_str())
}

fn notices_waiting(lane: DeliveryChannel) -> metrics::Gauge {
    gauge!("rollbook_notices_waiting", "to" => lane.as_str())
}

fn disk_free(disk: Disk) -> metrics::Gauge {
    let folder = match disk {
        Disk::Data => "data",
        Disk::Files => "files",
    };
    gauge!("rollbook_disk_free_bytes", "folder" => folder)
}

//! Settings of report jobs.

use serde::{Deserialize, Serialize};

/// `[jobs]`: files of reports, made in the background. Rule: spec/reports.md §11.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JobSettings {
    /// True if `rollbook serve` runs jobs, exports included; otherwise only `rollbook worker` does.
    /// Default: true.
    pub work_in_server: bool,
    /// The number of report jobs that this process runs at once. Default: 0 = half the cores, at
    /// least 1.
    pub max_running: usize,
    /// The number of report jobs that run at once for one provider. Default: 2.
    pub parallel_per_provider: u64,
    /// The number of report jobs that may wait per provider; the next is answered 429. Default: 5.
    pub waiting_per_provider: u64,
    /// Days that a file is kept. Default: 7.
    pub keep_days: i64,
    /// Days that a job is remembered. Default: 90.
    pub history_days: i64,
    /// The value of `result_url` while there is no file: `null` (default) or `empty_string`.
    pub empty_result_url: EmptyUrl,
    /// The number of attempts at a job that fails for a passing reason. Default: 3.
    pub attempts_max: u32,
    /// Seconds without a heartbeat after which a worker loses its job. Default: 15.
    pub lease_s: i64,
}

/// The value of a URL field without a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmptyUrl {
    /// JSON null.
    #[default]
    Null,
    /// An empty text, for clients that do not accept null.
    EmptyString,
}

impl Default for JobSettings {
    fn default() -> Self {
        Self {
            work_in_server: true,
            max_running: 0,
            parallel_per_provider: 2,
            waiting_per_provider: 5,
            keep_days: 7,
            history_days: 90,
            empty_result_url: EmptyUrl::Null,
            attempts_max: 3,
            lease_s: 15,
        }
    }
}

impl JobSettings {
    /// Returns the number of report jobs that this process runs at once.
    pub fn running_used(&self) -> usize {
        given_or_half_the_cores(self.max_running)
    }
}

/// Returns `count`; for 0 half the cores of this machine, rounded up.
pub(super) fn given_or_half_the_cores(count: usize) -> usize {
    match count {
        0 => std::thread::available_parallelism().map_or(1, |cores| cores.get().div_ceil(2)),
        given => given,
    }
}

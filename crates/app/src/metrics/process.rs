//! Metrics of the process, under the names that all Prometheus client libraries use.

/// Reads and sets every metric that can be read. There are none on systems other than Linux.
#[cfg(target_os = "linux")]
pub(super) fn set_process_metrics() {
    use metrics::{counter, gauge};
    use procfs::WithCurrentSystemInfo;
    use procfs::process::{LimitValue, Process};

    let Ok(process) = Process::myself() else { return };
    if let Ok(stat) = process.stat() {
        let ticks = procfs::ticks_per_second();
        counter!("process_cpu_seconds_total").absolute((stat.utime + stat.stime) / ticks);
        gauge!("process_resident_memory_bytes").set(stat.rss_bytes().get() as f64);
        gauge!("process_virtual_memory_bytes").set(stat.vsize as f64);
        gauge!("process_threads").set(stat.num_threads as f64);
        if let Ok(booted) = procfs::boot_time_secs() {
            gauge!("process_start_time_seconds").set((booted + stat.starttime / ticks) as f64);
        }
    }
    if let Ok(open) = process.fd_count() {
        gauge!("process_open_fds").set(open as f64);
    }
    if let Ok(limits) = process.limits() {
        let most = match limits.max_open_files.soft_limit {
            LimitValue::Value(most) => most as f64,
            LimitValue::Unlimited => f64::INFINITY,
        };
        gauge!("process_max_fds").set(most);
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn set_process_metrics() {}

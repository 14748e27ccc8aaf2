//! Background loops that restart after a panic, and the answer of `/readyz` meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::site::Site;
use app::jobs::supervisor::supervise_loop;

const DEADLINE: Duration = Duration::from_secs(60);

/// Asks until the answer has this status.
async fn becomes(site: &Site, status: u16) {
    let began = Instant::now();
    while site.get("/readyz", &[]).await.status != status {
        assert!(began.elapsed() < DEADLINE, "/readyz does not become {status}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_loop_that_panics_begins_again_and_the_server_is_not_ready_meanwhile() {
    let site = Site::new();
    assert_eq!(site.get("/readyz", &[]).await.status, 200);
    let is_broken = Arc::new(AtomicBool::new(true));
    let (stop, stopping) = watch::channel(false);
    let (broken, told) = (Arc::clone(&is_broken), stopping.clone());
    let begin = move || {
        let (broken, mut told) = (Arc::clone(&broken), told.clone());
        async move {
            assert!(!broken.load(Ordering::Acquire), "the loop meets a bug");
            let _ = told.changed().await;
        }
    };
    let kept = tokio::spawn(supervise_loop(site.app.clone(), "test", stopping, begin));
    becomes(&site, 503).await;
    assert!(site.get("/metrics", &[]).await.text().contains("rollbook_is_ready 0"));
    is_broken.store(false, Ordering::Release);
    becomes(&site, 200).await;
    let figures = site.get("/metrics", &[]).await;
    assert!(!figures.text().contains("rollbook_panics_total 0"), "panics are counted");
    stop.send(true).unwrap();
    kept.await.unwrap();
    assert_eq!(site.get("/readyz", &[]).await.status, 200, "loops that were told to end are fine");
}

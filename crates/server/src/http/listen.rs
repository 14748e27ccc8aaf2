//! Connections: how many at once, how long their heads may take, and how they end.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::{Extension, Router};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tower::Layer;

use super::router::router;
use super::unparsable::Enveloped;
use crate::app::App;

/// How long to wait after a failed accept, as when the process has no file handles left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How often recorded durations are folded.
const FOLD_INTERVAL: Duration = Duration::from_secs(5);
/// Room for a request's head: the longest request line and headers of the usual size.
const HEAD_BYTES_MAX: usize = 192 * 1024;

/// Serves until `shutdown` is done, then stops accepting and lets running requests finish for
/// `server.shutdown_grace_s`. The error is the listener's.
pub async fn serve(
    listener: TcpListener,
    app: App,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let settings = &app.settings().server;
    let connections = Arc::new(Semaphore::new(settings.connections_max));
    let grace = Duration::from_secs(settings.shutdown_grace_s);
    let router = router(app.clone());
    let graceful = GracefulShutdown::new();
    let mut fold = tokio::time::interval(FOLD_INTERVAL);
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let next = async {
            let permit = Arc::clone(&connections).acquire_owned().await;
            (listener.accept().await, permit)
        };
        tokio::select! {
            () = &mut shutdown => break,
            _ = fold.tick() => app.metrics().fold(),
            (accepted, permit) = next => match accepted {
                Ok((stream, peer)) => {
                    let connection = connection(&app, stream, peer, &router, &graceful);
                    tokio::spawn(async move {
                        connection.await;
                        drop(permit);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    app.begin_stopping();
    tracing::info!(connections = graceful.count(), "stopping: running requests may finish");
    if tokio::time::timeout(grace, graceful.shutdown()).await.is_err() {
        tracing::warn!(
            grace_s = grace.as_secs(),
            "requests were cut off at the end of the grace period"
        );
    }
    Ok(())
}

fn connection(
    app: &App,
    stream: TcpStream,
    peer: SocketAddr,
    router: &Router,
    graceful: &GracefulShutdown,
) -> impl Future<Output = ()> + Send + 'static {
    // Small answers must not wait for more bytes to send.
    let _ = stream.set_nodelay(true);
    let service = Extension(ConnectInfo(peer)).layer(router.clone());
    let watcher = graceful.watcher();
    let head_timeout = Duration::from_secs(app.settings().server.head_timeout_s);
    let stream = TokioIo::new(Enveloped::new(stream, app.clone()));
    async move {
        let mut builder = Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(head_timeout)
            .max_buf_size(HEAD_BYTES_MAX);
        builder
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(head_timeout)
            .max_header_list_size(HEAD_BYTES_MAX as u32);
        let connection = builder.serve_connection(stream, TowerToHyperService::new(service));
        let watched = watcher.watch(connection.into_owned());
        if let Err(error) = watched.await {
            // Clients that go away are no failure of ours.
            tracing::debug!(%error, "a connection ended early");
        }
    }
}

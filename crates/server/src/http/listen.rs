//! Connections: their number in all and per address, their timeouts, and the shutdown.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::response::Response;
use axum::{Extension, Router};
use futures::FutureExt;
use futures::future::BoxFuture;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::{Layer, Service};

use super::activity::{Activity, IdleLimits};
use super::router::router;
use super::unparsable::EnvelopedStream;
use app::address;
use app::app::App;
use app::fair_slots::FairSlots;
use app::rate_limit::RateKey;
use app::settings::ListenSettings;

/// Pause after a failed accept, for instance when the process has no file handles left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Interval at which recorded durations are folded into the metrics.
const FOLD_INTERVAL: Duration = Duration::from_secs(5);
/// Buffer size for a request's head: the longest request line and headers of the usual size.
const HEAD_BYTES_MAX: usize = 192 * 1024;
/// Longest time that a connection may take to end after it was asked to.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Serves requests until `shutdown` completes. Then stops accepting and lets running requests
/// finish for `server.shutdown_grace_s`.
/// Returns an error if the listener fails.
pub async fn serve(
    listener: TcpListener,
    app: App,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let settings = &app.settings().server;
    let connections = Arc::new(Semaphore::new(settings.connections_max));
    let by_address = places_by_address(settings);
    let grace = Duration::from_secs(settings.shutdown_grace_s);
    let router = router(app.clone());
    let (running, stopping) = (TaskTracker::new(), CancellationToken::new());
    let mut fold = tokio::time::interval(FOLD_INTERVAL);
    let mut shutdown = pin!(shutdown);
    loop {
        let next = async {
            let permit = Arc::clone(&connections).acquire_owned().await;
            (listener.accept().await, permit)
        };
        tokio::select! {
            () = &mut shutdown => break,
            _ = fold.tick() => app.metrics().run_upkeep(),
            (accepted, permit) = next => match accepted {
                Ok((stream, peer)) => {
                    let holder = connection_key(settings, peer.ip());
                    let place = holder.map(|holder| by_address.take(holder));
                    if let Some(None) = place {
                        tracing::debug!(%peer, "a connection too many from this address");
                        app.metrics().count_refused_connection();
                        continue;
                    }
                    let connection = serve_connection(&app, stream, peer, &router, stopping.clone());
                    running.spawn(async move {
                        connection.await;
                        drop((place, permit));
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
    tracing::info!(connections = running.len(), "stopping: running requests may finish");
    stopping.cancel();
    running.close();
    if tokio::time::timeout(grace, running.wait()).await.is_err() {
        tracing::warn!(
            grace_s = grace.as_secs(),
            "requests were cut off at the end of the grace period"
        );
    }
    Ok(())
}

/// Returns the places for connections, with their limit per address.
fn places_by_address(settings: &ListenSettings) -> Arc<FairSlots<RateKey>> {
    let most = settings.connections_max;
    match settings.connections_per_address_max {
        0 => FairSlots::new(most),
        each => FairSlots::with_most_each(most, each),
    }
}

/// Returns the key that a connection is counted under; none for a trusted proxy, which carries the
/// connections of many clients.
fn connection_key(settings: &ListenSettings, peer: IpAddr) -> Option<RateKey> {
    let is_proxy = address::is_in_networks(&settings.trusted_proxies, peer);
    (!is_proxy).then(|| RateKey::for_address(peer))
}

/// Serves one connection until the client ends it, the server stops, or a timeout ends it because
/// the client sends no request or does not read its answers.
fn serve_connection(
    app: &App,
    stream: TcpStream,
    peer: SocketAddr,
    router: &Router,
    stopping: CancellationToken,
) -> impl Future<Output = ()> + Send + 'static {
    // Small answers must not wait for more bytes to send.
    let _ = stream.set_nodelay(true);
    let router = Extension(ConnectInfo(peer)).layer(router.clone());
    let settings = &app.settings().server;
    let head_timeout = Duration::from_secs(settings.head_timeout_s);
    let unread = Duration::from_secs(settings.answer_timeout_s);
    let mut patience = IdleLimits { idle: head_timeout, unread };
    let stream = TokioIo::new(EnvelopedStream::new(stream, app.clone()));
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
        let activity = Activity::begin();
        let service =
            TowerToHyperService::new(ActivityService { router, activity: activity.clone() });
        let mut connection = pin!(builder.serve_connection(stream, service));
        let mut is_ending = false;
        loop {
            tokio::select! {
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        // A client that goes away is not an error of the server.
                        tracing::debug!(%error, "a connection ended early");
                    }
                    return;
                }
                () = stopping.cancelled(), if !is_ending => {}
                () = activity.idle_too_long(patience) => {
                    if is_ending || activity.is_sending() {
                        tracing::debug!(%peer, "a connection was cut off: its client does nothing");
                        return;
                    }
                    // A request that is already on its way is still answered.
                    patience.idle = CLOSE_TIMEOUT;
                    activity.restart_idle_time();
                }
            }
            is_ending = true;
            connection.as_mut().graceful_shutdown();
        }
    }
}

/// A service that records its requests and answers in the activity of the connection.
#[derive(Clone)]
struct ActivityService<S> {
    router: S,
    activity: Activity,
}

impl<R, S> Service<R> for ActivityService<S>
where
    S: Service<R, Response = Response, Future: Send + 'static>,
{
    type Response = Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Response, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.router.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let (activity, working) = (self.activity.clone(), self.activity.begin_request());
        let answered = self.router.call(request);
        async move {
            let answer = answered.await?.map(|body| activity.track_answer(body));
            drop(working);
            Ok(answer)
        }
        .boxed()
    }
}

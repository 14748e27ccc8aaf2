//! A server for tests, and its answers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use http_body_util::BodyExt;
use mirror::{Mirror, MirrorOptions, MirrorRole, PlanEngine, PlanEngineOptions};
use model::clock::FixedClock;
use model::id::ProviderId;
use model::permission::{Permission, Permissions};
use model::provider::Provider;
use model::time::Instant;
use serde_json::Value;
use store::Store;
use store::sqlite::{SqliteOptions, SqliteStore};
use store::token::TokenGrant;
use tempfile::TempDir;
use tower::ServiceExt;

use app::jobs::{FilesFolder, UnmarkedFolder};
use app::rate_limit::Ticks;
use app::settings::{JwtKeySettings, Secret};
use app::tokens;
use app::{App, AppParts, BuildInfo, ServerSettings};

/// The server's current time.
pub(super) const NOW_S: i64 = 1_790_000_000;

/// A server with providers 1 and 2, each with one customer named after it.
pub(super) struct Site {
    pub(super) app: App,
    pub(super) router: Router,
    pub(super) ticks: ManualTicks,
    pub(super) store: Arc<dyn Store>,
    folder: TempDir,
}

/// The rate limiter's time source, which tests advance by hand.
#[derive(Clone, Default)]
pub(super) struct ManualTicks(Arc<AtomicU64>);

impl ManualTicks {
    pub(super) fn advance_ms(&self, ms: u64) {
        self.0.fetch_add(ms, Ordering::Relaxed);
    }
}

impl Ticks for ManualTicks {
    fn now_ms(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// One answer, read completely.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Reply {
    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {:?}", self.text()))
    }

    /// Returns status and error code; `-` if there is no code.
    pub(super) fn outcome(&self) -> String {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        format!("{} {}", self.status.as_u16(), body["code"].as_str().unwrap_or("-"))
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// Returns a grant with every permission for provider 1.
pub(super) fn full_grant() -> TokenGrant {
    TokenGrant {
        name: None,
        email: None,
        providers: vec![ProviderId(1)],
        permissions: [Permission::SuperAdmin, Permission::Import].into_iter().collect(),
        read_only: false,
        customer_id: None,
        expires_at: None,
    }
}

impl Site {
    pub(super) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(super) fn with(set: impl FnOnce(&mut ServerSettings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let store = SqliteStore::open(&path.join("store.db"), SqliteOptions::default()).unwrap();
        let store: Arc<dyn Store> = Arc::new(store);
        for id in [1, 2] {
            store.create_provider(&Provider::new(ProviderId(id), format!("P{id}"))).unwrap();
        }
        let engine = PlanEngineOptions::new(1, 64 << 20, path.join("spill"));
        std::fs::create_dir_all(path.join("spill")).unwrap();
        let engine = Arc::new(PlanEngine::start(&engine).unwrap());
        let options = MirrorOptions::new(MirrorRole::Writer);
        let mirror =
            Mirror::open(&path.join("mirror"), Arc::<dyn Store>::clone(&store), engine, options);
        let mut settings = ServerSettings::default();
        settings.auth.jwt_keys = vec![hs256_settings()];
        set(&mut settings);
        let files =
            FilesFolder::open(&path.join("files"), &*store, UnmarkedFolder::Replaced).unwrap();
        let parts = AppParts {
            store: Arc::clone(&store),
            mirror: Arc::new(mirror.unwrap()),
            clock: Arc::new(FixedClock(Instant::from_seconds(NOW_S).unwrap())),
            settings,
            data_dir: path.to_owned(),
            temp_dir: path.to_owned(),
            build: BuildInfo { version: "1.2.3", commit: "abc", profile: "debug" },
            files,
        };
        let ticks = ManualTicks::default();
        let app = App::with_ticks(parts, Box::new(ticks.clone())).unwrap();
        let router = crate::router(app.clone());
        Self { app, router, ticks, store, folder }
    }

    /// Like [`Site::new`], with customer 7 at provider 1 and customer 8 at provider 2.
    pub(super) async fn with_customers() -> Self {
        let site = Self::new();
        for (provider, id) in [(1, 7), (2, 8)] {
            let token =
                site.token(TokenGrant { providers: vec![ProviderId(provider)], ..full_grant() });
            let row = format!(
                "{{\"id\":{id},\"name\":\"C{id}\",\"created_at\":\"2026-01-05T10:00:00Z\"}}\n"
            );
            let reply = site.import(&token, "customers", &row).await;
            assert_eq!(reply.status, 200, "{}", reply.text());
        }
        site
    }

    /// Creates a token and returns its text.
    pub(super) fn token(&self, grant: TokenGrant) -> String {
        let token = tokens::new_token();
        let now = Instant::from_seconds(NOW_S).unwrap();
        self.store.create_token(&token.hash, &token.prefix, &grant, now).unwrap();
        token.text
    }

    /// Creates a token for provider 1 with only these permissions.
    pub(super) fn token_with(&self, permissions: &[Permission]) -> String {
        let permissions: Permissions = permissions.iter().copied().collect();
        self.token(TokenGrant { permissions, ..full_grant() })
    }

    /// Sends a request from 192.0.2.1.
    pub(super) async fn send(&self, request: Request<Body>) -> Reply {
        self.send_from("192.0.2.1:1", request).await
    }

    pub(super) async fn send_from(&self, peer: &str, mut request: Request<Body>) -> Reply {
        let peer: SocketAddr = peer.parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(peer));
        // HTTP clients always send `Host`; tests that leave it out build the request themselves.
        let host = HeaderValue::from_static("rollbook.example");
        request.headers_mut().entry(header::HOST).or_insert(host);
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Reply { status: parts.status, headers: parts.headers, body }
    }

    /// Sends a GET with these headers.
    pub(super) async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Reply {
        self.send(request("GET", path, headers, Body::empty())).await
    }

    /// Sends a GET with a bearer token.
    pub(super) async fn get_as(&self, token: &str, path: &str) -> Reply {
        self.get(path, &[("authorization", &format!("Bearer {token}"))]).await
    }

    /// Imports rows of NDJSON into one table.
    pub(super) async fn import(&self, token: &str, table: &str, rows: &str) -> Reply {
        let authorization = format!("Bearer {token}");
        let headers =
            [("authorization", authorization.as_str()), ("content-type", "application/x-ndjson")];
        let path = format!("/api/v1/import/{table}");
        self.send(request("POST", &path, &headers, rows.to_owned())).await
    }

    /// Returns the names of the files that are left in the folder for bodies.
    pub(super) fn spooled_files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with("body-")).collect()
    }
}

/// Returns a request.
pub(super) fn request(
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body.into()).unwrap()
}

/// The key that the servers of these tests believe.
pub(crate) fn hs256_settings() -> JwtKeySettings {
    JwtKeySettings {
        kid: testkit::jwt::HS256_KID.to_owned(),
        alg: "HS256".to_owned(),
        pem: None,
        pem_file: None,
        secret: Some(Secret(testkit::jwt::hs256_secret())),
        issuer: None,
        audience: None,
    }
}

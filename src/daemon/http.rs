//! `/metrics` for Prometheus, `/healthz` for whoever restarts the daemon or raises an alarm.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::metrics::{self, View};
use crate::archive::health;
use crate::domain::clock::Clock;

/// The server. It ends when it is dropped.
pub struct Http {
    shared: Arc<Shared>,
    served: JoinHandle<()>,
}

struct Shared {
    clock: Arc<dyn Clock>,
    /// `None` until the catalog is open.
    view: RwLock<Option<View>>,
}

impl Http {
    /// Listens at `address`. Until there is something to [show](Self::show), `/healthz` is red.
    pub async fn listen(address: SocketAddr, clock: Arc<dyn Clock>) -> io::Result<Self> {
        let shared = Arc::new(Shared { clock, view: RwLock::default() });
        let router = Router::new()
            .route("/metrics", get(show_metrics))
            .route("/healthz", get(show_health))
            .with_state(Arc::clone(&shared));
        let listener = TcpListener::bind(address).await?;
        tracing::info!("/metrics and /healthz are served at http://{}", listener.local_addr()?);
        let served = tokio::spawn(async {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "/metrics and /healthz are not served any more: {error}");
            }
        });
        Ok(Self { shared, served })
    }

    /// Shows this from here on.
    pub fn show(&self, view: View) {
        *self.shared.view.write().unwrap_or_else(PoisonError::into_inner) = Some(view);
    }
}

impl Drop for Http {
    fn drop(&mut self) {
        self.served.abort();
    }
}

impl Shared {
    fn view(&self) -> Option<View> {
        self.view.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What is wrong, a line each; empty if the daemon is healthy.
    async fn complaints(&self) -> Vec<String> {
        let Some(view) = self.view() else { return vec!["the catalog is not open".to_owned()] };
        if let Err(moved) = view.catalog.check_in_place() {
            return vec![moved.to_string()];
        }
        match health::stale(&view.catalog, &view.settings, view.share, self.clock.now()).await {
            Ok(stale) => stale.iter().map(ToString::to_string).collect(),
            Err(error) => vec![error.to_string()],
        }
    }
}

async fn show_health(State(shared): State<Arc<Shared>>) -> Response {
    let complaints = shared.complaints().await;
    if complaints.is_empty() {
        return (StatusCode::OK, "ok\n").into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, format!("{}\n", complaints.join("\n"))).into_response()
}

async fn show_metrics(State(shared): State<Arc<Shared>>) -> Response {
    let unavailable = |why: String| (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")).into_response();
    let Some(view) = shared.view() else { return unavailable("the catalog is not open".to_owned()) };
    let is_healthy = shared.complaints().await.is_empty();
    match metrics::text(&view, is_healthy, shared.clock.now()).await {
        Ok(text) => ([(CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response(),
        Err(error) => unavailable(error.to_string()),
    }
}

//! `[http]`: where the daemon can be watched.

use std::net::{Ipv4Addr, SocketAddr};

use serde::Deserialize;

use super::error::Problem;

/// The section `[http]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    /// Where `/metrics` and `/healthz` are served: an address and a port, or a port alone, which is on loopback. Not
    /// served unless set.
    pub listen: Option<String>,
}

impl Http {
    /// Where to listen, if anywhere.
    ///
    /// # Panics
    ///
    /// If the section was put together by hand and would not pass [`Config::validate`](super::Config::validate).
    #[must_use]
    pub fn listen(&self) -> Option<SocketAddr> {
        self.try_listen().expect("the section was validated when it was loaded")
    }

    fn try_listen(&self) -> Result<Option<SocketAddr>, Problem> {
        let Some(listen) = &self.listen else { return Ok(None) };
        // What counts an organisation's meetings is nobody else's business unless the operator says so.
        let loopback =
            listen.strip_prefix(':').unwrap_or(listen).parse().map(|port| (Ipv4Addr::LOCALHOST, port).into());
        let address = loopback.or_else(|_| listen.parse::<SocketAddr>());
        address.map(Some).map_err(|_| {
            let wanted = "write \"127.0.0.1:9464\", \"[::1]:9464\", or \"9464\" for a port on loopback";
            Problem::new("http.listen", format!("{listen:?} is not an address with a port; {wanted}"))
        })
    }

    pub(super) fn validate(&self) -> Result<(), Problem> {
        self.try_listen().map(drop)
    }
}

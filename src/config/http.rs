//! `[http]`: where the daemon serves its state.

use std::net::{Ipv4Addr, SocketAddr};

use serde::{Deserialize, Deserializer, de};

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Http {
    /// Where the report, `/metrics` and `/healthz` are served: an address and a port, or a port alone, which is on
    /// loopback. Not served unless set.
    #[serde(deserialize_with = "address")]
    pub listen: Option<SocketAddr>,
}

fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SocketAddr>, D::Error> {
    let text = String::deserialize(deserializer)?;
    // Who may count an organisation's meetings is for the operator to say: a port alone is not open to others.
    let loopback = text.strip_prefix(':').unwrap_or(&text).parse().map(|port| (Ipv4Addr::LOCALHOST, port).into());
    loopback.or_else(|_| text.parse()).map(Some).map_err(|_| {
        let wanted = "write \"127.0.0.1:9464\", \"[::1]:9464\", or \"9464\" for a port on loopback";
        de::Error::custom(format!("{text:?} is not an address with a port; {wanted}"))
    })
}

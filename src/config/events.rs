//! `[events]`: what DingTalk pushes.

use serde::Deserialize;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Events {
    /// Whether a Stream-mode connection is held, over which DingTalk pushes events.
    pub stream: bool,
}

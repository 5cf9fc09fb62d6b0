//! The pages that are called, each by its own last word.

use std::fmt;

/// A page of DingTalk's. All but [`Endpoint::AccessToken`] are metered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// `POST /v1.0/oauth2/accessToken` or `/v1.0/oauth2/{corpId}/token`: free, and never brought to the gate.
    AccessToken,
    /// `POST /v1.0/conference/videoConferences/query`
    Query,
    /// `GET /v1.0/conference/videoConferences/{conferenceId}`
    Conference,
    /// `GET …/{conferenceId}/cloudRecords/getVideos`
    Videos,
    /// `POST …/{conferenceId}/cloudRecords/start`
    RecordStart,
    /// `POST …/{conferenceId}/cloudRecords/stop`
    RecordStop,
    /// `GET /v1.0/conference/orgConferences`
    OrgConferences,
    /// `GET /v1.0/conference/users/lists`
    UserConferences,
}

impl Endpoint {
    /// The word the catalog's ledger uses: the page's own last word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccessToken => "accessToken",
            Self::Query => "query",
            Self::Conference => "get",
            Self::Videos => "getVideos",
            Self::RecordStart => "start",
            Self::RecordStop => "stop",
            Self::OrgConferences => "orgConferences",
            Self::UserConferences => "users/lists",
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

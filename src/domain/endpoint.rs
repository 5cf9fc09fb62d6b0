//! The pages of DingTalk that are called, each by the last word of its address.

use std::fmt;

/// A page of DingTalk's. All but [`Endpoint::AccessToken`] are metered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Endpoint {
    /// `POST /v1.0/oauth2/accessToken` or `/v1.0/oauth2/{corpId}/token`: free.
    AccessToken,
    /// `POST /v1.0/conference/videoConferences/query`
    Query,
    /// `GET /v1.0/conference/videoConferences/{conferenceId}`
    Conference,
    /// `GET …/{conferenceId}/cloudRecords/getVideos`
    Videos,
    /// `GET …/{conferenceId}/cloudRecords/videos/getPlayInfos`
    PlayInfos,
    /// `POST …/{conferenceId}/cloudRecords/start`
    RecordStart,
    /// `POST …/{conferenceId}/cloudRecords/stop`
    RecordStop,
    /// `GET /v1.0/conference/orgConferences`
    OrgConferences,
    /// `GET /v1.0/conference/users/lists`
    UserConferences,
    /// `POST /v1.0/gateway/connections/open`: whether it is metered stands nowhere, so it is counted.
    StreamOpen,
}

impl Endpoint {
    /// Every page.
    pub const ALL: [Self; 10] = [
        Self::AccessToken,
        Self::Query,
        Self::Conference,
        Self::Videos,
        Self::PlayInfos,
        Self::RecordStart,
        Self::RecordStop,
        Self::OrgConferences,
        Self::UserConferences,
        Self::StreamOpen,
    ];

    /// Its name in the catalog.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccessToken => "accessToken",
            Self::Query => "query",
            Self::Conference => "get",
            Self::Videos => "getVideos",
            Self::PlayInfos => "getPlayInfos",
            Self::RecordStart => "start",
            Self::RecordStop => "stop",
            Self::OrgConferences => "orgConferences",
            Self::UserConferences => "users/lists",
            Self::StreamOpen => "connections/open",
        }
    }

    /// The endpoint of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|endpoint| endpoint.as_str() == name)
    }

    /// Whether a call of it names conferences.
    pub const fn is_about_conferences(self) -> bool {
        !matches!(self, Self::AccessToken | Self::OrgConferences | Self::UserConferences | Self::StreamOpen)
    }

    /// Whether it may spend what is kept of the month's calls ([`crate::domain::forecast::looking_reserve`]): it finds
    /// meetings, or starts a recording, which cannot be done later. The others read what was found.
    pub const fn may_spend_reserve(self) -> bool {
        matches!(
            self,
            Self::Query | Self::OrgConferences | Self::UserConferences | Self::StreamOpen | Self::RecordStart
        )
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

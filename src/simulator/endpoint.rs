//! The doors of DingTalk that are simulated: method, path, and whether a call costs.

/// One API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Endpoint {
    /// The token of an internal app.
    AccessToken,
    /// The token of a third-party app.
    CorpToken,
    /// The batch query of meetings in progress.
    Query,
    /// Conference info.
    ConferenceInfo,
    /// A meeting's videos.
    GetVideos,
    /// Where one video can be watched.
    GetPlayInfos,
    /// Starts the cloud recording.
    StartRecord,
    /// Stops the cloud recording.
    StopRecord,
    /// The organisation's meetings in progress.
    OrgConferences,
    /// One user's meetings in progress.
    UsersLists,
    /// The meetings of a room code, those that are over too.
    RoomCodeInfos,
    /// The last meeting of a booking.
    ScheduledConferences,
    /// What is planned for a booking.
    ScheduleInfos,
    /// The organisation's meetings that are over.
    Histories,
    /// Where to open a connection for events, and the ticket to it.
    OpenConnection,
}

impl Endpoint {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::AccessToken,
        Self::CorpToken,
        Self::Query,
        Self::ConferenceInfo,
        Self::GetVideos,
        Self::GetPlayInfos,
        Self::StartRecord,
        Self::StopRecord,
        Self::OrgConferences,
        Self::UsersLists,
        Self::RoomCodeInfos,
        Self::ScheduledConferences,
        Self::ScheduleInfos,
        Self::Histories,
        Self::OpenConnection,
    ];

    /// `GET` or `POST`.
    #[must_use]
    pub fn method(self) -> &'static str {
        match self {
            Self::AccessToken
            | Self::CorpToken
            | Self::Query
            | Self::StartRecord
            | Self::StopRecord
            | Self::OpenConnection => "POST",
            Self::ConferenceInfo
            | Self::GetVideos
            | Self::GetPlayInfos
            | Self::OrgConferences
            | Self::UsersLists
            | Self::RoomCodeInfos
            | Self::ScheduledConferences
            | Self::ScheduleInfos
            | Self::Histories => "GET",
        }
    }

    /// Its path, the variable part in braces.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::AccessToken => "/v1.0/oauth2/accessToken",
            Self::CorpToken => "/v1.0/oauth2/{corpId}/token",
            Self::Query => "/v1.0/conference/videoConferences/query",
            Self::ConferenceInfo => "/v1.0/conference/videoConferences/{conferenceId}",
            Self::GetVideos => "/v1.0/conference/videoConferences/{conferenceId}/cloudRecords/getVideos",
            Self::GetPlayInfos => "/v1.0/conference/videoConferences/{conferenceId}/cloudRecords/videos/getPlayInfos",
            Self::StartRecord => "/v1.0/conference/videoConferences/{conferenceId}/cloudRecords/start",
            Self::StopRecord => "/v1.0/conference/videoConferences/{conferenceId}/cloudRecords/stop",
            Self::OrgConferences => "/v1.0/conference/orgConferences",
            Self::UsersLists => "/v1.0/conference/users/lists",
            Self::RoomCodeInfos => "/v1.0/conference/roomCodes/{roomCode}/infos",
            Self::ScheduledConferences => {
                "/v1.0/conference/videoConferences/scheduleConferences/{scheduleConferenceId}"
            }
            Self::ScheduleInfos => "/v1.0/conference/scheduleConferences/{scheduleConferenceId}/infos",
            Self::Histories => "/v1.0/conference/videoConferences/histories/dataLists",
            Self::OpenConnection => "/v1.0/gateway/connections/open",
        }
    }

    /// Whether it hands out a token: those calls need none, and are free.
    #[must_use]
    pub fn is_token(self) -> bool {
        matches!(self, Self::AccessToken | Self::CorpToken)
    }
}

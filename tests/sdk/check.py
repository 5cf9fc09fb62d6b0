"""Holds the simulator against DingTalk's official SDK: what it cannot read, the simulator says wrongly.

    recording-archiver simulate --listen 127.0.0.1:8480 --meetings 200 --seed 1 --speed 60 &
    pip install -r tests/sdk/requirements.txt
    python tests/sdk/check.py 127.0.0.1:8480 dingxxxsimulated simulated-app-secret

Prints a line a page. Exits 1 if any page fails.
"""

import sys
import time

from alibabacloud_dingtalk.conference_1_0 import models as conference
from alibabacloud_dingtalk.conference_1_0.client import Client as ConferenceClient
from alibabacloud_dingtalk.oauth2_1_0 import models as oauth2
from alibabacloud_dingtalk.oauth2_1_0.client import Client as OAuth2Client
from alibabacloud_tea_openapi.models import Config
from alibabacloud_tea_util.models import RuntimeOptions
from Tea.exceptions import TeaException

# At sixty times people's speed the longest meeting lasts two minutes, and its recording is listed seconds later.
PATIENCE_SECONDS = 180


class Far:
    """DingTalk, as the SDK sees it."""

    def __init__(self, endpoint, app_key, app_secret):
        config = Config(protocol="http", region_id="central", endpoint=endpoint)
        self.oauth2 = OAuth2Client(config)
        self.conference = ConferenceClient(config)
        self.app_key, self.app_secret = app_key, app_secret
        self.token = None
        self.recorded = None
        self.video = None

    def fetch_token(self, app_secret=None):
        request = oauth2.GetAccessTokenRequest(app_key=self.app_key, app_secret=app_secret or self.app_secret)
        body = self.oauth2.get_access_token(request).body
        self.token = body.access_token
        return body

    def call(self, api, headers, *arguments):
        """Calls an API by the SDK's names of it and of its headers."""
        headers = headers(x_acs_dingtalk_access_token=self.token)
        return getattr(self.conference, api + "_with_options")(*arguments, headers, RuntimeOptions()).body

    def ongoing(self, **parameters):
        request = conference.QueryOrgConferenceListRequest(**parameters)
        return self.call("query_org_conference_list", conference.QueryOrgConferenceListHeaders, request)

    def info(self, conference_id):
        return self.call("query_conference_info", conference.QueryConferenceInfoHeaders, conference_id).conf_info

    def videos(self, conference_id, union_id):
        request = conference.QueryCloudRecordVideoRequest(union_id=union_id)
        headers = conference.QueryCloudRecordVideoHeaders
        return self.call("query_cloud_record_video", headers, conference_id, request).video_list

    def play_info(self, conference_id, union_id, video, **parameters):
        parameters = {"media_id": video.media_id, "region_id": video.region_id, **parameters}
        request = conference.QueryCloudRecordVideoPlayInfoRequest(union_id=union_id, **parameters)
        headers = conference.QueryCloudRecordVideoPlayInfoHeaders
        return self.call("query_cloud_record_video_play_info", headers, conference_id, request)

    def start(self, conference_id, union_id, **parameters):
        request = conference.StartCloudRecordRequest(union_id=union_id, **parameters)
        return self.call("start_cloud_record", conference.StartCloudRecordHeaders, conference_id, request)

    def stop(self, conference_id, union_id):
        request = conference.StopCloudRecordRequest(union_id=union_id)
        return self.call("stop_cloud_record", conference.StopCloudRecordHeaders, conference_id, request)


def has(thing, **kinds):
    """Asserts that every named field of `thing` came, and is of its kind."""
    for name, kind in kinds.items():
        value = getattr(thing, name)
        assert isinstance(value, kind), f"{name} is {value!r}, not {kind.__name__}"


def refused(code, call, *arguments, **parameters):
    """Asserts that a call ends in the SDK's exception with that code."""
    try:
        call(*arguments, **parameters)
    except TeaException as error:
        assert error.code == code, f"{error.code!r} instead of {code!r}"
        return
    raise AssertionError(f"no {code}")


def wait_for(find):
    """What `find` finds, once it finds something."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        found = find()
        if found is not None:
            return found
        time.sleep(0.5)
    raise AssertionError(f"nothing found in {PATIENCE_SECONDS} s")


def some_meeting(far):
    """The meeting that began last: it has the longest to go."""
    meetings = every_meeting(far)
    return max(meetings, key=lambda meeting: meeting.start_time, default=None)


def every_meeting(far):
    meetings, token = [], None
    while True:
        page = far.ongoing(max_results=10, next_token=token)
        meetings += page.on_going_conf_list
        if not page.has_more:
            return meetings
        token = page.next_token
        assert token, "more pages, but no token to ask for them"


def check_token(far):
    refused("invalidClientIdOrSecret", far.fetch_token, app_secret="wrong")
    has(far.fetch_token(), access_token=str, expire_in=int)
    good, far.token = far.token, "expired"
    refused("InvalidAuthentication", far.ongoing)
    far.token = good


def check_org_conferences(far):
    meeting = wait_for(lambda: some_meeting(far))
    has(meeting, conference_id=str, title=str, room_code=str, biz_type=str, start_time=int)
    has(meeting, creator_id=str, creator_nick=str)
    assert meeting.status == 2
    has(far.ongoing(), has_more=bool, total_count=int, on_going_conf_list=list)


def check_users_lists(far):
    def listed():
        meeting = some_meeting(far)
        if meeting is None:
            return None
        request = conference.QueryUserOnGoingConferenceRequest(union_id=meeting.creator_id)
        headers = conference.QueryUserOnGoingConferenceHeaders
        body = far.call("query_user_on_going_conference", headers, request)
        return body if meeting.conference_id in body.on_going_conf_id_list else None

    body = wait_for(listed)
    for conference_id, member in body.member_model_map.items():
        assert member.conference_id == conference_id
        has(member, union_id=str, user_nick=str, join_time=int, attend_status=int, host=bool)


def check_query(far):
    headers = conference.QueryConferenceInfoBatchHeaders

    def queried():
        meeting = some_meeting(far)
        if meeting is None:
            return None
        request = conference.QueryConferenceInfoBatchRequest(conference_id_list=[meeting.conference_id])
        infos = far.call("query_conference_info_batch", headers, request).infos
        return infos[0] if infos else None

    info = wait_for(queried)
    has(info, conference_id=str, title=str, start_time=int, media_status=int, user_list=list)
    assert info.status == 2
    for user in info.user_list:
        has(user, user_id=str, nick=str, attend_status=int, camera_status=int, mic_status=int)
    empty = conference.QueryConferenceInfoBatchRequest(conference_id_list=[])
    refused("paramsError", far.call, "query_conference_info_batch", headers, empty)


def check_get(far):
    info = wait_for(lambda: (meeting := some_meeting(far)) and far.info(meeting.conference_id))
    has(info, conference_id=str, title=str, status=int, start_time=int, room_code=str, biz_type=str)
    has(info, creator_id=str, creator_nick=str, external_link_url=str, cloud_record_status=int)
    has(info, active_num=int, attend_num=int, invited_num=int, extension_app_settings=list)
    refused("roomNotFound", far.info, "000000000000000000000000")


def check_start_and_stop(far):
    def recorded():
        meeting = some_meeting(far)
        if meeting is None or far.info(meeting.conference_id).cloud_record_status == 1:
            return None
        conference_id, host = meeting.conference_id, meeting.creator_id
        refused("recordStartPermissionError", far.start, conference_id, "WFBkgxxxnobody")
        refused("paramsError", far.start, conference_id, host, mode="loud")
        started = far.start(conference_id, host, small_window_position="relative_right", mode="speech")
        assert started.code == "200"
        refused("recordStopPermissionError", far.stop, conference_id, "WFBkgxxxnobody")
        assert far.stop(conference_id, host).code == "200"
        return meeting

    meeting = wait_for(recorded)
    assert far.info(meeting.conference_id).cloud_record_status == 3
    far.recorded = meeting


def check_room_codes(far):
    def listed():
        meeting = some_meeting(far)
        if meeting is None:
            return None
        request = conference.QueryConferenceInfoByRoomCodeRequest(max_results=20)
        headers = conference.QueryConferenceInfoByRoomCodeHeaders
        return far.call("query_conference_info_by_room_code", headers, meeting.room_code, request).conference_list

    meeting = wait_for(listed)[0]
    has(meeting, conference_id=str, title=str, room_code=str, status=int, start_time=int)
    request = conference.QueryConferenceInfoByRoomCodeRequest()
    headers = conference.QueryConferenceInfoByRoomCodeHeaders
    refused("invalidRoomCode", far.call, "query_conference_info_by_room_code", headers, "nothing", request)


def check_bookings(far):
    def booked():
        booked = (far.info(meeting.conference_id) for meeting in every_meeting(far) if meeting.biz_type == "3")
        return next((info for info in booked if info.schedule_conference_id), None)

    info = wait_for(booked)
    headers = conference.QueryScheduleConferenceHeaders
    request = conference.QueryScheduleConferenceRequest(request_union_id=info.creator_id)
    plan = far.call("query_schedule_conference", headers, info.schedule_conference_id, request)
    has(plan, schedule_conference_id=str, title=str, start_time=int, end_time=int, url=str)
    assert plan.room_code == info.room_code
    headers = conference.QueryScheduleConferenceInfoHeaders
    request = conference.QueryScheduleConferenceInfoRequest(max_results=20)
    listed = far.call("query_schedule_conference_info", headers, info.schedule_conference_id, request)
    assert [meeting.conference_id for meeting in listed.conference_list] == [info.conference_id]
    refused("invalidScheduleConferenceId", far.call, "query_schedule_conference_info", headers, "nothing", request)


def check_histories(far):
    now = int(time.time() * 1000)
    request = conference.GetHistoryConfDataListRequest(start_time=now - 3_600_000, end_time=now, max_results=20)
    headers = conference.GetHistoryConfDataListHeaders
    code = "Forbidden.AccessDenied.AccessTokenPermissionDenied"
    refused(code, far.call, "get_history_conf_data_list", headers, request)


def check_get_videos(far):
    meeting = far.recorded
    assert meeting, "no recording was made to look for"

    def listed():
        try:
            return far.videos(meeting.conference_id, meeting.creator_id)
        except TeaException as error:
            assert error.code == "cloudRecordNotFound", error.code
            return None

    video = wait_for(listed)[0]
    has(video, record_id=str, media_id=str, union_id=str, region_id=str)
    has(video, start_time=int, end_time=int, duration=int, file_size=int, record_type=int)
    info = far.info(meeting.conference_id)
    has(info, end_time=int, conf_duration=int)
    assert info.status == 1
    refused("roomClosed", far.start, meeting.conference_id, meeting.creator_id)
    refused("roomClosed", far.stop, meeting.conference_id, meeting.creator_id)
    far.video = video


def check_get_play_infos(far):
    meeting, video = far.recorded, far.video
    assert video, "no video was listed to be played"
    info = far.play_info(meeting.conference_id, meeting.creator_id, video)
    has(info, play_url=str, mp_4file_url=str, status=int)
    assert (info.file_size, info.duration) == (video.file_size, video.duration)
    refused("cloudRecordNotFound", far.play_info, meeting.conference_id, meeting.creator_id, video, media_id="nothing")
    refused("paramsError", far.play_info, meeting.conference_id, meeting.creator_id, video, region_id="")


PAGES = {
    "accessToken": check_token,
    "orgConferences": check_org_conferences,
    "users/lists": check_users_lists,
    "videoConferences/query": check_query,
    "videoConferences/{conferenceId}": check_get,
    "roomCodes/{roomCode}/infos": check_room_codes,
    "scheduleConferences/{scheduleConferenceId}": check_bookings,
    "histories/dataLists": check_histories,
    "cloudRecords/start and stop": check_start_and_stop,
    "cloudRecords/getVideos": check_get_videos,
    "cloudRecords/videos/getPlayInfos": check_get_play_infos,
}


def main(endpoint, app_key, app_secret):
    far = Far(endpoint, app_key, app_secret)
    failed = False
    for page, check in PAGES.items():
        try:
            check(far)
            print(f"ok      {page}", flush=True)
        except Exception as error:  # Whatever the SDK trips over is a finding.
            failed = True
            print(f"FAILED  {page}: {type(error).__name__}: {error}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))

"""The loop that one writes first: DingTalk's official SDK, and SQLite.

    python sdk.py http://127.0.0.1:8099 catalog.db

It makes the calls that the archiver makes about conferences that are over, one after the other, and writes what they
bring into the same tables, eight conferences in one transaction that is as durable. It counts no call, keeps no
journal, waits for nothing, and gives up at the first error.
"""

import json
import sqlite3
import sys
import time

from alibabacloud_dingtalk.conference_1_0 import models as conference
from alibabacloud_dingtalk.conference_1_0.client import Client as ConferenceClient
from alibabacloud_dingtalk.oauth2_1_0 import models as oauth2
from alibabacloud_dingtalk.oauth2_1_0.client import Client as OAuth2Client
from alibabacloud_tea_openapi.models import Config
from alibabacloud_tea_util.models import RuntimeOptions

IDS_IN_BATCH = 50
IN_ONE_TRANSACTION = 8

UPDATE = """
    UPDATE conferences
    SET state = 'archived', title = ?2, room_code = ?3, schedule_conference_id = ?4, biz_type = ?5,
        creator_union_id = ?6, creator_nick = ?7, started_at = ?8, ended_at = ?9, duration_ms = ?10,
        record_status = ?11, record_owner_union_id = ?12, closed_at = ?13
    WHERE conference_id = ?1
"""
INSERT = """
    INSERT INTO recordings (conference_id, media_id, record_id, recorder_union_id, record_type, started_at, ended_at,
        duration_ms, file_size, region_id, raw, first_seen_at, last_changed_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?12)
"""


class DingTalk:
    def __init__(self, base_url):
        protocol, endpoint = base_url.split("://")
        config = Config(protocol=protocol, region_id="central", endpoint=endpoint)
        self.client = ConferenceClient(config)
        request = oauth2.GetAccessTokenRequest(app_key="dingbench", app_secret="secret")
        self.token = OAuth2Client(config).get_access_token(request).body.access_token
        self.runtime = RuntimeOptions()

    def in_progress(self, ids):
        headers = conference.QueryConferenceInfoBatchHeaders(x_acs_dingtalk_access_token=self.token)
        request = conference.QueryConferenceInfoBatchRequest(conference_id_list=ids)
        infos = self.client.query_conference_info_batch_with_options(request, headers, self.runtime).body.infos
        return {info.conference_id for info in infos}

    def info(self, conference_id):
        headers = conference.QueryConferenceInfoHeaders(x_acs_dingtalk_access_token=self.token)
        return self.client.query_conference_info_with_options(conference_id, headers, self.runtime).body.conf_info

    def videos(self, conference_id, union_id):
        headers = conference.QueryCloudRecordVideoHeaders(x_acs_dingtalk_access_token=self.token)
        request = conference.QueryCloudRecordVideoRequest(union_id=union_id)
        answer = self.client.query_cloud_record_video_with_options(conference_id, request, headers, self.runtime)
        return answer.body.video_list


def write(catalog, conference_id, info, videos):
    now = int(time.time() * 1000)
    catalog.execute(
        UPDATE,
        (
            conference_id,
            info.title,
            info.room_code,
            info.schedule_conference_id,
            info.biz_type,
            info.creator_id,
            info.creator_nick,
            info.start_time,
            info.end_time,
            info.conf_duration,
            info.cloud_record_status,
            info.cloud_record_owner_union_id,
            now,
        ),
    )
    for video in videos:
        catalog.execute(
            INSERT,
            (
                conference_id,
                video.media_id,
                video.record_id,
                video.union_id,
                video.record_type,
                video.start_time,
                video.end_time,
                video.duration,
                video.file_size,
                video.region_id,
                json.dumps(video.to_map()),
                now,
            ),
        )


def main(base_url, path):
    catalog = sqlite3.connect(path)
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        catalog.execute("PRAGMA " + pragma)
    waiting = catalog.execute("SELECT conference_id FROM conferences WHERE state = 'waiting' ORDER BY rowid")
    ids = [row[0] for row in waiting]
    dingtalk = DingTalk(base_url)
    unwritten = 0
    for first in range(0, len(ids), IDS_IN_BATCH):
        batch = ids[first : first + IDS_IN_BATCH]
        in_progress = dingtalk.in_progress(batch)
        for conference_id in batch:
            if conference_id in in_progress:
                continue
            info = dingtalk.info(conference_id)
            write(catalog, conference_id, info, dingtalk.videos(conference_id, info.cloud_record_owner_union_id))
            unwritten += 1
            if unwritten == IN_ONE_TRANSACTION:
                catalog.commit()
                unwritten = 0
    catalog.commit()
    catalog.close()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])

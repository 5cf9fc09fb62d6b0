"""Holds the simulator's Stream mode against DingTalk's official client: what it cannot use, the simulator does wrongly.

    recording-archiver simulate --listen 127.0.0.1:8480 --meetings 400 --seed 3 --speed 720 &
    pip install -r tests/sdk/requirements.txt
    python tests/sdk/stream.py 127.0.0.1:8480 dingxxxsimulated simulated-app-secret

Prints a line a finding. Exits 1 if any is missing.
"""

import asyncio
import os
import sys

# At this speed, a connection is told to leave after half a minute, and an event that was refused comes again in ten
# seconds.
PATIENCE_SECONDS = 120


class Listener:
    """What the client makes of the events, and what it has seen so far."""

    def __init__(self, client):
        self.open, client.open_connection = client.open_connection, self.open_counted
        self.opened = 0
        self.refused = None
        self.acknowledged = {}  # eventId: how many times it came
        self.kinds = set()
        self.came_again = False
        self.since_reconnected = 0

    def open_counted(self):
        connection = self.open()
        self.opened += 1 if connection else 0
        return connection

    async def process(self, event, ok, exception):
        headers, data = event.headers, event.data
        assert event.spec_version == "1.0" and headers.topic == "*", event
        for name in ("message_id", "event_id", "event_corp_id", "event_unified_app_id"):
            assert isinstance(getattr(headers, name), str), f"{name} of {event}"
        assert headers.event_born_time <= headers.time, event
        self.kinds.add(read(headers.event_type, data))
        # Not one from before the connection, whose first pushes nobody got.
        if self.refused is None and headers.time < headers.event_born_time + 5_000:
            self.refused = headers.event_id, headers.message_id
            return exception, "not now"
        if self.refused and headers.event_id == self.refused[0]:
            assert headers.message_id != self.refused[1], "one messageId for two pushes"
            self.came_again = True
        self.acknowledged[headers.event_id] = self.acknowledged.get(headers.event_id, 0) + 1
        self.since_reconnected += 1 if self.opened > 1 else 0
        return ok, "OK"

    def findings(self):
        """What must come true, and whether it has."""
        scenes = ("conference_created", "conference_closed", "video_generated")
        found = {f"{scene} is read": scene in self.kinds for scene in scenes}
        found["an event that was refused comes again"] = self.came_again
        found["a client that was told to leave comes back, and events with it"] = self.since_reconnected >= 10
        return found


def read(event_type, data):
    """What an event says, whose fields have all come and are of their kinds."""
    model = data["openConfModel"]
    assert isinstance(model["conferenceId"], str), data
    if event_type == "flash_minutes_open_event":
        assert data["bizType"] == "cloud_record", data
        return data["minutesEventType"]
    assert event_type == "meeting_status_change", event_type
    for key in ("title", "creatorId", "creatorNick", "bizType"):
        assert isinstance(model[key], str), f"{key} of {data}"
    for key in ("startTime", "confDuration", "status", "activeNum", "attendNum", "invitedNum"):
        assert isinstance(model[key], int), f"{key} of {data}"
    assert data["statusSeqNum"] == (1 if data["changeScene"] == "conference_created" else 2), data
    return data["changeScene"]


async def main(endpoint, app_key, app_secret):
    # The client reads its address where it is imported.
    os.environ["DINGTALK_OPENAPI_ENDPOINT"] = f"http://{endpoint}"
    os.environ["no_proxy"] = "127.0.0.1"
    import dingtalk_stream
    from dingtalk_stream import AckMessage

    client = dingtalk_stream.DingTalkStreamClient(dingtalk_stream.Credential(app_key, app_secret))
    listener, failures = Listener(client), []

    class Handler(dingtalk_stream.EventHandler):
        async def process(self, event):
            try:
                return await listener.process(event, AckMessage.STATUS_OK, AckMessage.STATUS_SYSTEM_EXCEPTION)
            except Exception as error:  # Whatever the client trips over is a finding.
                failures.append(f"{type(error).__name__}: {error}")
                raise

    client.register_all_event_handler(Handler())
    running = asyncio.create_task(client.start())
    for _ in range(PATIENCE_SECONDS * 10):
        if failures or all(listener.findings().values()):
            break
        await asyncio.sleep(0.1)
    # The client takes being cancelled for a broken connection; when this is left, it is cancelled again.
    running.cancel()
    await asyncio.sleep(0.1)

    found = listener.findings()
    found["an event that was acknowledged does not come again"] = set(listener.acknowledged.values()) == {1}
    for what, is_so in found.items():
        print(f"{'ok    ' if is_so else 'FAILED'}  {what}", flush=True)
    for failure in failures:
        print(f"FAILED  {failure}", flush=True)
    return 0 if all(found.values()) and not failures else 1


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    sys.exit(asyncio.run(main(*sys.argv[1:])))

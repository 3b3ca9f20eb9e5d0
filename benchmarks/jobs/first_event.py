"""CPU from the start of the process to the first event stored."""

from __future__ import annotations

from benchmarks.job import Job, Must, Program

EVENT = "event = {'event_type': 'tool', 'inputs': {'q': 'hi'}, 'outputs': {'a': 'ho'}}\n"
URL = "import sys\nurl = sys.argv[1]\n"
SDK = (
    URL
    + EVENT
    + """
from honeyhive import HoneyHive
from honeyhive.models import PostEventRequest
client = HoneyHive(api_key='hh_bench', base_url=url)
VERIFY
assert client.events.create(PostEventRequest(event=event)).success
"""
)
HTTPX = (
    URL
    + EVENT
    + """
import httpx, orjson
headers = {'Authorization': 'Bearer hh_bench', 'Content-Type': 'application/json'}
with httpx.Client(base_url=url, headers=headers, timeout=10) as client:
    answer = client.post('/v1/events', content=orjson.dumps(event))
    answer.raise_for_status()
    assert orjson.loads(answer.content)['success']
"""
)
HTTP_CLIENT = (
    URL
    + EVENT
    + """
import http.client, orjson
headers = {'Authorization': 'Bearer hh_bench', 'Content-Type': 'application/json'}
connection = http.client.HTTPConnection(url.removeprefix('http://'))
connection.request('POST', '/v1/events', orjson.dumps(event), headers)
assert orjson.loads(connection.getresponse().read())['success']
"""
)
OURS_SOURCE = (
    URL
    + EVENT
    + """
from honeyhive_ext import HoneyHive
with HoneyHive(api_key='hh_bench', base_url=url) as hh:
    assert hh.events.create(event).success
"""
)
OURS = "honeyhive_ext"

JOB = Job(
    name="first-event",
    title="process start to first event stored",
    step=0,
    rows=(
        Program("official SDK", SDK.replace("VERIFY", ""), env="sdk"),
        Program(
            "official SDK, verify=False",
            SDK.replace("VERIFY", "client._api_config.verify = False"),
            env="sdk",
        ),
        Program("httpx + orjson", HTTPX),
        Program("http.client + orjson", HTTP_CLIENT),
        Program(OURS, OURS_SOURCE),
    ),
    musts=(Must(OURS, "httpx + orjson", 1.0, then=0.6, says="from process start to the first event stored"),),
)

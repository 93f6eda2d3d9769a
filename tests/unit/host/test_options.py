"""What the host takes from host.json."""

import json
from pathlib import Path

import pytest

from host.options import HostError, HostOptions, QueueOptions, read_host_json


def test_a_missing_file_means_the_defaults(tmp_path: Path) -> None:
    assert read_host_json(tmp_path / "host.json") == HostOptions()


def test_the_queue_settings_and_the_time_limit_are_those_of_host_json(tmp_path: Path) -> None:
    path = tmp_path / "host.json"
    queues = {"batchSize": 4, "maxDequeueCount": 3, "visibilityTimeout": "00:00:10"}
    path.write_text(json.dumps({"extensions": {"queues": queues}, "functionTimeout": "01:00:30"}))
    assert read_host_json(path, only="triggers") == HostOptions(
        only="triggers",
        queues=QueueOptions(batch_size=4, max_dequeue_count=3, retry_delays=(1.0, 4.0, 10.0, 10.0)),
        function_timeout=3630.0,
    )


def test_minus_one_is_no_time_limit(tmp_path: Path) -> None:
    path = tmp_path / "host.json"
    path.write_text('{"functionTimeout": "-1"}')
    assert read_host_json(path).function_timeout is None


@pytest.mark.parametrize("text", ["{", "[]", '{"functionTimeout": "soon"}'])
def test_a_host_json_that_cannot_be_read_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "host.json"
    path.write_text(text)
    with pytest.raises(HostError, match=r"host\.json cannot be read"):
        read_host_json(path)

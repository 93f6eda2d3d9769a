"""Central logs: what becomes of the lines of a real host, in a configuration that Fluent Bit can read."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.monitoring.fluent_bit import KUBERNETES, Config, Record, config_of, joined, sent
from tests.real_host import RealHost
from tests.servers.prometheus import MONITORING

_OVERLAYS = ("elasticsearch", "azure-monitor")
_FILE = f"/var/log/containers/rag-api-5d4f9-x2x7k_rag_rag-{'0' * 64}.log"
_VALIDATOR = MONITORING.parents[1] / ".cache/infra/bin/kubernetes-validate"

# Of Fluent Bit's manual, 5.0: the properties of each plugin, of every input and output, and of the service.
_INPUT = "name tag storage.type mem_buf_limit"
_OUTPUT = "name match retry_limit storage.total_limit_size host port tls tls.verify workers"
_KNOWN = {
    "service": "flush grace log_level http_server http_listen http_port health_check storage.path"
    " storage.sync storage.max_chunks_up storage.backlog.mem_limit scheduler.base scheduler.cap",
    "tail": f"{_INPUT} path multiline.parser db read_from_head refresh_interval rotate_wait buffer_max_size"
    " skip_long_lines",
    "kubernetes": "name match use_tag_for_meta merge_log merge_log_key keep_log labels annotations",
    "record_modifier": "name match remove_key record allowlist_key",
    "grep": "name match logical_op exclude regex",
    "rewrite_tag": "name match rule emitter_name emitter_storage.type emitter_mem_buf_limit",
    "es": f"{_OUTPUT} logstash_prefix logstash_format http_user http_passwd time_key_nanos generate_id"
    " suppress_type_name compress trace_error",
    "azure_logs_ingestion": f"{_OUTPUT} table_name tenant_id client_id client_secret dce_url dcr_id time_key"
    " time_generated compress",
}


def unknown(config: Config) -> Iterator[str]:
    """Properties that Fluent Bit would refuse to start with."""
    sections = [("service", config["service"])]
    sections += [(each["name"], each) for part in config["pipeline"].values() for each in part]
    for name, section in sections:
        yield from (f"{name}: {key}" for key in section.keys() - set(_KNOWN[name].split()))


@pytest.fixture(params=_OVERLAYS)
def config(request: pytest.FixtureRequest) -> Config:
    return config_of(request.param)


def test_every_property_is_one_of_fluent_bits(config: Config) -> None:
    assert list(unknown(config)) == []


def test_a_planted_property_that_there_is_not_is_found(config: Config) -> None:
    config["pipeline"]["inputs"][0]["path_exclude"] = "*.gz"
    config["service"]["storage.dir"] = "/tmp"
    assert list(unknown(config)) == ["service: storage.dir", "tail: path_exclude"]


@pytest.fixture(scope="module")
def lines(host: RealHost) -> list[str]:
    """What a host says, as a container runtime writes it down; its longest line in two pieces."""
    host.client.get("/api/health/ready")
    host.client.get("/api/metrics")
    host.client.get("/api/documents/00000000-0000-0000-0000-000000000000")
    said = [line for line in host.text().splitlines() if line]
    assert said
    crash = {"event": "request_failed", "level": "ERROR", "exception": "Traceback …\n  line\nValueError: no"}
    return [
        piece
        for line in [
            *said,
            json.dumps(crash),
            "Fatal Python error: Segmentation fault",
            json.dumps({"x": "y" * 20_000}),
        ]
        for piece in written(line)
    ]


def written(line: str) -> Iterator[str]:
    """By containerd: pieces of 16 KiB, of which the last is marked F."""
    pieces = re.findall(r".{1,16384}", line)
    for number, piece in enumerate(pieces, 1):
        yield f"2026-11-23T10:00:00.000000001Z stderr {'F' if number == len(pieces) else 'P'} {piece}"


def _by_output(config: Config, lines: list[str]) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = {"kube.*": [], "audit.*": []}
    for output, record in sent(config, _FILE, lines):
        found[output["match"]].append(record)
    return found


def test_audit_lines_go_to_a_place_of_their_own_and_all_others_to_the_other(
    config: Config, lines: list[str]
) -> None:
    found = _by_output(config, lines)
    acts = [record["rag"]["act"] for record in found["audit.*"]]
    assert {"registered", "signed_in", "refused"} >= set(acts) >= {"registered", "signed_in"}
    events = [record["rag"].get("event") for record in found["kube.*"] if "rag" in record]
    assert "started" in events
    assert "request" in events
    assert "audit" not in events


def test_nothing_is_left_out_but_probes_and_scrapes(config: Config, lines: list[str]) -> None:
    said = [json.loads(record["log"]) for record in joined(lines) if record["log"].startswith("{")]
    noise = [each for each in said if re.match("/api/(health/|metrics)", each.get("route", ""))]
    assert noise
    kept = [
        record["rag"]
        for records in _by_output(config, lines).values()
        for record in records
        if "rag" in record
    ]
    assert sorted(map(json.dumps, kept)) == sorted(json.dumps(each) for each in said if each not in noise)


def test_a_record_says_which_pod_it_is_of_and_keeps_the_fields_of_its_line(
    config: Config, lines: list[str]
) -> None:
    records = _by_output(config, lines)["kube.*"]
    crash = next(record for record in records if record.get("rag", {}).get("event") == "request_failed")
    assert crash["rag"]["exception"].count("\n") == 2
    assert crash["kubernetes"]["pod_name"] == "rag-api-5d4f9-x2x7k"
    assert crash["kubernetes"]["namespace_name"] == "rag"
    assert crash.keys() == {"stream", "rag", "kubernetes"}


def test_a_line_that_is_no_json_is_kept_as_it_is(config: Config, lines: list[str]) -> None:
    plain = [record["log"] for record in _by_output(config, lines)["kube.*"] if "log" in record]
    assert "Fatal Python error: Segmentation fault" in plain


def test_a_line_that_was_cut_is_whole_again(config: Config, lines: list[str]) -> None:
    records = _by_output(config, lines)["kube.*"]
    assert [len(record["rag"]["x"]) for record in records if "x" in record.get("rag", {})] == [20_000]


@pytest.mark.parametrize(
    ("number", "change"),
    [
        (0, {"merge_log_key": "fields"}),
        (2, {"exclude": ["$rag['event'] ^request$"]}),
        (3, {"rule": "$rag['event'] ^audits$ audit.$TAG false"}),
        (3, {"rule": "$rag['event'] ^audit$ audit.$TAG true"}),
    ],
)
def test_planted_faults_of_filters_are_seen(
    config: Config, lines: list[str], number: int, change: Config
) -> None:
    right = _by_output(config, lines)
    config["pipeline"]["filters"][number] |= change
    assert _by_output(config, lines) != right


def test_other_namespaces_are_not_read(config: Config, lines: list[str]) -> None:
    assert list(sent(config, _FILE.replace("_rag_", "_kube-system_"), lines)) == []


def test_what_cannot_be_sent_waits_on_disk_within_bounds(config: Config) -> None:
    assert config["service"]["storage.path"].startswith("/var/lib/fluent-bit/")
    assert all(each["storage.type"] == "filesystem" for each in config["pipeline"]["inputs"])
    assert config["pipeline"]["filters"][3]["emitter_storage.type"] == "filesystem"
    limits = {each["match"]: each["retry_limit"] for each in config["pipeline"]["outputs"]}
    assert limits == {"kube.*": 20, "audit.*": "no_limits"}
    assert all(
        re.fullmatch("[12]G", each["storage.total_limit_size"]) for each in config["pipeline"]["outputs"]
    )


def test_azures_rule_takes_the_fields_that_are_sent(lines: list[str]) -> None:
    rule = json.loads((KUBERNETES / "azure-monitor/data-collection-rule.json").read_text())["properties"]
    config = config_of("azure-monitor")
    for output, record in sent(config, _FILE, lines):
        stream = rule["streamDeclarations"][f"Custom-{output['table_name']}"]
        columns = {column["name"] for column in stream["columns"]}
        assert record.keys() | {output["time_key"]} <= columns
    flows = {flow["streams"][0]: flow["outputStream"] for flow in rule["dataFlows"]}
    assert flows == {stream: stream for stream in rule["streamDeclarations"]}


def _rendered(overlay: str) -> list[dict[str, Any]]:
    if not (kubectl := shutil.which("kubectl")):
        pytest.skip("install kubectl")
    command = [kubectl, "kustomize", str(KUBERNETES / overlay)]
    return list(
        yaml.safe_load_all(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    )


@pytest.mark.parametrize("overlay", _OVERLAYS)
def test_the_daemon_set_reads_logs_and_can_do_nothing_else(overlay: str) -> None:
    objects = {each["kind"]: each for each in _rendered(overlay)}
    assert objects["Namespace"]["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "privileged"
    pod = objects["DaemonSet"]["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    container = pod["containers"][0]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    written_to = [mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")]
    assert written_to == ["/var/lib/fluent-bit"]
    assert set(objects["ConfigMap"]["data"]) == {"collect.yaml", "fluent-bit.yaml"}
    config_volume = next(volume for volume in pod["volumes"] if volume["name"] == "config")
    assert config_volume["configMap"]["name"] == objects["ConfigMap"]["metadata"]["name"] != "fluent-bit"


@pytest.mark.parametrize("overlay", _OVERLAYS)
def test_the_manifests_are_valid(overlay: str, tmp_path: Path) -> None:
    if not _VALIDATOR.exists():
        pytest.skip("run make infra-tools")
    file = tmp_path / "rendered.yaml"
    file.write_text(yaml.safe_dump_all(_rendered(overlay)))
    done = subprocess.run([_VALIDATOR, "--strict", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr

"""What Fluent Bit makes of a log file by our configuration: as much of it as that uses.

There is no Fluent Bit for the tests to run. This follows its manual (5.0): the CRI format and how its pieces
are joined, the kubernetes filter with `use_tag_for_meta` and `merge_log`, record_modifier, grep, rewrite_tag,
and whose output a tag is.
"""

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

from tests.servers.prometheus import MONITORING

KUBERNETES = MONITORING / "fluent-bit/kubernetes"
_CRI = re.compile(r"^(?P<time>.+?) (?P<stream>stdout|stderr) (?P<_p>F|P) (?P<log>.*)$")
_FILE = re.compile(
    r"^(?P<pod_name>[^_]+)_(?P<namespace_name>[^_]+)_(?P<container_name>.+)-(?P<docker_id>\w{64})\.log$"
)
_RULE = re.compile(r"^(?P<key>\S+)\s+(?P<regex>\S+)\s+(?P<tag>\S+)\s+(?P<keep>true|false)$")

Record = dict[str, Any]
Config = dict[str, Any]


def config_of(overlay: str) -> Config:
    """With what it includes."""
    config: Config = yaml.safe_load((KUBERNETES / overlay / "fluent-bit.yaml").read_text())
    for name in config.pop("includes"):
        included = yaml.safe_load((KUBERNETES / "base" / name).read_text())
        config["service"] = included["service"]
        config["pipeline"] |= included["pipeline"]
    return config


def sent(config: Config, file: str, lines: list[str]) -> Iterator[tuple[Config, Record]]:
    """Each record that comes of a file's lines, with the output that it goes to."""
    pipeline = config["pipeline"]
    source = pipeline["inputs"][0]
    if not fnmatchcase(file, source["path"]):
        return
    assert source["multiline.parser"] == "cri"
    tag = source["tag"].replace("*", file.strip("/").replace("/", "."))
    for record in joined(lines):
        for new_tag, changed in filtered(pipeline["filters"], tag, record):
            for output in pipeline["outputs"]:
                if fnmatchcase(new_tag, output["match"]):
                    yield output, changed


def joined(lines: list[str]) -> Iterator[Record]:
    """Of the CRI format: pieces marked P go before the one that is marked F."""
    pieces: dict[str, str] = {}
    for line in lines:
        match = _CRI.match(line)
        assert match, f"not in the CRI format: {line}"
        record = match.groupdict()
        stream = record["stream"]
        pieces[stream] = pieces.get(stream, "") + record["log"]
        if record["_p"] == "F":
            yield record | {"log": pieces.pop(stream)}


def filtered(filters: list[Config], tag: str, record: Record) -> Iterator[tuple[str, Record]]:
    """What is left of a record under which tag; one that gets another tag begins again."""
    for each in filters:
        if not fnmatchcase(tag, each["match"]):
            continue
        if each["name"] == "kubernetes":
            record = merged(each, tag, record)
        elif each["name"] == "record_modifier":
            record = {key: value for key, value in record.items() if key not in each["remove_key"]}
        elif each["name"] == "grep":
            assert each["logical_op"] == "and"
            if all(_matches(record, *rule.split(maxsplit=1)) for rule in each["exclude"]):
                return
        elif each["name"] == "rewrite_tag":
            rule = _RULE.match(each["rule"])
            assert rule, each["rule"]
            if _matches(record, rule["key"], rule["regex"]):
                yield from filtered(filters, rule["tag"].replace("$TAG", tag), record)
                if rule["keep"] == "false":
                    return
    yield tag, record


def merged(filter_: Config, tag: str, record: Record) -> Record:
    found = _FILE.match(Path(tag.replace("kube.var.log.containers.", "")).name)
    assert found, f"the tag names no pod: {tag}"
    assert filter_["use_tag_for_meta"] is filter_["merge_log"] is True
    record = record | {"kubernetes": found.groupdict()}
    try:
        fields = json.loads(record["log"])
    except json.JSONDecodeError:
        return record
    if not isinstance(fields, dict):
        return record
    rest = {key: value for key, value in record.items() if key != "log" or filter_["keep_log"]}
    return rest | {filter_["merge_log_key"]: fields}


def _matches(record: Record, accessor: str, regex: str) -> bool:
    """`accessor` is `$key` or `$key['inner']`. What is no string never matches."""
    value: Any = record
    for key in re.findall(r"\w+", accessor):
        value = value.get(key) if isinstance(value, dict) else None
    return isinstance(value, str) and re.search(regex, value) is not None

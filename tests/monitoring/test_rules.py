"""Rules and their unit tests: promtool runs them, and no alert is left without either."""

import copy
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.monitoring.queries import alerts, rules
from tests.servers.prometheus import MONITORING, promtool

_TESTS = sorted((MONITORING / "tests").glob("*.yml"))


def test_the_configuration_and_all_rules_are_valid() -> None:
    done = promtool("check", "config", "prometheus.yml", folder=MONITORING)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("rules found") == len(list((MONITORING / "rules").glob("*.yml")))


@pytest.mark.parametrize("file", _TESTS, ids=lambda file: file.stem)
def test_rules_fire_as_their_unit_tests_say(file: Path) -> None:
    done = promtool("test", "rules", file.name, folder=file.parent)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("rule", "said", "meant"),
    [
        ("service", "== 1\n        for: 5m", "== 1\n        for: 50m"),
        ("service", 'degraded!="none"', 'degraded!="some"'),
        ("ingestion", "> 1800", "> 18000"),
        ("ingestion", "offset 1h", "offset 1m"),
        ("cost", "max by (namespace)", "sum by (namespace)"),
        ("objectives", 'status="5xx"', 'status=~"4xx|5xx"'),
        ("objectives", "and namespace:rag_question_failures:ratio_5m > 14.4 * 0.001", ""),
        ("objectives", "* 3600 >= 5", "* 3600 >= 0"),
    ],
)
def test_a_rule_that_says_something_else_fails_its_unit_test(
    tmp_path: Path, rule: str, said: str, meant: str
) -> None:
    for folder in ("rules", "tests"):
        shutil.copytree(MONITORING / folder, tmp_path / folder)
    file = tmp_path / f"rules/{rule}.yml"
    text = file.read_text()
    assert said in text
    file.write_text(text.replace(said, meant))
    assert promtool("test", "rules", f"{rule}.yml", folder=tmp_path / "tests").returncode == 1


def test_the_example_for_alertmanager_is_valid_and_names_alerts_that_there_are() -> None:
    config = yaml.safe_load((MONITORING / "alertmanager.yml").read_text())
    matchers = [
        matcher
        for rule in config["inhibit_rules"]
        for matcher in (*rule["source_matchers"], *rule["target_matchers"])
    ]
    named = {
        name
        for matcher in matchers
        for name in matcher.split('"')[1].split("|")
        if matcher.startswith("alertname") and name != "Rag.+"
    }
    assert named <= {alert["alert"] for alert in alerts()}
    if binary := shutil.which("amtool"):
        command = [binary, "check-config", str(MONITORING / "alertmanager.yml")]
        subprocess.run(command, check=True, capture_output=True)


def faults_of(alert: dict[str, Any], tests: list[dict[str, Any]]) -> Iterator[str]:
    """What an alert lacks."""
    name = alert["alert"]
    if alert["labels"].get("severity") not in ("page", "ticket"):
        yield f"{name} is neither a page nor a ticket"
    for annotation in ("summary", "description"):
        if not alert["annotations"].get(annotation):
            yield f"{name} has no {annotation}"
    if alert["annotations"].get("runbook_url") != f"docs/runbooks.md#{name.lower()}":
        yield f"{name} does not lead to its runbook"
    cases = [case for test in tests for case in test["alert_rule_test"] if case["alertname"] == name]
    if not any(case.get("exp_alerts") for case in cases):
        yield f"{name} fires in no test"
    if all(case.get("exp_alerts") for case in cases):
        yield f"{name} keeps quiet in no test"


def _unit_tests() -> list[dict[str, Any]]:
    return [test for file in _TESTS for test in yaml.safe_load(file.read_text())["tests"]]


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert["alert"])
def test_each_alert_has_a_severity_words_a_runbook_and_tests_of_both_kinds(alert: dict[str, Any]) -> None:
    assert list(faults_of(alert, _unit_tests())) == []


@pytest.mark.parametrize(
    ("place", "value", "why"),
    [
        (("labels", "severity"), "critical", "RagDown is neither a page nor a ticket"),
        (("annotations", "summary"), "", "RagDown has no summary"),
        (("annotations", "runbook_url"), "docs/runbooks.md", "RagDown does not lead to its runbook"),
    ],
)
def test_planted_faults_of_an_alert_are_found(place: tuple[str, str], value: str, why: str) -> None:
    alert = copy.deepcopy(next(alert for alert in alerts() if alert["alert"] == "RagDown"))
    alert[place[0]][place[1]] = value
    assert list(faults_of(alert, _unit_tests())) == [why]


def test_an_alert_without_tests_is_found() -> None:
    tests = [{"alert_rule_test": [{"alertname": "RagOther", "exp_alerts": [{}]}]}]
    assert list(faults_of(alerts()[0], tests))[-2:] == [
        f"{alerts()[0]['alert']} {lacks}" for lacks in ("fires in no test", "keeps quiet in no test")
    ]


def test_no_two_rules_have_the_same_name() -> None:
    names = [rule.get("alert") or rule["record"] for rule in rules()]
    assert sorted(names) == sorted(set(names))


def test_bicep_can_give_the_rules_to_azure_as_they_are() -> None:
    """It takes as many rules as one of Azure's groups may have, and writes `15m` as PT15M."""
    files = sorted((MONITORING / "rules").glob("*.yml"))
    bicep = (MONITORING.parent / "bicep/modules/prometheus-rules.bicep").read_text()
    for file in files:
        assert f"monitoring/rules/{file.name}'" in bicep
        for group in yaml.safe_load(file.read_text())["groups"]:
            assert len(group["rules"]) <= 20
    assert {rule.get("for", "0m")[-1] for rule in rules()} <= {"m", "h"}

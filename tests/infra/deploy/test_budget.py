"""The budget: made with the first deployment, never moved by a later one."""

import datetime
import re

from tests.infra.deploy.cloud import Cloud
from tests.infra.deploy.conftest import Hosts

LIST = "az consumption budget list"


def given_to_bicep(cloud: Cloud) -> str:
    return cloud.environment_of("deployment group create")["BUDGET_START"]


def test_the_first_deployment_makes_one_of_this_month(cloud: Cloud, hosts: Hosts) -> None:
    cloud.answers[LIST] = None
    before = datetime.datetime.now(datetime.UTC)
    assert cloud.deploy("--step", "infrastructure").returncode == 0
    after = datetime.datetime.now(datetime.UTC)
    assert given_to_bicep(cloud) in {f"{before:%Y-%m}-01", f"{after:%Y-%m}-01"}
    assert re.fullmatch(r"\d{4}-\d\d-01", given_to_bicep(cloud))


def test_the_start_of_the_one_that_is_there_stays(cloud: Cloud, hosts: Hosts) -> None:
    cloud.answers[LIST] = "2026-03-01T00:00:00Z"
    assert cloud.deploy("--step", "infrastructure").returncode == 0
    assert given_to_bicep(cloud) == "2026-03-01"
    assert cloud.environment_of("what-if")["BUDGET_START"] == "2026-03-01"


def test_the_one_that_is_set_comes_first(cloud: Cloud, hosts: Hosts) -> None:
    cloud.environment["BUDGET_START"] = "2026-01-01"
    assert cloud.deploy("--step", "infrastructure").returncode == 0
    assert given_to_bicep(cloud) == "2026-01-01"


def test_one_that_cannot_be_asked_for_is_left_alone_and_told(cloud: Cloud, hosts: Hosts) -> None:
    done = cloud.deploy(
        "--step", "infrastructure", fail="consumption budget", times=2, said="no right to costs"
    )
    assert done.returncode == 0, done.stdout
    assert given_to_bicep(cloud) == ""
    assert "the budget is left as it is: no right to costs" in done.stdout

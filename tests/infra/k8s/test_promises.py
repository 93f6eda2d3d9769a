"""Every promise of the manifests holds in every overlay, and a fault that is planted breaks it."""

import pytest

from tests.infra.k8s import pod_promises as pods
from tests.infra.k8s import reach_promises as reach
from tests.infra.k8s import release_promises as release
from tests.infra.k8s import scale_promises as scale
from tests.infra.k8s import settings_promises as settings
from tests.infra.k8s.planted_faults import FAULTS, Fault
from tests.infra.k8s.rendered import OVERLAYS, render

PROMISES = {
    promise.__name__: promise
    for family in (pods, release, reach, scale, settings)
    for promise in family.PROMISES
}


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize("name", PROMISES)
def test_it_is_kept(name: str, overlay: str) -> None:
    assert list(PROMISES[name](render(overlay), overlay)) == []


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_planted_fault_breaks_it(fault: Fault) -> None:
    objects = render(fault.overlay)
    fault.plant(objects)
    assert list(PROMISES[fault.promise](objects, fault.overlay))


def test_every_promise_is_broken_by_some_fault() -> None:
    assert {fault.promise for fault in FAULTS} == set(PROMISES)

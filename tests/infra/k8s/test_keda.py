"""KEDA's objects are what KEDA's own definitions of them allow, down to each trigger's parameters."""

from typing import Any

import pytest

from tests.infra.k8s.keda_schemas import DEFINITIONS, faults
from tests.infra.k8s.planted_faults import Fault
from tests.infra.k8s.rendered import OVERLAYS, of_kind, render

pytestmark = pytest.mark.skipif(
    not DEFINITIONS.exists(),
    reason="no definitions of KEDA: KEDA_DEFINITIONS names a checkout of it",
)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_they_are_allowed(overlay: str) -> None:
    assert list(faults(render(overlay))) == []


def test_there_are_some_to_look_at() -> None:
    assert len(of_kind(render("aks-prod"), "ScaledObject", "TriggerAuthentication")) == 3


@pytest.mark.parametrize(
    ("where", "path", "value"),
    [
        ("ScaledObject rag-api", "spec|minReplicas", 2),
        ("ScaledObject rag-api", "spec|minReplicaCount", "2"),
        ("ScaledObject rag-api", "spec|fallback|failureThreshold", "gone"),
        ("ScaledObject rag-api", "spec|fallback|behavior", "currentReplicasWhenHigher"),
        ("ScaledObject rag-api", "BEHAVIOR|scaleDown|stabilisationWindowSeconds", 300),
        ("ScaledObject rag-api", "spec|triggers|0|metadata|threshold", 100),
        ("ScaledObject rag-api", "spec|triggers|0|metadata|threshold", "gone"),
        ("ScaledObject rag-api", "spec|triggers|0|metadata|metricName", "answers"),
        ("ScaledObject rag-ingest", "spec|triggers|0|type", "azure-queues"),
        ("ScaledObject rag-ingest", "spec|triggers|0|metadata|queueLengthStrategy", "visible"),
        ("ScaledObject rag-ingest", "spec|triggers|0|metadata|queueName", "gone"),
        ("TriggerAuthentication rag-scaling", "spec|podIdentity|provider", "azure"),
        ("TriggerAuthentication rag-scaling", "spec|podIdentity|clientId", "0"),
    ],
)
def test_a_planted_fault_is_found(where: str, path: str, value: Any) -> None:
    objects = render("aks-prod")
    Fault(promise="", overlay="aks-prod", change=[where, path, value]).plant(objects)
    assert list(faults(objects))

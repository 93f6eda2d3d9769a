"""Index versions over HTTP, for administrators: list, build, gate, promote, roll back, remove."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field

from functions.dependencies import Caller, RuntimeOf, ServicesOf, administrator
from shared.domain import IndexVersion, Principal
from shared.errors import Conflict
from shared.ingest import builds, documents
from shared.query import gate
from shared.services import Services
from shared.settings import Settings
from shared.telemetry.audit import audit

router = APIRouter(tags=["indexes"], dependencies=[Depends(administrator)])


class IndexBody(BaseModel):
    """What fills a new index; what is not given is as the settings say."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, strict=True)

    embedder: str | None = Field(default=None, min_length=1, max_length=200)
    dimension: int | None = Field(default=None, ge=64, le=4096)
    chunk_chars: int | None = Field(default=None, ge=200, le=8000)
    chunk_overlap: int | None = Field(default=None, ge=0, le=1000)


class SourceBody(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    document: str = Field(min_length=1, max_length=1024)
    page: int = Field(ge=1)


class QuestionBody(BaseModel):
    """As in evals/questions.jsonl; what else stands there is left alone."""

    question: str = Field(min_length=1, max_length=4000)
    answers: list[SourceBody] = Field(max_length=100)


class GateBody(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    questions: list[QuestionBody] | None = Field(default=None, max_length=10_000)


@router.get("/api/indexes")
async def list_indexes(services: ServicesOf) -> dict[str, Any]:
    """Every version by number, with how far it is filled and what the last comparison found."""
    versions = await services.shelf.versions(fresh=True)
    return {"indexes": [await _index_json(version, services) for version in versions]}


@router.post("/api/indexes", status_code=202)
async def build_index(caller: Caller, services: ServicesOf, body: IndexBody | None = None) -> dict[str, Any]:
    """Begin to build a new version beside the live one; the workers fill it."""
    wanted = body or IndexBody()
    version = await builds.build(
        services,
        embedder=wanted.embedder,
        dimension=wanted.dimension,
        chars=wanted.chunk_chars,
        overlap=wanted.chunk_overlap,
    )
    _audit("build", version.name, caller)
    return await _index_json(version, services)


@router.post("/api/indexes/rollback")
async def rollback_index(caller: Caller, services: ServicesOf) -> dict[str, Any]:
    """Make the version that was live last live again, at once."""
    version = await builds.rollback(services)
    _audit("rollback", version.name, caller)
    return await _index_json(version, services)


@router.post("/api/indexes/{name}/gate")
async def gate_index(
    name: str, services: ServicesOf, runtime: RuntimeOf, body: GateBody | None = None
) -> dict[str, Any]:
    """Compare it with the live one, by stored questions or those that are given."""
    asked = None if body is None or body.questions is None else list(map(_known, body.questions))
    return asdict(await _judge(name, asked, services, runtime.settings))


@router.post("/api/indexes/{name}/promote")
async def promote_index(
    name: str, caller: Caller, services: ServicesOf, runtime: RuntimeOf, force: bool = False
) -> dict[str, Any]:
    """Make it live, if it is as good as the live one or `force` says so."""
    if not force:
        report = await _judge(name, None, services, runtime.settings)
        if report.refusal:
            raise Conflict(f"{name} is not promoted: {report.refusal}")
    version = await builds.promote(name, services)
    _audit("promote by force" if force else "promote", version.name, caller)
    return await _index_json(version, services)


@router.delete("/api/indexes/{name}", status_code=204)
async def remove_index(name: str, caller: Caller, services: ServicesOf) -> Response:
    """Remove one that is not live, with everything in it."""
    await builds.remove(name, services)
    _audit("remove", name, caller)
    return Response(status_code=204)


async def _judge(
    name: str, asked: list[gate.KnownQuestion] | None, services: Services, settings: Settings
) -> gate.GateReport:
    if asked is None:
        asked = await gate.stored_questions(services.metadata, limit=settings.gate_questions)
    return await gate.judge(name, asked, services, margin=settings.gate_margin)


def _audit(what: str, name: str, caller: Principal) -> None:
    audit("index_changed", actor=caller.user_id, subject=name, reason=what)


def _known(body: QuestionBody) -> gate.KnownQuestion:
    sources = ((documents.document_id(answer.document), answer.page) for answer in body.answers)
    return gate.KnownQuestion(text=body.question, sources=frozenset(sources))


async def _index_json(version: IndexVersion, services: Services) -> dict[str, Any]:
    counts = await builds.count(version, services)
    return {
        "name": version.name,
        "state": version.state,
        "embedder": version.embedder,
        "dimension": version.dimension,
        "chunk_chars": version.chunk_chars,
        "chunk_overlap": version.chunk_overlap,
        **asdict(counts),
        "gate": json.loads(version.gate) if version.gate else None,
        "created_at": _moment(version.created_at),
        "changed_at": _moment(version.changed_at),
    }


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()

"""`rag reconcile`: one pass of what the timer of a host does, for a scheduler such as a CronJob. Where
replicas fire queue triggers alone, nobody else does it.
"""

import asyncio
import json
import sys
from dataclasses import asdict

import typer

from functions.ingest import STUCK_AFTER
from shared.compose import start_services
from shared.compose.traces import start_traces
from shared.ingest.reconcile import Findings, reconcile
from shared.settings import Settings, read_settings
from shared.telemetry import traces
from shared.telemetry.logs import configure

_SENDING = 10.0  # seconds for its traces: it has not sent any yet


def run(*, as_json: bool) -> None:
    """Print one line of what was found. Errors: `RagError`."""
    settings = read_settings()
    configure("WARNING" if sys.stderr.isatty() else settings.log_level)
    start_traces(settings)
    try:
        found = asdict(asyncio.run(_reconcile(settings)))
    finally:
        traces.stop(seconds=_SENDING)
    if as_json:
        typer.echo(json.dumps(found))
    else:
        typer.echo(
            "announced {announced}, filled {filled}, vanished {vanished}, orphans removed {orphans}".format(
                **found
            )
        )


async def _reconcile(settings: Settings) -> Findings:
    services = await start_services(settings)
    try:
        grace = settings.index_grace_hours * 3600
        return await reconcile(services, stuck_after=STUCK_AFTER, index_grace=grace)
    finally:
        await services.close()

"""What a check of `rag doctor` says, for its tests."""

from cli.doctor_findings import Check, examine


async def said(check: Check, *, seconds: float = 10.0) -> list[tuple[str, str]]:
    return [(finding.level, finding.message) for finding in await examine("it", check, seconds=seconds)]


async def levels(check: Check) -> list[str]:
    return [level for level, _ in await said(check)]


async def told(check: Check, level: str) -> str:
    """The one message of this level."""
    [message] = [message for found, message in await said(check) if found == level]
    return message

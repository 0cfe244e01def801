"""Notices to Slack, Discord, Telegram, or anything that takes JSON.

A webhook's address is a secret: whoever has it can post. It is in no message and in no log, which is why
requests go through httpx's transport and not through its client, which logs addresses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

import httpx
import stamina

from breakwater.errors import Fatal, RateLimited, Retryable, Unreachable
from breakwater.limits import back_off, retry_after

from .model import Severity, labels_text

if TYPE_CHECKING:
    from .model import Notice

__all__ = ["Format", "WebhookSink", "body"]

Format = Literal["slack", "discord", "telegram", "json"]
TIMEOUT_S: Final = 10.0
ATTEMPTS: Final = 6

COLOURS: Final = {
    Severity.INFO: 0x1F6FEB,
    Severity.WARNING: 0xB7791F,
    Severity.CRITICAL: 0xC8413B,
    Severity.EMERGENCY: 0x8E1B2E,
}
CLEARED: Final = 0x14845C


def body(notice: Notice, style: Format, chat_id: str | None = None) -> dict[str, Any]:
    """What is posted; text is never markup, so that a feed's name cannot be a link."""
    if style == "json":
        return notice.as_dict()
    if style == "telegram":
        return {"chat_id": chat_id, "text": notice.sentence, "disable_web_page_preview": True}
    alert = notice.alert
    colour = CLEARED if notice.kind == "cleared" else COLOURS[alert.severity]
    value = "unknown" if notice.value is None else f"{notice.value:.6g}"
    facts = {"severity": alert.severity.value, alert.metric: value}
    if alert.labels:
        facts["about"] = labels_text(alert.labels)
    if style == "discord":
        fields = [{"name": name, "value": text, "inline": True} for name, text in facts.items()]
        embed = {"title": alert.rule, "description": notice.sentence, "color": colour, "fields": fields}
        return {"embeds": [embed], "allowed_mentions": {"parse": []}}
    # Slack's own escapes: nothing else in a text has a meaning of its own
    safe = notice.sentence.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    shown = [{"title": name, "value": text, "short": True} for name, text in facts.items()]
    return {"text": safe, "attachments": [{"color": f"#{colour:06x}", "fields": shown}]}


class WebhookSink:
    """Posts every notice; what fails is tried again for about a minute.

    Args:
        url: where to; kept to itself.
        style: whose format.
        minimum: what is said at all.
        chat_id: Telegram's.
        name: what messages call it.
        attempts: how often to try.
        transport: another httpx transport.
    """

    def __init__(
        self,
        url: str,
        style: Format,
        minimum: Severity = Severity.INFO,
        *,
        chat_id: str | None = None,
        name: str = "webhook",
        attempts: int = ATTEMPTS,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.name, self.minimum = name, minimum
        self._url, self._style, self._chat_id, self._attempts = url, style, chat_id, attempts
        self._http = transport or httpx.AsyncHTTPTransport(trust_env=False)

    async def tell(self, notice: Notice) -> None:
        """Post it.

        Raises:
            Retryable: it failed as often as it may.
            Fatal: it was refused.
        """
        async for attempt in stamina.retry_context(
            on=back_off, attempts=self._attempts, timeout=None, wait_initial=0.2, wait_max=15.0
        ):
            with attempt:
                await self._post(notice)

    async def _post(self, notice: Notice) -> None:
        try:
            request = httpx.Request(
                "POST",
                self._url,
                json=body(notice, self._style, self._chat_id),
                extensions={"timeout": httpx.Timeout(TIMEOUT_S).as_dict()},
            )
            response = await self._http.handle_async_request(request)
            await response.aclose()
        except httpx.InvalidURL:
            raise Fatal(f"Set {self.name} to an address.") from None
        except httpx.TransportError as error:
            # `from None`: what httpx says may name the address
            raise Unreachable(f"{self.name} does not answer: {type(error).__name__}.") from None
        if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
            pause = retry_after(response.headers.get("retry-after"))
            raise RateLimited(f"{self.name} asks for a pause.", retry_after=pause)
        if response.status_code >= 500:
            raise Retryable(f"{self.name} answers {response.status_code}.")
        if response.status_code >= 300:
            raise Fatal(f"{self.name} answers {response.status_code}: look at its address and its format.")

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

"""What Locust loads: users, the shape, and the hooks that count and check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from locust import events

from breakwater.stress.load.figures import install
from breakwater.stress.load.plan import the_plan
from breakwater.stress.load.shapes import Ramp
from breakwater.stress.load.users import ApiUser
from breakwater.stress.load.web import protect

if TYPE_CHECKING:
    from locust.env import Environment

__all__ = ["ApiUser", "Ramp"]


@events.init.add_listener  # type: ignore[untyped-decorator]
def _begin(environment: Environment, **_: Any) -> None:
    install(environment)
    if the_plan().web_token:
        protect(environment, the_plan().web_token)

"""Load over HTTP, by Locust: users, shapes, statistics and checks kept apart, each in a module of its own.

Locust replaces sockets and threads with its own when it is imported, so it runs in processes of its own:
`runner` starts a master and workers, `locustfile` is what they load. Nothing else imports Locust.
"""

from .runner import MOST_P95_MS, Load, LoadResult, Member, load

__all__ = ["MOST_P95_MS", "Load", "LoadResult", "Member", "load"]

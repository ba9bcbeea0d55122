"""Every measure of `make bench`, in the order they run. A new one is a line here.

A measure is a function that takes the house and gives rows; its module may import Django,
because it is loaded after Django's set-up.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from tests.bench.house import House
from tests.bench.report import Row


@dataclass(frozen=True, slots=True)
class Measure:
    """`about` is the sentence that docs/bench.md says of it."""

    name: str
    path: str
    about: str

    def load(self) -> Callable[[House], list[Row]]:
        module, _, function = self.path.partition(":")
        measure: Callable[[House], list[Row]] = getattr(import_module(module), function)
        return measure


MEASURES = [
    Measure(
        "parse",
        "tests.bench.small:parse",
        "one Cloud API text message from raw bytes to an event, in one process.",
    ),
    Measure(
        "vault",
        "tests.bench.small:vault",
        "sealing and opening one set of credentials, the workspace's data key at hand.",
    ),
    Measure(
        "ingest",
        "tests.bench.ingest:ingest",
        "signed Cloud API posts acknowledged over 64 keep-alive connections, no worker "
        "running, against `pgbench` inserting the same row into the same table with 16 "
        "clients: rounds of both in turn, the median of the rates and of the ratios of "
        "neighbouring rounds. `ingest_vs_prepared` is the same "
        "against `pgbench -M prepared`.",
    ),
    Measure(
        "ingest_p99",
        "tests.bench.ingest:ingest_p99",
        "300 posts a second at fixed times, whether or not answers come, with web, worker "
        "and beat running; latency counts from the time the post was due.",
    ),
    Measure(
        "processing",
        "tests.bench.corridor:processing",
        "posted messages, one in four from a new contact and one in ten with a token or "
        "an ad referral, plus one status for every ten of them, worked off by one worker; "
        "the time counts from the hint to the last row. `processing_direct` is one process "
        "that calls the drain itself.",
    ),
    Measure(
        "processing_queries",
        "tests.bench.corridor:queries",
        "statements for a batch of 200 events, against a batch of 20.",
    ),
    Measure(
        "visible",
        "tests.bench.corridor:visible",
        "one post on an idle system, until its message can be read.",
    ),
    Measure(
        "list",
        "tests.bench.pages:conversation_list",
        "the selector of the conversation list at 1,000,000 messages in 100,000 "
        "conversations of one workspace, beside another one of a tenth, against the same "
        "SQL prepared by plain psycopg.",
    ),
    Measure(
        "search",
        "tests.bench.pages:search",
        "the selector of the search in the same database, likewise.",
    ),
    Measure(
        "walls",
        "tests.bench.walls:walls",
        "the busiest statements in the same database, prepared, as the run-time role that "
        "row-level security binds, against the owner whom it lets through.",
    ),
    Measure(
        "page_list",
        "tests.bench.served:page_list",
        "the conversation list in the same database after daily work (colleagues, unread "
        "ones, tracked links, twelve threads of 3,000 messages more): server time of the "
        "whole page, the 95th percentile of 240 requests over tabs, filters and pages "
        "down, one after the other over loopback, to a person who is signed in, served "
        "as the image serves pages. `_slowest` is the median of the slowest kind of page.",
    ),
    Measure(
        "page_thread",
        "tests.bench.served:page_thread",
        "the same of a conversation beside the list, half of them ordinary ones and half "
        "pages of the very long ones.",
    ),
    Measure(
        "page_search",
        "tests.bench.served:page_search",
        "the same of searches: rare, common and random words, beginnings, names with and "
        "without accents, phones in several notations, nothing found, with filters.",
    ),
    Measure(
        "page_leads",
        "tests.bench.served:page_leads",
        "the same of the lead list with its filters, rare ones too, in a workspace of "
        "200,000 leads.",
    ),
    Measure(
        "page_weight",
        "tests.bench.weight:page_weight",
        "bytes over the wire of a first page on an empty cache, the heaviest of sign-in, "
        "home, conversations and a search: page, style sheets, scripts and icons with "
        "their heads, in the encoding the server chooses. A reference to another host "
        "fails the measure.",
    ),
    Measure(
        "bearer_cache",
        "tests.bench.bearer:bearer_cache",
        "the check of a bearer that the OAuth server has vouched for seconds ago, in one "
        "process: the 99th percentile.",
    ),
    Measure(
        "api_user",
        "tests.bench.bearer:api_user",
        "`GET /api/user` over 16 keep-alive connections with one person's bearer, served "
        "as the image serves pages, the person and their memberships read each time.",
    ),
    Measure(
        "central_user",
        "tests.bench.central:central_user",
        "`GET /api/user` of the central OAuth server with one valid token, as `manage.py up` "
        "serves it, over 16 kept connections: the median of three rounds.",
    ),
    Measure(
        "memory",
        "tests.bench.memory:memory",
        "proportional set size of everything that `manage.py up` starts, 20 s after it "
        "said ready, without PostgreSQL and Valkey.",
    ),
]

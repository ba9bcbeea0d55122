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
        "page_report",
        "tests.bench.served:page_report",
        "the same of the attribution report by origin, campaign, link and ad, over a week, "
        "a month, a quarter, a year and two years, each with the period before it.",
    ),
    Measure(
        "page_sends",
        "tests.bench.served:page_sends",
        "the same of the sends page, with its figures, at 1,000,000 sends of as many "
        "messages: periods of a day to a year, states, reasons and templates, rare ones "
        "too, a number, names, phones and words of the text.",
    ),
    Measure(
        "page_dashboard",
        "tests.bench.desk:page_dashboard",
        "the same of the home page at 1,000,000 messages, as many sends and 100,000 "
        "tickets: today, yesterday, 7 and 30 days and the month, each with the period "
        "before it. `page_dashboard_long` has periods that nobody offers and that can be "
        "asked for: a quarter, half a year, a year, and a month of last year; its bound is "
        "our own.",
    ),
    Measure(
        "page_tickets",
        "tests.bench.desk:page_tickets",
        "the same of the ticket list at 100,000 tickets of 20,000 clients: its tabs and "
        "their counts, filters, pages down, and searches by common and rare words, "
        "numbers, names and phones.",
    ),
    Measure(
        "walls",
        "tests.bench.walls:walls",
        "what row-level security costs on the ten hottest queries of that database: those "
        "that take most of PostgreSQL's time in a day of lists, threads, searches, leads, "
        "tickets, sends, home pages and 1,000 messages worked off (tests/bench/day.py). Each "
        "is sent again, prepared, as the run-time role that the policies bind, against the "
        "owner whom they let through. The bound holds for the ten together, each as often "
        "as the day asks it; `walls_1` is the hottest.",
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
        "who asks, by a bearer that the OAuth server has vouched for seconds ago, as each "
        "request finds out: the kept answer, the token's limit and the person's row, in one "
        "process: the 99th percentile.",
    ),
    Measure(
        "api_user",
        "tests.bench.bearer:api_user",
        "`GET /api/user` over 16 keep-alive connections with one person's bearer, served "
        "as the image serves pages, the person and their memberships read each time.",
    ),
    Measure(
        "api_tickets",
        "tests.bench.gateway:api_tickets",
        "`GET /api/tickets` with a service token, 50 of 100,000 tickets, in turn the newest, "
        "those that changed and those of one client, over 4 kept connections as the image "
        "serves pages: the 99th percentile.",
    ),
    Measure(
        "central_user",
        "tests.bench.central:central_user",
        "`GET /api/user` of the central OAuth server with one valid token, as `manage.py up` "
        "serves it, over 16 kept connections: the median of three rounds.",
    ),
    Measure(
        "accuracy",
        "tests.bench.accuracy:accuracy",
        "100,000 messages of the seeded corpus of tests/bench/texts.py, one of each person, "
        "through the corridor into a workspace with 5,000 clicks of the last 72 hours on "
        "the number, and the verdicts then in the database: the share of intact and "
        "decorated tokens found for certain, of tokens after one slip found as probable, "
        "of those with a slip in `vm_token` itself found at all, of forwarded ones called "
        "probable and of waiting leads met, and how often the click or the lead of somebody "
        "else was named, for certain or as probable.",
    ),
    Measure(
        "variants",
        "tests.bench.variants:variants",
        "mobiles of every Brazilian area code with and without the ninth digit, Mexican and "
        "Argentinian ones, each writing from both notations through the corridor: the share "
        "that is one lead afterwards, and how many Brazilian landlines were taken for the "
        "mobile that ends alike. In Mexico and Argentina ten digits are one line's.",
    ),
    Measure(
        "attribution",
        "tests.bench.origins:speed",
        "the origin of one message in the workspace of a million messages after a million "
        "touches, 5,000 of them recent on the number: reading the text, recognising the "
        "person, looking for the token and weighing it, as the run-time role; the 95th "
        "percentile. `rescue` is the same of a token after one slip.",
    ),
    Measure(
        "links",
        "tests.bench.links:figures",
        "the figures of tracked links in a workspace with a million clicks of two years on "
        "twenty links, half of them on one: the funnel of that link, the comparison of all "
        "and the first page of the leads won, as the run-time role; the slowest of 15 calls. "
        "The period is 30 days, or 365 where the name says so.",
    ),
    Measure(
        "monitor",
        "tests.bench.monitor:monitor",
        "a run of the session monitor (`manage.py check_sessions`) over 5,000 connected "
        "numbers of 100 workspaces that are all due, at a provider on the loopback address "
        "that takes 100 ms for each answer: the slowest of three runs. `monitor_memory` is "
        "the most that its process ever held.",
    ),
    Measure(
        "qr_paint",
        "tests.bench.paint:qr_paint",
        "a new code of a gateway on the loopback address on the page of a session that "
        "polls, in Chromium: from the gateway's answer until the browser has painted it; the "
        "slowest.",
    ),
    Measure(
        "sending",
        "tests.bench.sending:sending",
        "5,000 messages promised at once and sent by one process (`manage.py sweep_outbox "
        "--drain`) to a Cloud API on the loopback address that takes 50 ms for each answer: "
        "at a limit of 80/s, with the most that came within any second by the provider's own "
        "ledger, and with the limit lifted; 1,000,000 sends of before lie beside them. "
        "`enqueue` promises 10,000 notifications.",
    ),
    Measure(
        "live",
        "tests.bench.live:live",
        "a change of a ticket (`tickets.change`, its commit included) until a page that "
        "shows the ticket has heard of it and fetched itself anew, at 200 open pages of 20 "
        "tickets: streams and pages each served as the image serves them, ten pages fetch "
        "at once after each change. `live_heard` is until each of the 200 streams has "
        "heard; the 95th percentiles.",
    ),
    Measure(
        "live_memory",
        "tests.bench.live:live_memory",
        "proportional set size of the process of event streams with 1,000 open streams of "
        "100 browser sessions over loopback, after each has heard of 20 changes; "
        "`live_memory_each` is what one more stream costs.",
    ),
    Measure(
        "notifications",
        "tests.bench.notifications:notifications",
        "10,000 tickets of as many clients, who wrote within 24 hours: the planner's answer "
        "whom their being resolved would reach by which way, and then the change itself in "
        "one transaction: tickets, history, notifications with a signed link each, and the "
        "promises in the outbox.",
    ),
    Measure(
        "events",
        "tests.bench.events:events",
        "an event that another system tells, from the parsed body to the commit, in one "
        "process: the 95th percentile. `event_post` posts signed events that wait for eight "
        "receivers on the loopback address, each attempt with its row in the log.",
    ),
    Measure(
        "memory",
        "tests.bench.memory:memory",
        "proportional set size of everything that `manage.py up` starts, 20 s after it "
        "said ready, without PostgreSQL and Valkey.",
    ),
]

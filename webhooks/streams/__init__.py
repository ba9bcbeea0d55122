"""Live pages: server-sent events that say which rows have changed. Beside the receiver, the
other small ASGI application in front of Django; see docs/adr/0025-live-pages.md.

`application` answers, `admission` says who may listen, `hub` hears Redis and hands round,
`frames` is what goes over the wire.
"""

"""`/api/`: JSON for other systems, by bearer. No session, no cookie, no CSRF token.

`middleware` is the short path in front of the pages, `bearers` says who asks (`server` asks
the OAuth server, `cache` remembers its word for seconds), `guards` what they may, `answers`
how it is said. Rooms above add views of their own with `guards.requires`.
"""

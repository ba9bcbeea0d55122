"""`/api/`: JSON for other systems, by bearer. No session, no cookie, no CSRF token.

`middleware` is the short path in front of the pages, `bearers` says who asks (`server` asks
the OAuth server, `cache` remembers its word for seconds), `operations` what can be asked
for, in `fields`; `guards` reads a request by its operation, `answers` is how it is said.
`listing` gives lists page by page, `repeats` makes a repeated request one deed, `openapi`
writes it all down. Rooms above add operations and views of their own.
"""

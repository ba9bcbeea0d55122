"""The central OAuth server: a role of its own process, never of Recado's.

Room 0. Installed by `config.settings.central` alone, with a database of its own: accounts,
passwords and second factors live there, and other systems sign people in through it.
allauth's identity provider does the protocol; what it leaves open is closed in
`validator.py` and `families.py`.
"""

"""Signing in at the installation's identity server, and living by what it says.

Room 0. `provider` sends people there and reads what they bring back, `people` and `rules`
turn it into users and roles, `grants` keeps the tokens, `sessions` and `middleware` end what
must end, `journal` writes down every attempt.
"""

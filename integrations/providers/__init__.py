"""The providers, one folder each. Only this room knows them; see gateway.py."""

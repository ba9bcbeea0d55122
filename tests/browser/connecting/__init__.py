"""The wizard that connects a number, driven against the loopback twins of the providers."""

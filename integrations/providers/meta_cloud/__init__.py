"""Meta's WhatsApp Cloud API, connected directly with the workspace's own Meta app."""

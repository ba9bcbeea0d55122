"""WAHA: a number on a gateway of one's own, linked like WhatsApp Web by a QR code."""

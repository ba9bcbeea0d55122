"""Small servers that play providers over loopback."""

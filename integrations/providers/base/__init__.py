"""The contract every provider keeps: frozen data in, frozen data out, no Django."""

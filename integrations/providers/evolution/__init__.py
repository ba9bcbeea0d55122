"""Evolution API v2: a gateway one runs oneself, connected by scanning a QR code."""

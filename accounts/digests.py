"""What is kept of a token in its stead, and by which it is found again. Room 0, pure.

Only for tokens of 256 random bits, which need no slow hash; never for a password.
"""

from hashlib import sha256


def of_token(token: str) -> bytes:
    # What people send may hold halves of characters, and is simply unknown then.
    return sha256(token.encode("utf-8", "surrogatepass")).digest()

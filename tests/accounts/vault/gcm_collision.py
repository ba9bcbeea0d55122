"""A ciphertext that AES-GCM opens under two keys: what the key commitment is there for."""

import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


def block_for_two_keys(first: bytes, second: bytes, nonce: bytes, data: bytes) -> bytes:
    """One ciphertext block and its tag, valid under both keys (Grubbs et al., 2017)."""
    fixed_first, fixed_second = (
        _fixed_part(key, nonce, data) for key in (first, second)
    )
    hash_first, hash_second = (_encrypt(key, 0) for key in (first, second))
    spread = _multiply(hash_first, hash_first) ^ _multiply(hash_second, hash_second)
    block = _multiply(fixed_first ^ fixed_second, _invert(spread))
    tag = fixed_first ^ _multiply(block, _multiply(hash_first, hash_first))
    return block.to_bytes(16) + tag.to_bytes(16)


def _fixed_part(key: bytes, nonce: bytes, data: bytes) -> int:
    """The tag of a message of one zero ciphertext block."""
    hash_key = _encrypt(key, 0)
    padded = data + bytes(-len(data) % 16) + bytes(16)
    padded += struct.pack(">QQ", len(data) * 8, 128)
    total = 0
    for start in range(0, len(padded), 16):
        total = _multiply(total ^ int.from_bytes(padded[start : start + 16]), hash_key)
    return total ^ _encrypt(key, int.from_bytes(nonce + b"\0\0\0\1"))


def _encrypt(key: bytes, block: int) -> int:
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305  # one block, by definition
    return int.from_bytes(encryptor.update(block.to_bytes(16)))


def _multiply(left: int, right: int) -> int:
    """In GCM's field, whose bits run from the most significant one down."""
    product = 0
    for position in range(127, -1, -1):
        if left >> position & 1:
            product ^= right
        right = right >> 1 ^ (0xE1 << 120 if right & 1 else 0)
    return product


def _invert(value: int) -> int:
    result, power = 1 << 127, value
    for _ in range(127):  # value ** (2**128 - 2)
        power = _multiply(power, power)
        result = _multiply(result, power)
    return result

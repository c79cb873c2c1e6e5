#!/usr/bin/env python3
"""Opens the golden objects with a second implementation, written from docs/FORMAT.md.

Only the standard library is used (AES-256 and GCM are spelled out, slowly, below), and the system's
libzstd through ctypes for what is compressed. Run it as
`python3 tests/format/check_golden.py`; it prints one line for each object and fails on the first
difference.
"""
import base64
import ctypes
import ctypes.util
import hashlib
import hmac
import pathlib
import re
import struct

# --- AES-256 (FIPS 197), encryption only, and GCM (NIST SP 800-38D) ---


def xtime(a):
    return ((a << 1) ^ 0x11B) & 0xFF if a & 0x80 else a << 1


def make_sbox():
    sbox, p, q = [0x63] * 256, 1, 1
    while True:
        p ^= xtime(p)
        q ^= q << 1
        q ^= q << 2
        q = (q ^ (q << 4)) & 0xFF
        q ^= 0x09 if q & 0x80 else 0
        rotations = q
        for shift in range(1, 5):
            rotations ^= ((q << shift) | (q >> (8 - shift))) & 0xFF
        sbox[p] = rotations ^ 0x63
        if p == 1:
            return sbox


SBOX = make_sbox()


def expand_key(key):
    words, rcon = [list(key[i : i + 4]) for i in range(0, 32, 4)], 1
    for i in range(8, 60):
        word = list(words[i - 1])
        if i % 8 == 0:
            word = [SBOX[b] for b in word[1:] + word[:1]]
            word[0] ^= rcon
            rcon = xtime(rcon)
        elif i % 8 == 4:
            word = [SBOX[b] for b in word]
        words.append([a ^ b for a, b in zip(words[i - 8], word)])
    return [sum(words[4 * r : 4 * r + 4], []) for r in range(15)]


def encrypt_block(round_keys, block):
    state = [a ^ b for a, b in zip(block, round_keys[0])]
    for number in range(1, 15):
        state = [SBOX[state[(i + 4 * (i % 4)) % 16]] for i in range(16)]
        if number < 14:
            mixed = []
            for c in range(0, 16, 4):
                column = state[c : c + 4]
                everything = column[0] ^ column[1] ^ column[2] ^ column[3]
                mixed += [
                    column[i] ^ everything ^ xtime(column[i] ^ column[(i + 1) % 4])
                    for i in range(4)
                ]
            state = mixed
        state = [a ^ b for a, b in zip(state, round_keys[number])]
    return bytes(state)


def ctr(round_keys, start, message, counter_bits):
    out, mask = b"", (1 << counter_bits) - 1
    block = int.from_bytes(start, "big")
    for i in range(0, len(message), 16):
        stream = encrypt_block(round_keys, block.to_bytes(16, "big"))
        out += bytes(a ^ b for a, b in zip(message[i : i + 16], stream))
        block = (block & ~mask) | ((block + 1) & mask)
    return out


def ghash(h, message):
    y = 0
    for i in range(0, len(message), 16):
        y ^= int.from_bytes(message[i : i + 16], "big")
        z, v = 0, h
        for bit in range(127, -1, -1):
            if y >> bit & 1:
                z ^= v
            v = (v >> 1) ^ (0xE1 << 120 if v & 1 else 0)
        y = z
    return y


def pad16(message):
    return message + bytes(-len(message) % 16)


def gcm_open(key, nonce, associated, sealed):
    round_keys, ciphertext, tag = expand_key(key), sealed[:-16], sealed[-16:]
    h = int.from_bytes(encrypt_block(round_keys, bytes(16)), "big")
    lengths = struct.pack(">QQ", 8 * len(associated), 8 * len(ciphertext))
    digest = ghash(h, pad16(associated) + pad16(ciphertext) + lengths)
    mask = int.from_bytes(encrypt_block(round_keys, nonce + b"\0\0\0\1"), "big")
    assert (digest ^ mask).to_bytes(16, "big") == tag, "wrong tag"
    return ctr(round_keys, nonce + b"\0\0\0\2", ciphertext, 32)


# --- zstd (RFC 8878) with a prefix ---


def zstd():
    library = ctypes.CDLL(ctypes.util.find_library("zstd") or "libzstd.so.1")
    library.ZSTD_createDCtx.restype = ctypes.c_void_p
    library.ZSTD_getFrameContentSize.restype = ctypes.c_uint64
    library.ZSTD_DCtx_refPrefix.restype = ctypes.c_size_t
    library.ZSTD_decompressDCtx.restype = ctypes.c_size_t
    return library


def decompress(stored, prefix, size):
    library = zstd()
    assert library.ZSTD_getFrameContentSize(stored, ctypes.c_size_t(len(stored))) == size
    context = ctypes.c_void_p(library.ZSTD_createDCtx())
    plain = ctypes.create_string_buffer(size)
    library.ZSTD_DCtx_refPrefix(context, prefix, ctypes.c_size_t(len(prefix)))
    written = library.ZSTD_decompressDCtx(
        context, plain, ctypes.c_size_t(size), stored, ctypes.c_size_t(len(stored))
    )
    library.ZSTD_freeDCtx(context)
    assert written == size, "zstd"
    return plain.raw


# --- The formats ---


def hkdf(key, salt, info, size):
    extracted = hmac.digest(salt, key, "sha256")
    out, last, counter = b"", b"", 1
    while len(out) < size:
        last = hmac.digest(extracted, last + info + bytes([counter]), "sha256")
        out, counter = out + last, counter + 1
    return out[:size]


def counting(size, first):
    return bytes((first + i) & 0xFF for i in range(size))


NAMESPACE = counting(16, 0x40)
DEDUP, GENERATION_1 = counting(64, 0)[:32], counting(64, 0)[32:]


def derive(root, label):
    return hkdf(root, NAMESPACE, b"syncengine/v1/" + label, 32)


def object_key(generation_label, label, salt):
    parent = derive(GENERATION_1, generation_label)
    okm = hkdf(parent, salt, b"syncengine/v1/" + label + NAMESPACE, 64)
    return okm[:32], okm[32:]


def block_id(plain, label=b"block-id"):
    return hmac.digest(derive(DEDUP, label), plain, "sha256")


def open_frame(frame, id_label, bases=()):
    kind, compression = frame[6:8]
    assert frame[:6] == b"SEF1\1\1" and kind in (1, 2, 3) and compression in (0, 1)
    size, generation, counter = struct.unpack_from("<IIQ", frame, 8)
    assert size == len(frame) and generation == 1
    salt, commitment = frame[24:56], frame[56:88]
    plain_size, stored_size, count = struct.unpack_from("<III", frame, 88)
    assert plain_size == stored_size if compression == 0 else plain_size > stored_size
    header = len(frame) - 24 - stored_size
    key, expected = object_key(b"blocks", b"frame", salt)
    assert commitment == expected
    nonce = struct.pack("<QI", counter, 0)
    plain = gcm_open(key, nonce, frame[:header] + NAMESPACE, frame[header:-8])
    assert len(plain) == stored_size
    listed = frame[100 + 32 * count : header]
    if kind == 3:
        depth, number = struct.unpack_from("<II", listed)
        assert compression == 1 and 1 <= depth <= 8
        assert listed[8:] == b"".join(block_id(base) for base in bases) and number == len(bases)
    if compression == 1:
        plain = decompress(plain, b"".join(bases), plain_size)
    lengths = struct.unpack_from(f"<{count}I", plain)
    blocks, at = [], 4 * count
    for i, length in enumerate(lengths):
        blocks.append(plain[at : at + length])
        at += length
        assert block_id(blocks[i], id_label) == frame[100 + 32 * i : 132 + 32 * i]
    assert at == len(plain)
    return blocks, listed


def open_envelope(sealed, magic, generation_label, label):
    assert sealed[:10] == magic + struct.pack("<BBI", 1, 1, 1)
    key, commitment = object_key(generation_label, label, sealed[10:26])
    assert sealed[26:58] == commitment
    return gcm_open(key, bytes(12), sealed[:58] + NAMESPACE, sealed[58:])


def open_slot(slot, stretched):
    assert slot[:5] == b"SEK1\1" and slot[14:30] == NAMESPACE
    salt, nonce, commitment = slot[30:62], slot[62:74], slot[74:106]
    okm = hkdf(stretched, salt, b"syncengine/v1/slot" + NAMESPACE, 64)
    assert okm[32:] == commitment
    return gcm_open(okm[:32], nonce, slot[:106], slot[106:])


def open_name(token):
    text = token.decode()
    sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    assert sealed[0] == 1
    iv = sealed[1:17]
    name = ctr(expand_key(derive(DEDUP, b"name-cipher")), iv, sealed[17:], 128)
    assert hmac.digest(derive(DEDUP, b"name-mac"), name, "sha256")[:16] == iv
    return name


def manifest_node():
    entries = b"".join(
        block_id(block) + struct.pack("<Q", len(block)) for block in (b"hello, ", b"syncengine")
    )
    return struct.pack("<BBI", 1, 0, 2) + entries


def golden_base():
    noise, state = b"", 1
    for _ in range(1000):
        state = (state * 1103515245 + 12345) & 0xFFFFFFFF
        noise += bytes([state >> 16 & 0xFF])
    return noise


def main():
    text = (pathlib.Path(__file__).parent / "golden_vectors.inc").read_text()
    golden = {}
    for name, body in re.findall(r'\{"(\w+)",((?:\s*"[0-9a-f]+")+)\}', text):
        golden[name] = bytes.fromhex("".join(re.findall(r'"([0-9a-f]+)"', body)))

    bundle = struct.pack("<B", 1) + NAMESPACE + DEDUP + struct.pack("<II", 1, 1) + GENERATION_1
    salt = counting(32, 0x10)
    ids = sorted([block_id(b"hello, "), block_id(b"syncengine")])
    scrypt = hashlib.scrypt(b"passphrase", salt=salt, n=1 << 15, r=8, p=1, maxmem=1 << 26, dklen=32)
    frames = golden["data_frame"], golden["manifest_frame"]
    checks = {
        "bundle": golden["bundle"] == bundle,
        "block_id": golden["block_id"] == block_id(b"hello, "),
        "chunker_key": golden["chunker_key"] == derive(DEDUP, b"chunker"),
        "data_frame": open_frame(frames[0], b"block-id") == ([b"hello, ", b"syncengine"], b""),
        "delta_frame": open_frame(golden["delta_frame"], b"block-id", [golden_base()])[0]
        == [golden_base()[:500] + b"edit" + golden_base()[504:]],
        "manifest_frame": open_frame(frames[1], b"manifest-id")
        == ([manifest_node()], struct.pack("<I", 2) + b"".join(ids)),
        "segment": golden["segment"][40:].startswith(frames[0] + frames[1]),
        "root_key_slot": open_slot(golden["root_key_slot"], counting(32, 0xD0)) == bundle,
        "passphrase_slot": open_slot(golden["passphrase_slot"], scrypt) == bundle,
        "manifest_node": golden["manifest_node"] == manifest_node(),
        "manifest_root": open_envelope(
            golden["manifest_root"], b"SEM1", b"manifests", b"manifest"
        )
        == manifest_node(),
        "sealed_name": open_name(golden["sealed_name"]) == b"hello.txt",
        "sealed_attributes": open_envelope(
            golden["sealed_attributes"], b"SEA1", b"attributes", b"attribute"
        )
        == struct.pack("<BqIH", 1, -1, 0o644, 0),
    }
    for name, same in checks.items():
        print(f"{name}: {'ok' if same else 'DIFFERENT'}")
    if not all(checks.values()):
        raise SystemExit(1)


if __name__ == "__main__":
    main()

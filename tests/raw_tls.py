"""A TLS client that sends whatever records it is told to. Python's ssl makes the handshake and tells the
secrets; the records are encrypted here, by the libcrypto that Python has."""

import ctypes
import hashlib
import hmac
import ssl
import struct
import tempfile

CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, DATA = 20, 21, 22, 23
GET_TAG = 0x10  # EVP_CTRL_AEAD_GET_TAG
TAG_SIZE = 16

libcrypto = ctypes.CDLL("libcrypto.so.3")
for function in ("EVP_CIPHER_CTX_new", "EVP_aes_256_gcm"):
    getattr(libcrypto, function).restype = ctypes.c_void_p


class Aes256Gcm:
    def __init__(self, key):
        self._key = key
        self._context = ctypes.c_void_p(libcrypto.EVP_CIPHER_CTX_new())
        self._cipher = ctypes.c_void_p(libcrypto.EVP_aes_256_gcm())

    def encrypted(self, nonce, text, additional):
        size = ctypes.c_int()
        out = ctypes.create_string_buffer(len(text) + TAG_SIZE)
        tag = ctypes.create_string_buffer(TAG_SIZE)
        done = [libcrypto.EVP_EncryptInit_ex(self._context, self._cipher, None, self._key, nonce),
                libcrypto.EVP_EncryptUpdate(self._context, None, ctypes.byref(size), additional,
                                            len(additional)),
                libcrypto.EVP_EncryptUpdate(self._context, out, ctypes.byref(size), text, len(text)),
                libcrypto.EVP_EncryptFinal_ex(self._context, tag, ctypes.byref(size)),
                libcrypto.EVP_CIPHER_CTX_ctrl(self._context, GET_TAG, TAG_SIZE, tag)]
        if done != 5 * [1]:
            raise RuntimeError("libcrypto does not encrypt")
        return out.raw[:len(text)] + tag.raw

    def __del__(self):
        libcrypto.EVP_CIPHER_CTX_free(self._context)


def digest(key, text):
    return hmac.new(key, text, hashlib.sha384).digest()


def expanded(secret, label, size):
    """HKDF-Expand-Label of TLS 1.3 (RFC 8446, section 7.1), for at most one digest."""
    label = b"tls13 " + label
    info = struct.pack("!HB", size, len(label)) + label + b"\0"
    return digest(secret, info + b"\1")[:size]


def expanded_12(secret, seed, size):
    """The PRF of TLS 1.2 (RFC 5246, section 5)."""
    out, a = b"", seed
    while len(out) < size:
        a = digest(secret, a)
        out += digest(secret, a + seed)
    return out[:size]


class RawTls:
    """A connection over `connected`, a socket, after the handshake. Both versions have AES-256-GCM and
    SHA-384 as the exporter's first choice."""

    def __init__(self, connected, version=ssl.TLSVersion.TLSv1_3):
        self.socket = connected
        self._is_13 = version == ssl.TLSVersion.TLSv1_3
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.minimum_version = context.maximum_version = version
        with tempfile.NamedTemporaryFile("r") as keylog:
            context.keylog_filename = keylog.name
            server_hello = self._shake_hands(context)
            secrets = {name: (bytes.fromhex(random), bytes.fromhex(secret)) for name, random, secret in
                       (line.split() for line in keylog if not line.startswith("#"))}
        if self._is_13:
            self._use(secrets["CLIENT_TRAFFIC_SECRET_0"][1])
        else:
            client_random, master = secrets["CLIENT_RANDOM"]
            server_random = server_hello[11:43]  # behind the headers of record and message
            block = expanded_12(master, b"key expansion" + server_random + client_random, 72)
            self._aes, self._iv, self._sequence = Aes256Gcm(block[:32]), block[64:68], 1

    def _shake_hands(self, context):
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing)
        received = b""
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self.socket.sendall(outgoing.read())
                part = self.socket.recv(65536)
                if not part:
                    raise ConnectionError("closed during the handshake") from None
                received += part
                incoming.write(part)
        self.socket.sendall(outgoing.read())
        if tls.cipher()[0] not in ("TLS_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"):
            raise RuntimeError(f"unexpected cipher suite {tls.cipher()}")
        return received

    def _use(self, secret):
        self._secret = secret
        self._aes = Aes256Gcm(expanded(secret, b"key", 32))
        self._iv, self._sequence = expanded(secret, b"iv", 12), 0

    def record(self, kind, content):
        sequence = struct.pack("!Q", self._sequence)
        self._sequence += 1
        if self._is_13:
            nonce = bytes(a ^ b for a, b in zip(self._iv, 4 * b"\0" + sequence))
            header = struct.pack("!BHH", DATA, 0x0303, len(content) + 1 + TAG_SIZE)
            return header + self._aes.encrypted(nonce, content + bytes([kind]), header)
        additional = sequence + struct.pack("!BHH", kind, 0x0303, len(content))
        sealed = sequence + self._aes.encrypted(self._iv + sequence, content, additional)
        return struct.pack("!BHH", kind, 0x0303, len(sealed)) + sealed

    def key_update(self, requested=False):
        out = self.record(HANDSHAKE, b"\x18\0\0\1" + bytes([requested]))
        self._use(expanded(self._secret, b"traffic upd", 48))
        return out

    def data(self, content):
        return self.record(DATA, content)


def plain(kind, content):
    """A record that is not encrypted."""
    return struct.pack("!BHH", kind, 0x0301, len(content)) + content


def hello_that_announces(size):
    """The beginning of a ClientHello of so many bytes."""
    return plain(HANDSHAKE, b"\1" + struct.pack("!I", size)[1:] + b"\3\3" + 32 * b"r")

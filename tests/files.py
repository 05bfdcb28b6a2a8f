"""Small files of every kind, honest ones and others."""

import struct
import zlib

PDF_PARTS = (
    b"<< /Type /Catalog /Pages 2 0 R%s >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] >>",
)  # fmt: skip


def pdf(catalog: bytes = b"", more: bytes = b"") -> bytes:
    """One empty page."""
    out, places = b"%PDF-1.4\n", []
    for number, part in enumerate((PDF_PARTS[0] % catalog, *PDF_PARTS[1:]), start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    start = len(out)
    out += b"xref\n0 4\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + b"trailer\n<< /Size 4 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % start + more


def png(width: int = 2, height: int = 2, more: bytes = b"") -> bytes:
    """Black, and as small as black can be packed."""
    rows = zlib.compressobj(9)
    packed = b"".join(rows.compress(bytes(1 + (width + 7) // 8)) for _ in range(height)) + rows.flush()
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    parts = (b"IHDR", head), (b"IDAT", packed), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_part(*part) for part in parts) + more


def _part(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def jpeg(width: int = 4, height: int = 4) -> bytes:
    frame = struct.pack(">HBHHBBBB", 11, 8, height, width, 1, 1, 0x11, 0)
    scan = struct.pack(">HBBBBBB", 8, 1, 1, 0, 0, 63, 0)
    return (
        b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xc0"
        + frame
        + b"\xff\xda"
        + scan
        + b"\x00\xff\xd9"
    )


def wav(samples: int = 800, says: int | None = None, rate: int = 8000, each_second: int = 8000) -> bytes:
    """Silence; its header `says` how many bytes of sound there are."""
    form = struct.pack("<HHIIHH", 1, 1, rate, each_second, 1, 8)
    said = samples if says is None else says
    body = b"WAVEfmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", said) + bytes([128]) * samples
    return b"RIFF" + struct.pack("<I", 36 + said) + body


def mp3(frames: int = 4) -> bytes:
    """Frames of MPEG 1 layer III, 128 kbit/s at 44.1 kHz."""
    return (b"\xff\xfb\x90\x00" + bytes(413)) * frames


def archive(bomb: int = 0) -> bytes:
    """A zip, as a docx is one; with `bomb` megabytes of zeros in it."""
    import io
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("[Content_Types].xml", b"<Types/>")
        packed.writestr("word/document.xml", bytes(bomb * 1024 * 1024))
    return out.getvalue()

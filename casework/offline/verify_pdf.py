"""Checks a signed decision (PDF) without the system it comes from and without a network; see --help. Needs Python 3.9
or later, `cryptography` 42 or later, and verify.py, time_stamp.py and pdf_*.py beside it; where printed_text.py is,
too, the pages are compared with the decision attached as data. Sentences are in Chinese ¦ and in English.

The proof leads from the ledger's entry that issued the document to the root of the log that is the whole ledger
(RFC 9162), which the log and its witnesses have signed (C2SP signed-note, tlog-proof). The keys are those of log and
witnesses (vkeys, a line each), the root of the certificates and the list of those that are revoked (PEM)."""

import argparse
import json
import os
import re
import sys
from datetime import datetime
from hashlib import sha256
from pathlib import Path

sys.dont_write_bytecode = True  # an export holds what its manifest says, and nothing more
try:
    from pdf_checks import UNCHECKED, PdfChecks, covered, issued_by, told
    from pdf_file import MOST, Pdf
    from pdf_signature import Untold, known
    from pdf_stamp import issued_part, only_stamped, stamped_at
    from time_stamp import CLOCKS_DIFFER
    from verify import LOG, WITNESS, decoded, head_proven, is_signed, keys_in, need
except ImportError as missing:
    print(f"无法判断 ¦ could not tell: {missing}")
    raise SystemExit(2) from None

CHECKS = ("parse", "log", "witnesses", "key", "on_record", "file_hash", "signatures", "expected_signers")
CHECKS += ("covers_whole_file", "modifications", "snapshot")
ISSUING = ("issue", "attest")
ENCLOSED = ("root.crt.pem", "root.crl.pem", "log.vkey", "witnesses.vkey")
PEM = re.compile(r"-----BEGIN (CERTIFICATE|X509 CRL)-----[^-]*-----END \1-----")
NO_PROOF, MOST_PROOF = "没有给出证明 ¦ no proof was given", 32 << 20  # bytes


class Checks(PdfChecks):
    """A method for each: what it found, and about what. It raises Untold where that cannot be told, else a fault."""

    def __init__(self, asked):
        with open(asked.file, "rb") as file:
            self.data = file.read(MOST + 1)
        self.asked, self.pdf, self.entry, self.note = asked, None, None, None
        self.whole, self.stamp = None, None  # where a time stamp is behind the issued file: with it, and which it is
        self.roots, self.crls, self.keys, home = [], [], {LOG: [], WITNESS: []}, asked.file.resolve().parent
        self.export = home.parent if home.name == "documents" else None

    def result(self, code):
        """(status, sentence, about what) of a check."""
        try:
            return ("ok", *getattr(self, code)())
        except Untold as problem:
            return ("unknown", *told(problem))
        except (OSError, ImportError) as problem:
            return "unknown", "无法校验 ¦ it cannot be checked", problem
        except Exception as problem:
            return ("FAILED", *told(problem))

    def key(self):
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.x509 import load_pem_x509_certificate, load_pem_x509_crl

        enclosed = [self.export / "keys" / name for name in ENCLOSED] if self.export else []
        given = [self.asked.keys] if self.asked.keys else [path for path in enclosed if path.exists()]
        text = "\n".join(path.read_text("utf-8") for path in given)
        known(text.strip(), "没有公钥 ¦ no keys were given")
        blocks = [(found[1], found[0].encode()) for found in PEM.finditer(text)]
        self.roots = [load_pem_x509_certificate(block) for kind, block in blocks if kind == "CERTIFICATE"]
        self.crls = [load_pem_x509_crl(block) for kind, block in blocks if kind != "CERTIFICATE"]
        vkeys = [line.strip() for line in PEM.sub("", text).splitlines() if line.strip() and line[0] != "#"]
        for vkey in vkeys:
            kind = decoded(vkey.split("+", 2)[2])[0]
            need(kind in self.keys, "不是日志或见证方的公钥 ¦ it is no key of a log or a witness", vkey)
            self.keys[kind] += keys_in(vkey.encode(), kind)
        used = ", ".join([*vkeys, *(f"SHA-256 {root.fingerprint(SHA256()).hex()}" for root in self.roots)])
        known(self.asked.keys or self.asked.trust, "须与公布者核对 ¦ to be compared with those published", used)
        return "所用的公钥与根证书 ¦ the keys and the root that were used", used

    def parse(self):
        pdf = Pdf(self.data)
        need(pdf.signed, "没有签名 ¦ it bears no signature")
        self.whole, (self.pdf, self.stamp) = pdf, issued_part(pdf)
        self.data, pdf = self.pdf.data, self.pdf
        return "文件可以读取，页数、签名数 ¦ it can be read; pages, signatures", f"{len(pdf.pages)}, {len(pdf.signed)}"

    def log(self):
        proof, entry = self._proof()
        self.note = proof.partition(b"\n\n")[2].decode()
        lines = proof.split(b"\n", 2)
        if lines[1].startswith(b"extra "):
            entry, proof = decoded(lines[1][6:].decode()), lines[0] + b"\n" + lines[2]
        known(entry, "证明不含记录 ¦ the proof does not hold the entry")
        self.entry = json.loads(entry)
        origin, size, _root = head_proven(proof, entry, "")
        known(self.keys[LOG], "没有日志的公钥 ¦ no key of the log was given", origin)
        signed = [key[0] == origin and is_signed(self.note, LOG, *key) for key in self.keys[LOG]]
        need(any(signed), "检查点没有该日志的签名 ¦ the checkpoint is not signed by the log", origin)
        place = proof.split(b"\n")[1].decode()[6:]
        return "记录在日志中，其位置、条数 ¦ the entry is in the log; place, entries", f"{place}, {size}, {origin}"

    def _proof(self):
        """The proof, and the entry if that is not in it. In an export they lie in their own places."""
        path, entry, document = self.asked.proof, None, self.asked.file.stem.removesuffix(".stamped").partition("-")[2]
        if self.export and (self.export / "entries.jsonl").exists():
            with open(self.export / "entries.jsonl", "rb") as lines:
                for number, line in enumerate(lines, 1):
                    if document in (one["document"] for one in issued_by(json.loads(line))):
                        entry, path = line.rstrip(b"\n"), path or self.export / "proofs" / f"{number}.tlog-proof"
            need(path, "没有记录签发它 ¦ no entry issued it", document)
        known(path, NO_PROOF)
        with open(path, "rb") as file:
            return file.read(MOST_PROOF), entry

    def witnesses(self):
        known(self.note, NO_PROOF)
        names = ", ".join(key[0] for key in self.keys[WITNESS])
        known(names or self.asked.trust, "没有见证方 ¦ there is no witness")
        lacking = ", ".join(key[0] for key in self.keys[WITNESS] if not is_signed(self.note, WITNESS, *key))
        known(not lacking, "未联署 ¦ not cosigned by", lacking)
        return "联署 ¦ cosigned by" if names else "没有见证方 ¦ there is no witness", names

    def on_record(self):
        known(self.entry, NO_PROOF)
        decision, issued = self.decision()[1], issued_by(self.entry)
        right = decision["id"] in (one["document"] for one in issued) and self.entry["action"] in ISSUING
        right = right and self.entry["stream"] == f"case:{decision['number']}"
        need(right, "记录签发的不是它 ¦ the entry did not issue it", decision["id"])
        return "签发于 ¦ it was issued in", f"{decision['number']}, {self.entry['received_at']}"

    def file_hash(self):
        known(len(self.data) <= MOST, UNCHECKED)
        digest = sha256(self.data).hexdigest()
        known(self.entry, NO_PROOF, digest)
        same = digest in (one["file_sha256"] for one in issued_by(self.entry))
        need(same, "文件不是所签发的 ¦ the file is not the one that was issued", digest)
        if self.stamp:
            return (
                "文件开头与签发时逐字节相同，其后是时间戳 ¦ it begins with the issued file; a time stamp follows",
                digest,
            )
        return "文件与签发时逐字节相同 ¦ byte for byte the file that was issued", digest

    def covers_whole_file(self):
        told = super().covers_whole_file()
        if not self.stamp:
            return told
        rest = len(self.whole.data) - covered(self.whole, self.stamp)[1]
        need(not rest, "时间戳之后还有内容，字节 ¦ bytes after the time stamp", rest)
        return "时间戳直到文件末尾 ¦ the time stamp reaches the end of the file", ""

    def modifications(self):
        told = super().modifications()
        sound = not self.stamp or only_stamped(self.whole, self.pdf, self.stamp)
        need(sound, "签发后除时间戳外另有内容 ¦ more than a time stamp stands behind the issued file")
        return told

    def time_stamp(self):
        from cryptography.x509 import load_pem_x509_certificates

        enclosed = self.export and self.export / "keys" / "tsa.crt.pem"
        path = self.asked.tsa or (enclosed if enclosed and enclosed.exists() else None)
        at, by = stamped_at(self.whole, self.stamp, load_pem_x509_certificates(path.read_bytes()) if path else [])
        issued = self.entry and datetime.fromisoformat(self.entry["received_at"].replace("Z", "+00:00"))
        need(not issued or at >= issued - CLOCKS_DIFFER, "时间戳早于签发 ¦ the time stamp is older than the issue", at)
        known(self.asked.tsa or self.asked.trust, "须与公布者核对 ¦ to be compared with those published", path)
        return "时间戳服务机构、时间 ¦ a time authority saw it; who, when", f"{by}, {at:%Y-%m-%d %H:%M:%S} UTC"


def main():
    parser = argparse.ArgumentParser(description="校验已签署的文书 ¦ Checks a signed decision")
    parser.add_argument("file", type=Path, metavar="FILE.pdf", help="文书 ¦ the decision")
    parser.add_argument("proof", nargs="?", type=Path, metavar="PROOF.tlog-proof", help="证明 ¦ its proof")
    parser.add_argument("--keys", type=Path, metavar="FILE", help="公布的公钥与根证书 ¦ keys and root as published")
    parser.add_argument("--tsa-roots", dest="tsa", type=Path, metavar="FILE", help="时间戳根证书 ¦ of a time authority")
    parser.add_argument("--trust-enclosed-keys", dest="trust", action="store_true", help="采信随附者 ¦ trust them")
    asked, found = parser.parse_args(), dict.fromkeys(CHECKS, ("unknown", UNCHECKED, ""))
    try:
        checks = Checks(asked)
        for code in sorted(CHECKS, key=lambda code: code != "key"):  # the keys are read before they are used
            found[code] = checks.result(code)
        if checks.stamp:
            found["time_stamp"] = checks.result("time_stamp")
    except (OSError, ImportError) as problem:
        found["parse"] = ("unknown", "无法校验 ¦ it cannot be checked", problem)
    marks = [status for status, _said, _about in found.values()]
    code = 1 if "FAILED" in marks else 2 if "unknown" in marks else 0
    side = next(filter(None, map(os.environ.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), "").lower()[:2] != "zh"
    for name in found:
        status, said, about = found[name]
        text = said.split(" ¦ ")[side] + (f"{('：', ': ')[side]}{about}" if about != "" else "")
        print(f"{status:<7}  {name:<17}  {''.join(c if c.isprintable() else '?' for c in text)}")
    print(("真实 ¦ genuine", "不真实 ¦ not genuine", "无法判断 ¦ could not tell")[code].split(" ¦ ")[side])
    return code


if __name__ == "__main__":
    raise SystemExit(main())

"""Checks an exported case without the system it comes from and without a network; see --help. verify.mjs does the same
and shares no code with this. Needs Python 3.9 or later, `cryptography` and, where there is a time stamp, time_stamp.py.

export.json, the ledger's entry about the export, has the SHA-256 of the manifest, that has those of other files, and of
the case's last entry; each entry has that of the one before. Each proof leads from an entry to the root of the log that
is the whole ledger (RFC 9162), which the log and its witnesses have signed (C2SP signed-note, tlog-proof)."""

import argparse
import json
import os
import re
import sys
import zipfile
from base64 import b64decode, b64encode
from hashlib import sha256
from pathlib import Path

CHECKS = ("files", "chain", "texts", "documents", "proofs", "checkpoint", "witnesses", "key", "manifest", "time_stamp")
LOG, WITNESS = 1, 4  # of keys
ENCLOSED = {LOG: "keys/log.vkey", WITNESS: "keys/witnesses.vkey"}
MOST, MOST_LINE, MOST_PROOF = 2 << 30, 16 << 20, 100_000  # bytes
NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")


def need(truth, said, about=""):
    if not truth:
        raise ValueError(said, about)


def files_in(where):
    """{name: content} of a folder or a zip."""
    if os.path.isdir(where):
        tree = sorted(Path(where).rglob("*"))
        need(not any(one.is_symlink() for one in tree), "有链接 ¦ there are links")
        found = [(one.relative_to(where).as_posix(), one.open, "rb") for one in tree if one.is_file()]
    else:
        archive = zipfile.ZipFile(where)
        found = [(one.filename, archive.open, one) for one in archive.infolist() if not one.is_dir()]
    need(len(found) == len({name.lower() for name, *_rest in found}), "有重名的文件 ¦ two files have one name")
    files, left = {}, MOST
    for name, opened, how in found:
        need(NAME.fullmatch(name), "不允许的文件名 ¦ a name that is not allowed", name)
        with opened(how) as file:
            files[name] = file.read(left + 1)
        left -= len(files[name])
        need(left >= 0, "文件总量过大 ¦ the files are too large", name)
    return files


def lines_of(content):
    *lines, end = content.split(b"\n")
    need(not end and max(map(len, lines), default=0) <= MOST_LINE, "行不完整 ¦ lines are cut off or too long")
    return lines


def checks(asked):
    """What each check found, about what, and whether that can be told. Raises where one has failed."""
    files, given, trust = files_in(asked.export), {LOG: asked.log, WITNESS: asked.witness}, asked.trust
    yield "文件可以读取 ¦ the files can be read", len(files), True
    export, lines = json.loads(files["export.json"]), lines_of(files["entries.jsonl"])
    data, entries, number, last = export["data"], [json.loads(line) for line in lines], 0, "0" * 64
    for number, entry in enumerate(entries, 1):
        follows = (entry["stream"], entry["seq"], entry["previous"]) == (f"case:{export['case']}", number, last)
        need(follows, "记录与前一条不相接 ¦ an entry does not follow the one before it", number)
        last = sha256(lines[number - 1]).hexdigest()
    need(lines and [number, last] == [data["entries"], data["head"]], "末条不是它 ¦ another was the last entry", number)
    yield "记录逐条相接 ¦ each entry follows the one before it", number, True
    by_id, texts = {entry["id"]: entry for entry in entries}, lines_of(files["texts.jsonl"])
    for text in map(json.loads, texts):
        place = by_id[text["event"]]
        for step in text["path"].split("."):
            place = place[int(step) if isinstance(place, list) else step]
        digest = sha256(bytes.fromhex(text["salt"]) + text["text"].encode()).hexdigest()
        need(place == {"sha256": digest}, "文字与记录不符 ¦ a text is not the one of its entry", text["path"])
    yield "文字均与记录一致 ¦ each text is the one of its entry", len(texts), True
    issued = {}
    for one in (one for entry in entries for one in entry.get("documents", ()) if one["state"] == "issued"):
        name = f"documents/{one['kind']}-{one['document']}"
        issued.update({f"{name}.pdf": one["file_sha256"], f"{name}.json": one["snapshot_sha256"]})
    for name in sorted({*issued, *(one for one in files if re.search(r"^documents/|\.[pP][dD][fF]$", one))}):
        plain = name.replace(".stamped.pdf", ".pdf")  # verify_pdf.py checks what stands behind it
        same = sha256(files[name][: len(files[plain])]).hexdigest() == issued.get(plain)
        need(same, "不是所签发的文书 ¦ not an issued decision", name)
    yield "文书均与签发时一致 ¦ each decision is as it was issued", len(issued) // 2, True
    proven = {f"proofs/{number}.tlog-proof": line for number, line in enumerate(lines, 1)}
    proven["proofs/export.tlog-proof"] = files["export.json"]
    (origin, size, root), *other = {head_proven(files[name], entry, name) for name, entry in proven.items()}
    need(not other, "各证明指向不同的检查点 ¦ the proofs lead to different checkpoints")
    yield "记录均在日志中，其条数与根 ¦ all entries are in the log, whose size and root are", f"{size} {root}", True
    notes = {files[name].decode().partition("\n\n")[2] for name in proven}
    texts = {kind: given[kind].read_bytes() if given[kind] else files[name] for kind, name in ENCLOSED.items()}
    own, others = (keys_in(text, kind) for kind, text in texts.items())
    signed = own and all(key[0] == origin and is_signed(note, LOG, *key) for note in notes for key in own)
    need(signed, "检查点没有该日志的签名 ¦ the checkpoint is not signed by the log", origin)
    yield "检查点由日志签名 ¦ the checkpoint is signed by the log", origin, True
    lacking = [key[0] for note in notes for key in others if not is_signed(note, WITNESS, *key)]
    said = "联署 ¦ cosigned by" if others else "没有见证方 ¦ there is no witness"
    names = ", ".join(lacking or [key[0] for key in others])
    yield "未联署 ¦ not cosigned by" if lacking else said, names, not lacking and bool(others or trust)
    only = " ".join(text.decode().strip() for kind, text in texts.items() if not given[kind]).strip()
    yield "须与公布者核对的公钥 ¦ keys to be compared with those published", only or "—", trust or not only
    listed, digest = json.loads(files["manifest.json"])["files"], sha256(files["manifest.json"]).hexdigest()
    recorded = [export["stream"], export["action"], data["what"], data["manifest"]]
    need(recorded == ["access", "exported", "case", digest], "台账所记的不是它 ¦ the ledger recorded another")
    for name in sorted({*listed, *files} - {"manifest.json", "export.json", *proven}):
        need(sha256(files[name]).hexdigest() == listed.get(name), "与清单不符 ¦ not as the manifest says", name)
    yield "文件均为所导出的 ¦ the files are as exported by", f"{export['actor']}, {export['received_at']}", True
    if not asked.tsa and not any(name.startswith("stamp/") for name in files):
        return (yield "没有时间戳 ¦ there is no time stamp", "", None)
    sys.dont_write_bytecode = True  # an export holds what its manifest says, and nothing more
    from time_stamp import case_stamp

    yield case_stamp(files, lines, origin, asked.tsa, trust)


def head_proven(proof, entry, name):
    """(origin, size, root) of the checkpoint whose log the proof finds the entry in (RFC 9162, 2.1.3.2)."""
    head, _empty, note = proof.decode().partition("\n\n")
    title, index, *path = head.split("\n")
    origin, size, root, *more = note.rpartition("\n\n")[0].split("\n")
    number, last, found = int(index[6:]), int(size) - 1, sha256(b"\0" + entry).digest()
    form = (title, index, size) == ("c2sp.org/tlog-proof@v1", f"index {number}", str(last + 1)) and "" not in more
    need(form and len(proof) <= MOST_PROOF and 0 <= number <= last, "不是有效的证明 ¦ it is no sound proof", name)
    for sibling in (decoded(line, 32) for line in path):
        need(last, "证明过长 ¦ a proof is too long", name)
        is_right = number & 1 or number == last
        found = sha256(b"\1" + (sibling + found if is_right else found + sibling)).digest()
        while is_right and number and not number & 1:
            number, last = number >> 1, last >> 1
        number, last = number >> 1, last >> 1
    need(not last and found == decoded(root, 32), "不是这条记录的证明 ¦ a proof does not prove its entry", name)
    return origin, size, root


def is_signed(note, kind, name, number, public):
    """Whether the key has signed the note. A false signature raises."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    body, _empty, signatures = note.rpartition("\n\n")
    *lines, end = signatures.split("\n")
    need(not end and min(note.replace("\n", " ")) >= " ", "不是签名的检查点 ¦ it is no signed checkpoint")
    found = False
    for dash, signer, coded in (line.split(" ") for line in lines):
        proof = decoded(coded)
        need(dash == "\N{EM DASH}" and len(proof) > 4, "签名行不对 ¦ a line below it is no signature")
        if (signer, proof[:4]) == (name, number):
            time = f"cosignature/v1\ntime {int.from_bytes(proof[4:12], 'big')}\n" if kind == WITNESS else ""
            Ed25519PublicKey.from_public_bytes(public).verify(proof[12 if time else 4 :], f"{time}{body}\n".encode())
            found = True
    return found


def keys_in(content, kind):
    """(name, number, public key) of each vkey."""
    found = []
    for vkey in content.decode().split():
        name, number, coded = vkey.split("+", 2)
        key = decoded(coded, 33)
        right = key[0] == kind and sha256(f"{name}\n".encode() + key).hexdigest()[:8] == number
        need(right, "不是所需的公钥 ¦ it is not a key of the kind that belongs here", vkey)
        found.append((name, bytes.fromhex(number), key[1:]))
    return found


def decoded(text, length=None):
    data = b64decode(text, validate=True)
    need(b64encode(data).decode() == text and len(data) == (length or len(data)), "编码不对 ¦ badly coded", text)
    return data


def main():
    parser = argparse.ArgumentParser(description="校验导出的案件卷宗 ¦ Checks an exported case")
    parser.add_argument("export", nargs="?", default=Path(__file__).parent, help="文件夹或 zip ¦ its folder or zip")
    parser.add_argument("--log-key", dest="log", type=Path, metavar="FILE", help="日志公钥 ¦ the log's key")
    parser.add_argument("--witness-key", dest="witness", type=Path, metavar="FILE", help="见证方公钥 ¦ witnesses' keys")
    parser.add_argument("--tsa-roots", dest="tsa", type=Path, metavar="FILE", help="时间戳根证书 ¦ of a time authority")
    parser.add_argument("--trust-enclosed-keys", dest="trust", action="store_true", help="采信随附者 ¦ trust them")
    asked, found = parser.parse_args(), []
    try:
        for said, about, is_known in checks(asked):
            found.append(({True: "ok", None: "note"}.get(is_known, "unknown"), said, about))
    except (OSError, ImportError, zipfile.BadZipFile) as problem:
        found.append(("unknown", "无法校验 ¦ it cannot be checked", problem))
    except Exception as problem:
        told = problem.args if len(problem.args) == 2 else ("缺失或有误 ¦ missing or wrong", repr(problem))
        found.append(("FAILED", *told))
    found += [("unknown", "未校验 ¦ not checked", "")] * (len(CHECKS) - len(found))
    code = 1 if any("FAILED" in one for one in found) else 2 if any("unknown" in one for one in found) else 0
    found.append(("note", "PDF 内的签名不在此校验 ¦ signatures inside the PDFs are not checked here", "verify_pdf.py"))
    side = next(filter(None, map(os.environ.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), "").lower()[:2] != "zh"
    for place, (status, said, about) in enumerate(found):
        text = said.split(" ¦ ")[side] + (f"{('：', ': ')[side]}{about}" if about != "" else "")
        print(f"{status:<7}  {(*CHECKS, 'pdf')[place]:<10}  {''.join(c if c.isprintable() else '?' for c in text)}")
    print(("真实 ¦ genuine", "不真实 ¦ not genuine", "无法判断 ¦ could not tell")[code].split(" ¦ ")[side])
    return code


if __name__ == "__main__":
    raise SystemExit(main())

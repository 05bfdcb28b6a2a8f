"""Both verifiers over a whole export, and over everything that somebody may have done to it."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.exports_case import attacks_on_files, attacks_on_proofs
from tests.exports_case.conftest import CHINESE, ENGLISH, OFFLINE, Exported, by_node, by_python, unpacked
from tests.exports_case.hostile import ATTACKS, Files, forge, origin_of

ALL = ["files", "chain", "texts", "documents", "proofs", "checkpoint", "witnesses", "key", "manifest"]
NOTED = {"time_stamp": "note", "pdf": "note"}  # there is no stamp in it
both = pytest.mark.parametrize("verify", [by_python, by_node])
assert attacks_on_files and len(ATTACKS) > 60, "they were read"
VERDICTS = {ENGLISH: ("genuine", "not genuine", "could not tell"), CHINESE: ("真实", "不真实", "无法判断")}


@both
@pytest.mark.parametrize("language", VERDICTS)
def test_export_as_it_was_made_is_genuine(exported: Exported, verify, language):
    told = verify(exported.folder, *exported.keys, language=language)
    assert (told.code, told.verdict) == (0, VERDICTS[language][0]), told
    assert told.marks == dict.fromkeys(ALL, "ok") | NOTED


@both
def test_export_when_the_enclosed_keys_are_trusted_is_genuine(exported: Exported, verify):
    assert verify(exported.folder, "--trust-enclosed-keys").code == 0


@both
@pytest.mark.parametrize("language", VERDICTS)
@pytest.mark.parametrize("given", [(), ("log",), ("witness",)])
def test_export_when_a_key_is_known_from_it_only_cannot_be_told(exported: Exported, verify, language, given):
    keys = {"log": exported.keys[:2], "witness": exported.keys[2:]}
    told = verify(exported.folder, *(word for name in given for word in keys[name]), language=language)
    assert (told.code, told.verdict) == (2, VERDICTS[language][2]), told
    assert told.marks == dict.fromkeys(ALL, "ok") | NOTED | {"key": "unknown"}
    for name, file in (("log", exported.log_key), ("witness", exported.witness_key)):
        assert (file.read_text().strip() in told.said) == (name not in given), "it is there to be compared"


@both
def test_export_where_the_verifier_stands_needs_no_name(exported: Exported, tmp_path, verify):
    folder = shutil.copytree(exported.folder, tmp_path / "case")
    program = folder / ("verify.py" if verify is by_python else "verify.mjs")
    assert verify("", *exported.keys, program=program).code == 0


def test_export_as_a_zip_is_read_by_python_and_by_node_once_unpacked(exported: Exported):
    assert by_python(exported.zip, *exported.keys).code == 0
    told = by_node(exported.zip, *exported.keys)
    assert told.code == 2 and told.marks["files"] == "unknown" and "unpack it first" in told.said


@pytest.mark.parametrize("name", ATTACKS)
def test_export_that_was_tampered_with_is_not_genuine(exported: Exported, tmp_path: Path, name: str):
    """The two speak in one language and another, in turns."""
    attack = ATTACKS[name]
    attack.act(Files(tmp_path / "case", exported))
    one, another = (CHINESE, ENGLISH) if list(ATTACKS).index(name) % 2 else (ENGLISH, CHINESE)
    python = by_python(tmp_path / "case", *exported.keys, language=one)
    node = by_node(tmp_path / "case", *exported.keys, language=another)
    assert python.marks == node.marks, (python.said, node.said)
    assert list(python.marks) == [*ALL, *NOTED], python.said
    assert python.marks[attack.check] == ("FAILED" if attack.code == 1 else "unknown"), python.said
    assert (python.code, python.verdict) == (attack.code, VERDICTS[one][attack.code]), python.said
    assert (node.code, node.verdict) == (attack.code, VERDICTS[another][attack.code]), node.said
    assert "Traceback" not in python.said + node.said and "\x1b" not in python.said + node.said


@both
@pytest.mark.parametrize("trust, code", [((), 2), (("--trust-enclosed-keys",), 0)])
def test_export_that_a_stranger_forged_passes_only_by_the_strangers_key(exported, tmp_path, verify, trust, code):
    """What the keys prove is who says so, and nothing more."""
    files = Files(tmp_path / "case", exported)
    files.write("keys/witnesses.vkey", b"")
    attacks_on_proofs.forged_by_a_stranger(files)
    told = verify(files.folder, *trust)
    assert told.code == code and told.failed == [], told.said


@both
def test_export_with_the_key_of_another_kind_is_not_genuine(exported: Exported, verify):
    told = verify(exported.folder, "--log-key", str(exported.witness_key), *exported.keys[2:])
    assert (told.code, told.failed) == (1, ["checkpoint"])


@both
@pytest.mark.parametrize("words", [("--log-key", "/nowhere"), ("--what",)])
def test_export_when_the_verifier_is_asked_wrongly_cannot_be_told(exported: Exported, verify, words):
    assert verify(exported.folder, *words).code == 2


@both
def test_export_that_is_not_there_cannot_be_told(tmp_path, verify):
    told = verify(tmp_path / "nowhere")
    assert told.code == 2 and told.marks["files"] == "unknown"


@both
def test_file_that_is_no_zip_cannot_be_told(tmp_path, verify):
    (tmp_path / "case.zip").write_bytes(b"PK no zip")
    told = verify(tmp_path / "case.zip")
    assert told.code == 2 and told.marks["files"] == "unknown"


def zipped(path: Path, exported: Exported, **more: bytes) -> Path:
    """The export, and more files under these names."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for file in sorted(exported.folder.rglob("*")):
            if file.is_file():
                package.write(file, file.relative_to(exported.folder).as_posix())
        for name, content in more.items():
            package.writestr(name, content)
    return path


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a/../../evil", "C:\\evil", "a//b", "意见.txt", "a\nb"])
def test_zip_with_a_name_that_leads_elsewhere_is_not_genuine(exported: Exported, tmp_path, name):
    told = by_python(zipped(tmp_path / "case.zip", exported, **{name: b"evil"}), *exported.keys)
    assert (told.code, told.failed) == (1, ["files"]), told.said


def test_zip_with_a_file_twice_is_not_genuine(exported: Exported, tmp_path):
    with pytest.warns(UserWarning, match="Duplicate name"):
        path = zipped(tmp_path / "case.zip", exported, **{"case.json": b"{}"})
    told = by_python(path, *exported.keys)
    assert (told.code, told.failed) == (1, ["files"])


@pytest.mark.parametrize("name", ["index.html", "entries.jsonl", "keys/log.vkey", "proofs/1.tlog-proof"])
def test_zip_with_a_byte_flipped_is_never_genuine(exported: Exported, tmp_path, name):
    whole = bytearray(exported.zip.read_bytes())
    with zipfile.ZipFile(exported.zip) as package:
        info = package.getinfo(name)
    whole[info.header_offset + 30 + len(name) + info.compress_size // 2] ^= 1
    (tmp_path / "case.zip").write_bytes(whole)
    assert by_python(tmp_path / "case.zip", *exported.keys).code in (1, 2)


@pytest.mark.parametrize("verify, limit", [(by_python, ("2 << 30", "2 << 20")), (by_node, ("2 ** 31", "2 ** 21"))])
def test_export_that_is_too_large_is_not_read(exported: Exported, tmp_path, verify, limit):
    """A bomb: small as a zip, more than there is memory for once unpacked. The verifier is one with a lower limit."""
    program = tmp_path / ("verify.py" if verify is by_python else "verify.mjs")
    source = (OFFLINE / program.name).read_text()
    assert source.count(limit[0]) == 1
    program.write_text(source.replace(*limit))
    path = zipped(tmp_path / "case.zip", exported, bomb=b"\0" * (3 << 20))
    where = path if verify is by_python else unpacked(path, tmp_path / "case")
    told = verify(where, *exported.keys, program=program)
    assert (told.code, told.failed) == (1, ["files"]), told.said


def test_verify_without_cryptography_says_that_it_cannot_tell(exported: Exported):
    words = [sys.executable, "-S", str(OFFLINE / "verify.py"), str(exported.folder), *exported.keys]
    done = subprocess.run(words, capture_output=True, timeout=60, check=False)
    assert done.returncode == 2 and b"cryptography" in done.stdout, done


def test_verifier_is_short_enough_to_be_read():
    assert len((OFFLINE / "verify.py").read_text().splitlines()) < 200


def test_forged_export_is_consistent_but_for_who_signed_it(exported: Exported, tmp_path):
    """Else the attacks above would prove less than they seem to."""
    files = Files(tmp_path / "case", exported)
    forge(files, exported.key, origin_of(files))
    assert by_python(files.folder, *exported.keys[:2], "--trust-enclosed-keys").failed == []

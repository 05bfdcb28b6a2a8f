"""What somebody may do to the case itself and its files, each with the check that has to notice it."""

import json
import shutil
from hashlib import sha256

from casework.canonical import canonical
from tests.exports_case.hostile import Files, chained, noticed_by

# Entries


@noticed_by("chain")
def entry_edited(files: Files) -> None:
    files.swap("entries.jsonl", b'"action":"forward"', b'"action":"dismiss"')


@noticed_by("chain")
def first_entry_removed(files: Files) -> None:
    files.entries = files.entries[1:]


@noticed_by("chain")
def entry_removed(files: Files) -> None:
    files.entries = [line for number, line in enumerate(files.entries, 1) if number != 3]


@noticed_by("proofs")
def entry_removed_and_the_rest_joined_again(files: Files) -> None:
    files.entries = chained([line for number, line in enumerate(files.entries, 1) if number != 4])
    files.record(entries=len(files.entries), head=sha256(files.entries[-1]).hexdigest())
    files.list_again()


@noticed_by("chain")
def two_entries_swapped(files: Files) -> None:
    first, second, *rest = files.entries
    files.entries = [second, first, *rest]


@noticed_by("chain")
def entry_added(files: Files) -> None:
    files.entries = chained([*files.entries, files.entries[-1]])


@noticed_by("proofs")
def entry_added_and_recorded(files: Files) -> None:
    files.entries = chained([*files.entries, files.entries[-1]])
    files.record(entries=len(files.entries), head=sha256(files.entries[-1]).hexdigest())
    files.write(f"proofs/{len(files.entries)}.tlog-proof", files.read("proofs/1.tlog-proof"))
    files.list_again()


@noticed_by("chain")
def tail_cut(files: Files) -> None:
    files.drop(f"proofs/{len(files.entries)}.tlog-proof")
    files.entries = files.entries[:-1]


@noticed_by("proofs")
def tail_cut_and_recorded(files: Files) -> None:
    files.drop(f"proofs/{len(files.entries)}.tlog-proof")
    files.entries = files.entries[:-1]
    files.drop(files.one("documents/*.pdf"))
    files.drop(files.one("documents/*.json"))
    files.record(entries=len(files.entries), head=sha256(files.entries[-1]).hexdigest())
    files.list_again()


@noticed_by("proofs")
def last_entry_edited_and_recorded(files: Files) -> None:
    files.swap("entries.jsonl", b'"to":"ruled"', b'"to":"final"')
    files.record(head=sha256(files.entries[-1]).hexdigest())


@noticed_by("chain")
def entries_emptied(files: Files) -> None:
    files.write("entries.jsonl", b"")
    files.record(entries=0, head="0" * 64)


@noticed_by("chain")
def entries_missing(files: Files) -> None:
    files.drop("entries.jsonl")


@noticed_by("chain")
def last_line_feed_missing(files: Files) -> None:
    files.write("entries.jsonl", files.read("entries.jsonl")[:-1])


@noticed_by("chain")
def entry_nested_deeply(files: Files) -> None:
    files.entries = [b"[" * 200_000, *files.entries[1:]]


@noticed_by("chain")
def entry_of_another_case(files: Files) -> None:
    files.write("entries.jsonl", (files.export.other / "entries.jsonl").read_bytes())


@noticed_by("chain")
def all_removed(files: Files) -> None:
    shutil.rmtree(files.folder)
    files.folder.mkdir()


# Texts


@noticed_by("texts")
def text_edited(files: Files) -> None:
    files.swap("texts.jsonl", "语速正常".encode(), "语速过快".encode())


@noticed_by("texts")
def texts_swapped(files: Files) -> None:
    first, second, *rest = map(json.loads, files.read("texts.jsonl").splitlines())
    first["path"], second["path"] = second["path"], first["path"]
    files.write("texts.jsonl", b"".join(canonical(text) + b"\n" for text in (first, second, *rest)))


@noticed_by("texts")
def text_of_no_entry(files: Files) -> None:
    text = canonical({"event": "1", "path": "data.reasons", "salt": "00" * 16, "text": "无"})
    files.write("texts.jsonl", files.read("texts.jsonl") + text + b"\n")


@noticed_by("texts")
def texts_missing(files: Files) -> None:
    files.drop("texts.jsonl")


@noticed_by("manifest")
def text_removed(files: Files) -> None:
    files.write("texts.jsonl", b"".join(line + b"\n" for line in files.read("texts.jsonl").splitlines()[1:]))


# Documents


@noticed_by("documents")
def document_byte_flipped(files: Files) -> None:
    files.flip(files.one("documents/*.pdf"), 900)


@noticed_by("documents")
def document_with_something_appended(files: Files) -> None:
    name = files.one("documents/*.pdf")
    files.write(name, files.read(name) + b"\n")


@noticed_by("manifest")
def document_with_something_appended_as_its_stamped_edition(files: Files) -> None:
    name = files.one("documents/*.pdf")
    files.write(name.replace(".pdf", ".stamped.pdf"), files.read(name) + b"\n")


@noticed_by("documents")
def stamped_edition_of_another_document(files: Files) -> None:
    name = files.one("documents/*.pdf")
    other = next(files.export.other.glob("documents/*.pdf"))
    files.write(name.replace(".pdf", ".stamped.pdf"), other.read_bytes())
    files.list_again()


@noticed_by("documents")
def document_missing(files: Files) -> None:
    files.drop(files.one("documents/*.pdf"))


@noticed_by("documents")
def document_replaced_by_one_of_another_case(files: Files) -> None:
    files.write(files.one("documents/*.pdf"), next(files.export.other.glob("documents/*.pdf")).read_bytes())
    files.list_again()


@noticed_by("documents")
def snapshot_edited(files: Files) -> None:
    files.swap(files.one("documents/*.json"), "改判".encode(), "维持".encode())


@noticed_by("documents")
def document_added(files: Files) -> None:
    other = next(files.export.other.glob("documents/*.pdf"))
    files.write(f"documents/{other.name}", other.read_bytes())
    files.list_again()


@noticed_by("documents")
def document_added_elsewhere(files: Files) -> None:
    files.write("AWARD.PDF", files.read(files.one("documents/*.pdf")))


# Files


@noticed_by("manifest")
def file_added(files: Files) -> None:
    files.write("opinion.txt", b"guilty")


@noticed_by("proofs")
def file_added_and_recorded(files: Files) -> None:
    files.write("opinion.txt", b"guilty")
    files.list_again()


@noticed_by("manifest")
def file_added_and_listed(files: Files) -> None:
    files.write("opinion.txt", b"guilty")
    before = files.read("export.json")
    files.list_again()
    files.write("export.json", before)


@noticed_by("manifest")
def page_edited(files: Files) -> None:
    files.swap("index.html", "语速正常".encode(), "语速过快".encode())


@noticed_by("manifest")
def evidence_edited(files: Files) -> None:
    files.flip(files.one("evidence/*"), 0)


@noticed_by("manifest")
def evidence_missing(files: Files) -> None:
    files.drop(files.one("evidence/*"))


@noticed_by("manifest")
def proof_of_nothing_added(files: Files) -> None:
    files.write("proofs/99.tlog-proof", files.read("proofs/1.tlog-proof"))


@noticed_by("manifest")
def page_missing(files: Files) -> None:
    files.drop("index.html")


@noticed_by("manifest")
def manifest_missing(files: Files) -> None:
    files.drop("manifest.json")


@noticed_by("manifest")
def manifest_edited(files: Files) -> None:
    files.swap("manifest.json", b'"index.html": "', b'"index.html": "f')


@noticed_by("manifest")
def manifest_names_a_file_outside(files: Files) -> None:
    (files.folder.parent / "outside").write_bytes(b"outside")
    files.swap("manifest.json", b'"README.txt"', b'"../outside"')


@noticed_by("chain")
def record_missing(files: Files) -> None:
    files.drop("export.json")


@noticed_by("proofs")
def record_edited(files: Files) -> None:
    files.swap("export.json", b'"actor":"U999"', b'"actor":"F801"')


@noticed_by("chain")
def record_of_another_case(files: Files) -> None:
    files.write("export.json", (files.export.other / "export.json").read_bytes())


@noticed_by("files")
def hidden_file_added(files: Files) -> None:
    files.write(".hidden", b"")


@noticed_by("files")
def file_with_an_odd_name_added(files: Files) -> None:
    files.write("意见\x1b[2J.txt", b"")


@noticed_by("files")
def file_added_whose_name_differs_in_case(files: Files) -> None:
    files.write("readme.TXT", b"")


@noticed_by("files")
def file_replaced_by_a_link(files: Files) -> None:
    files.drop("case.json")
    (files.folder / "case.json").symlink_to(files.export.folder / "case.json")


@noticed_by("files")
def folder_replaced_by_a_link(files: Files) -> None:
    shutil.rmtree(files.folder / "keys")
    (files.folder / "keys").symlink_to(files.export.folder / "keys")

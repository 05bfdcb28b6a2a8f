"""What verify_pdf.py checks in the PDF itself: its signatures, by whom they are, and what was appended after them; the
decision that is attached as data, and whether the pages say the same."""

import json
import re
from datetime import datetime, timedelta
from hashlib import sha256

from pdf_file import text_of, within
from pdf_signature import Signature, Untold, check_certificate, known, time_of
from verify import need

UNCHECKED, SECOND = "未校验 ¦ not checked", timedelta(seconds=1)  # a PDF's times have no fractions
# What pyHanko changes whenever it saves: these keys of the catalog and others, and this in the metadata.
SAVED = {"Producer", "ModDate", "Length", "Extensions", "Version"}
STAMPS = re.compile(rb'pyHanko [\d.]+|xmp:ModifyDate="[\dT:.+Z-]+"')


class PdfChecks:
    """`pdf` is None where it could not be read, `entry` (of the ledger, which issued it) where none was given."""

    pdf, entry, roots, crls = None, None, (), ()

    def decision(self):
        """(bytes, value) of the only attachment."""
        known(self.pdf, UNCHECKED)
        data = self.pdf.content(self.pdf.attached("decision.json"))
        return data, json.loads(data)

    def signatures(self):
        known(self.pdf, UNCHECKED)
        before = self.entry and datetime.fromisoformat(self.entry["received_at"].replace("Z", "+00:00"))
        unsure = []
        for name, reference in self.pdf.signed.items():
            try:
                signature = Signature(self.pdf[reference]["Contents"][1:-1])
                signature.check(covered(self.pdf, reference)[0])
                at = time_of(text_of(self.pdf[reference]["M"]))
                need(not before or at <= before + SECOND, "晚于签发 ¦ later than it was issued")
                check_certificate(signature.certificate, self.roots, self.crls, at, bool(before))
            except Untold as problem:
                unsure.append(told(problem, name))
            except Exception as problem:
                raise ValueError(*told(problem, name)) from None
        known(not unsure, *(unsure or [("", "")])[0])
        listed = ", ".join(f"{crl.last_update_utc:%Y-%m-%d}" for crl in self.crls) or "—"
        return "签名均有效，吊销列表 ¦ each signature holds; list of revoked certificates of", listed

    def expected_signers(self):
        decision, pdf = self.decision()[1], self.pdf
        wanted = {one["field"]: (one["no"], one["name"]) for one in decision["deciders"]}
        persons, wanted["organisation"] = list(wanted.values()), ("", decision["organisation"]["zh"])
        once = len({no for no, _name in persons} | {""}) == len(decision["deciders"]) + 1 == len(wanted)
        need(once and set(pdf.fields) == set(wanted), "签署栏与裁决不符 ¦ other fields than those of the decision")
        for name, reference in pdf.signed.items():
            number = number_of(Signature(pdf[reference]["Contents"][1:-1]).certificate)
            same = number == wanted[name][0]  # names change, and a certificate lasts for years
            need(same, "签署者不是裁决所列的人 ¦ signed by somebody else than the decision names", name)
        lacking = [name for name in wanted if name not in pdf.signed]
        last = list(pdf.signed)[-1] == "organisation"
        need(last, "组织没有最后盖章 ¦ the organisation has not sealed it last", ", ".join(lacking))
        reason = text_of(pdf[pdf.signed["organisation"]]["Reason"])
        said = all(wanted[name][1] in reason for name in lacking) and 2 * len(lacking) < len(persons)
        need(not lacking or said, "未签署 ¦ not signed", ", ".join(lacking))
        signed = ", ".join(wanted[name][1] for name in pdf.signed)
        if lacking:
            return "多数签署，印章已注明未签者；签署者 ¦ signed by the majority, as the seal says; signers", signed
        return "应签署者均已签署 ¦ signed by all who had to", signed

    def covers_whole_file(self):
        known(self.pdf, UNCHECKED)
        for name, reference in self.pdf.signed.items():
            end = covered(self.pdf, reference)[1]
            need(
                end == self.pdf.ends[revision_of(self.pdf, reference)],
                "签名的范围不对 ¦ it covers something else",
                name,
            )
        need(
            end == len(self.data), "最后的签名之后还有内容，字节 ¦ bytes after the last signature", len(self.data) - end
        )
        return "最后的签名直到文件末尾 ¦ the last signature reaches the end of the file", ""

    def modifications(self):
        known(self.pdf, UNCHECKED)
        places = [revision_of(self.pdf, reference) for reference in self.pdf.signed.values()]
        need(
            places == sorted(set(places)), "几个签名在同一修订中 ¦ one revision holds several signatures", places[0] + 1
        )
        for place in range(places[0] + 1, len(self.pdf.revisions)):
            sound = place in places and only_signs(self.pdf, place)
            need(sound, "首个签名之后另有改动，修订 ¦ after the first signature it was changed; revision", place + 1)
        return "首个签名之后只有签名 ¦ after the first signature it was only signed", ""

    def snapshot(self):
        data, decision = self.decision()
        if self.entry:
            recorded = [one["snapshot_sha256"] for one in issued_by(self.entry)]
            need(sha256(data).hexdigest() in recorded, "所附数据不是所签发的 ¦ other data than was issued is attached")
        need(data == canonical(decision), "所附数据不是规范形式 ¦ the data is not in canonical form")
        rest = canonical({key: one for key, one in decision.items() if key != "verify_url"})
        own = decision["verify_url"].partition("#")[2] == sha256(rest).hexdigest()[:32]
        need(own, "二维码地址属于另一文书 ¦ the address in the QR code is that of another document")
        try:
            from printed_text import missing
        except ImportError:
            known(False, "未与页面比较 ¦ not compared with the pages", "printed_text.py")
        lacking = missing(self.pdf, decision)
        need(not lacking, "页面与所附数据不符 ¦ the pages differ from the data", ", ".join(lacking))
        return "页面与所附数据一致 ¦ the pages say what the data says", decision["verify_url"]


def number_of(certificate):
    """The staff number of whom the certificate is for; empty for the organisation's."""
    from cryptography.x509.oid import NameOID

    numbers = (certificate.subject.get_attributes_for_oid(kind) for kind in (NameOID.SERIAL_NUMBER, NameOID.USER_ID))
    return ", ".join(part.value for found in numbers for part in found)


def revision_of(pdf, reference):
    """Which revision defines the object. A signature is defined once."""
    [found] = [place for place, new in enumerate(pdf.revisions) if reference[0] in new]
    return found


def covered(pdf, reference):
    """(the bytes that the signature covers: all but its own digits, where they end)."""
    value = pdf[reference]
    space = value["Contents"]
    where = pdf.data.index(space, pdf.begins[reference[0]])
    start, first, second, rest = value["ByteRange"]
    sound = (start, first, second) == (0, where, where + len(space)) and space[:1] == b"<"
    need(sound, "签名的范围不对 ¦ a signature does not cover all but its own digits")
    return pdf.data[:first] + pdf.data[second : second + rest], second + rest


def only_signs(pdf, place):
    """Whether the revision signs one field and does nothing else: what stood before stands again as it was, or not at
    all, but for the field's signature and its picture; and all that is new belongs to these."""
    old, trailer = {}, pdf.trailers[place]
    for revision in pdf.revisions[:place]:
        old.update(revision)
    new = {number: one for number, one in pdf.revisions[place].items() if number != trailer["number"]}
    [root], [info], [metadata] = trailer["Root"], trailer["Info"], pdf.catalog["Metadata"]
    again, fields = set(new) & set(old), {number for (number,) in pdf.fields.values()}
    if trailer["number"] in old or len(again & fields) != 1 or not again - fields <= {root, info, metadata}:
        return False
    [field], same = again & fields, all(kept(*old[number]) == kept(*new[number]) for number in again - fields)
    before, after = old[field][0], new[field][0]
    same = same and after == {**before, "AP": after["AP"], "V": after["V"]} and "V" not in before
    reached, waiting = {root}, [after["V"], after["AP"]["N"]]
    while waiting:
        [number] = waiting.pop()
        if number not in reached:
            reached.add(number)
            waiting += [one for one in within(new[number][0]) if isinstance(one, tuple)] if number in new else []
    return same and set(after["AP"]) == {"N"} and reached - {root} == set(new) - set(old)


def kept(value, content):
    """The object without what saving leaves in it."""
    return {key: one for key, one in value.items() if key not in SAVED}, STAMPS.sub(b"", content or b"")


def issued_by(entry):
    return [one for one in entry.get("documents", ()) if one["state"] == "issued"]


def canonical(value):
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def told(problem, about=""):
    """(sentence, about what) of an exception."""
    if len(problem.args) != 2 or " ¦ " not in str(problem.args[0]):
        return "缺失或有误 ¦ missing or wrong", f"{about} {problem!r}".strip()
    return problem.args[0], ", ".join(filter(None, (about, str(problem.args[1]))))

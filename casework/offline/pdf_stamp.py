"""The time stamp that may stand behind an issued decision (RFC 3161), and whether nothing else does; for
verify_pdf.py. A store of certificates and lists of revoked ones comes with it, which shows nothing to a reader."""

import time_stamp
from pdf_checks import covered, kept
from pdf_file import Pdf
from pdf_signature import part
from time_stamp import FORM
from verify import need

FIELD = {"FT", "T", "Type", "Subtype", "F", "Rect", "P", "TU", "V"}
VALUE = {"Type", "Filter", "SubFilter", "Contents", "ByteRange"}


def issued_part(pdf):
    """(the issued file with which it begins, the reference to the stamp behind it); the file and None without one."""
    last = list(pdf.signed.values())[-1]
    if pdf[last].get("Type") != b"/DocTimeStamp" or len(pdf.signed) < 2:
        return pdf, None
    others = [pdf[one]["ByteRange"] for one in pdf.signed.values() if pdf[one].get("Type") != b"/DocTimeStamp"]
    return Pdf(pdf.data[: max(sum(one[2:]) for one in others)]), last


def only_stamped(pdf, issued, stamp):
    """Whether the file is the issued one with one revision more, in which all is known: field, stamp and store."""
    if len(pdf.revisions) != len(issued.revisions) + 1 or pdf.catalog["AcroForm"] != issued.catalog["AcroForm"]:
        return False
    trailer, old, [form] = pdf.trailers[-1], issued.objects, pdf.catalog["AcroForm"]
    new = {number: one for number, one in pdf.revisions[-1].items() if number != trailer["number"]}
    [field] = [one for one in pdf.fields.values() if pdf[one].get("V") == stamp]
    [root], [info], [metadata] = trailer["Root"], trailer["Info"], issued.catalog["Metadata"]
    added = {field[0], stamp[0], pdf.catalog["DSS"][0], *_store(pdf)}
    if trailer["number"] in old or set(new) - set(old) != added:
        return False
    if not set(pdf[field]) <= FIELD or any(map(float, pdf[field]["Rect"])):
        return False
    if not set(pdf[stamp]) <= VALUE or pdf[stamp]["SubFilter"] != b"/ETSI.RFC3161":
        return False
    for number in set(new) & set(old):
        (before, was), (after, now) = kept(*old[number]), kept(*new[number])
        if number == root:
            before = {**before, "DSS": pdf.catalog["DSS"]}
        elif number == form:
            before = {**before, "Fields": [*before["Fields"], field]}
        elif before.get("Type") == b"/Page" and before.get("Annots", []) != after.get("Annots"):
            before = {**before, "Annots": [*before.get("Annots", []), field]}
        elif number not in (info, metadata):
            return False
        if (before, was) != (after, now):
            return False
    return root in new


def _store(pdf):
    """The numbers of what the store holds, which are certificates and lists of revoked ones."""
    from cryptography.x509 import load_der_x509_certificate, load_der_x509_crl

    store, found = pdf[pdf.catalog["DSS"]], []
    need(set(store) <= {"Type", "Certs", "CRLs"}, FORM)
    for key, load in (("Certs", load_der_x509_certificate), ("CRLs", load_der_x509_crl)):
        for one in store.get(key, []):
            value, content = pdf.objects[one[0]]
            need(set(value) == {"Length"} and len(part(content)[2]) == len(content), FORM)
            load(content)
            found.append(one[0])
    return found


def stamped_at(pdf, stamp, roots):
    """(the authority's time, its name). Raises unless an authority under one of the roots stamped just these bytes."""
    space = pdf[stamp]["Contents"][1:-1]
    token = part(bytes.fromhex(space.decode()))[2]
    need(space.lower() == token.hex().encode().ljust(len(space), b"0"), FORM)
    return time_stamp.stamped_at(token, covered(pdf, stamp)[0], roots)

"""Reads a PDF of ours, for verify_pdf.py. It is read in the one form in which we write it, and all else is a fault:
revision after revision, object after object, nothing between them, each where the cross-reference of its revision
says. So what is read here is what any other reader shows."""

import re
import zlib

from verify import need

MOST, MOST_PAGES, MOST_TOKENS, MOST_TOKEN = 25 << 20, 120, 2_000_000, 1 << 20
HEAD, OBJECT = re.compile(rb"%PDF-1\.7\n%[^\n]{4}\n"), re.compile(rb"[1-9]\d{0,8} 0 obj\n")
AFTER, END = re.compile(rb"\n?endstream\nendobj\n"), re.compile(rb"\n?startxref\n(\d{1,9})\n%%EOF\n")
SPACE, WORD, STRING = rb"[\t\n\f\r ]*", rb"[^\0-\x20()<>\[\]{}/%\x7f]+", rb"\([^\\()]*(?:\\.[^\\()]*)*\)|<[0-9A-Fa-f]*>"
TOKEN = re.compile(SPACE + rb"(<<|>>|[\[\]]|/?" + WORD + b"|" + STRING + b")", re.S)
VALUE, CODED = re.compile(rb"[-+.\d/(<]|(?:true|false|null)$"), re.compile(rb"#([0-9A-Fa-f]{2})")
ESCAPED = re.compile(rb"\\(?:([0-7]{1,3})|(.))", re.S)
TRAILER = {"Type", "Filter", "DecodeParms", "Length", "W", "Index", "Size", "Prev", "Root", "Info", "ID"}


class Pdf:
    """`objects`: {number: (value, content of its stream)}; `revisions`: what each of them defined, with the `trailers`
    and `ends`. A value is {"Key": value}, [value], an int, (number,) for a reference, or else bytes as they stand."""

    def __init__(self, data):
        self.data, self.tokens, self.room = data, MOST_TOKENS, MOST
        self.objects, self.revisions, self.trailers, self.ends, self.begins = {}, [], [], [], {}
        head = HEAD.match(data)
        need(head and len(data) <= MOST, "不是我们的 PDF，或大于 25 MiB ¦ it is no PDF of ours, or larger than 25 MiB")
        at = head.end()
        while OBJECT.match(data, at) and len(self.revisions) < 64:
            at = self._revision(at)
        need(0 < len(self.revisions) < 64, "没有内容，或修订过多 ¦ nothing in it, or too many revisions")
        self.catalog, self.pages = self[self.trailers[-1]["Root"]], []
        self._find_pages()
        form = self[self.catalog.get("AcroForm", {})]
        self.fields = {text_of(self[field]["T"]): field for field in form.get("Fields", [])}
        need(len(self.fields) == len(form.get("Fields", [])), "签署栏重名 ¦ two fields have one name")
        signed = [(name, self[field]["V"]) for name, field in self.fields.items() if "V" in self[field]]
        self.signed = dict(sorted(signed, key=lambda one: self[one[1]]["ByteRange"][2:]))

    def __getitem__(self, value):
        """The value, or what it refers to."""
        return self.objects[value[0]][0] if isinstance(value, tuple) else value

    def content(self, reference):
        """What the stream holds."""
        return self._inflated(*self.objects[reference[0]])

    def attached(self, name):
        """The reference to the content of the only attachment, which has that name."""
        values = (one for value, _content in self.objects.values() for one in within(value))
        files = [one for one in values if isinstance(one, dict) and "EF" in one]
        need(len(files) == 1 and text_of(files[0]["UF"]) == name, "附件不是仅有 ¦ not just the attachment", name)
        [reference] = set(self[files[0]["EF"]].values())
        return reference

    def _revision(self, at):
        """Reads up to the next end of the file, and answers where it is."""
        objects, places = {}, {}
        while OBJECT.match(self.data, at):
            begin = at
            [number, _generation], _obj, at = self.statement(self.data, at)
            [value], word, at = self.statement(self.data, at)
            sound = word in (b"endobj", b"stream") and self.data[at : at + 1] == b"\n" and number not in objects
            need(sound, "对象有误 ¦ a bad object at byte", begin)
            content, at = None, at + 1
            if word == b"stream":
                content, at = self.data[at : at + value["Length"]], at + value["Length"]
                after = AFTER.match(self.data, at)
                need(after and "F" not in value, "流有误 ¦ a bad stream at byte", begin)
                at = after.end()
            objects[number], places[number] = (value, content), (1, begin, 0)
            if content is not None and value.get("Type") == b"/ObjStm" and not self.revisions:
                for place, (packed, one) in enumerate(self._packed(value, content)):
                    need(packed not in objects, "对象重复 ¦ an object that stands twice", packed)
                    objects[packed], places[packed] = (one, None), (2, number, place)
        end, former = END.match(self.data, at), self.trailers[-1] if self.trailers else value
        need(end and value.get("Type") == b"/XRef", "读不懂的内容 ¦ not understood at byte", at)
        need("Encrypt" not in value, "文件已加密 ¦ it is encrypted")
        sound = set(value) <= TRAILER and (value["Root"], value["Info"]) == (former["Root"], former["Info"])
        sound = (
            sound and value.get("Prev") == former.get("at") and begin == int(end[1]) and max(objects) < value["Size"]
        )
        need(sound and self._lists(value, content, places), "交叉引用有误 ¦ a bad cross-reference at byte", begin)
        self.objects.update(objects)
        found = all(
            one[0] in self.objects
            for value, _content in objects.values()
            for one in within(value)
            if isinstance(one, tuple)
        )
        need(found, "引用的对象不存在 ¦ something refers to what is not there, before byte", at)
        self.begins.update({number: place[1] for number, place in places.items()})
        self.revisions.append(objects)
        self.trailers.append({**value, "at": begin, "number": number})
        self.ends.append(end.end())
        return end.end()

    def statement(self, data, at):
        """(values, keyword, where it ends): what stands up to the next keyword outside brackets."""
        inside = [[None]]
        while True:
            found = TOKEN.match(data, at, at + MOST_TOKEN)
            need(found and found.end() < at + MOST_TOKEN, "读不懂的内容 ¦ not understood at byte", at)
            self.tokens -= 1
            need(self.tokens and len(inside) < 100, "内容过多 ¦ there is too much in it")
            word, at = found[1], found.end()
            if word in (b"<<", b"["):
                inside.append([word])
            elif word in (b">>", b"]"):
                bracket, *items = inside.pop()
                need(bracket == (b"<<" if word == b">>" else b"["), "括号不配 ¦ brackets do not match at byte", at)
                if word == b">>":
                    keys = [key[1:].decode("latin-1") for key in items[::2] if key[:1] == b"/"]
                    need(len(set(keys)) * 2 == len(items), "字典有误 ¦ a bad dictionary at byte", at)
                    items = {key: items[2 * place + 1] for place, key in enumerate(keys)}
                inside[-1].append(items)
            elif word == b"R":
                generation, number = inside[-1].pop(), inside[-1].pop()
                need(generation == 0 and isinstance(number, int), "引用有误 ¦ a bad reference at byte", at)
                inside[-1].append((number,))
            elif VALUE.match(word):
                if word[:1] == b"/":
                    word = CODED.sub(lambda code: bytes([int(code[1], 16)]), word)
                inside[-1].append(int(word) if word.isdigit() and len(word) < 11 else word)
            else:
                need(len(inside) == 1, "括号不配 ¦ brackets do not match at byte", at)
                return inside[0][1:], word, at

    def _inflated(self, value, content):
        if "Filter" in value:
            need(value["Filter"] == b"/FlateDecode", "不允许的编码 ¦ a coding that is not allowed")
            stream = zlib.decompressobj()
            content = stream.decompress(content, self.room)
            need(stream.eof and not stream.unused_data, "流过大或不完整 ¦ a stream is too large or cut off")
        self.room -= len(content)
        need(self.room > 0, "内容过多 ¦ there is too much in it")
        return content

    def _packed(self, value, content):
        """(number, value) of each object in an object stream."""
        packed, first = self._inflated(value, content), value["First"]
        head = [int(word) for word in packed[:first].split()]
        need(len(head) == 2 * value["N"], "对象流有误 ¦ a bad object stream")
        starts = [first + start for start in head[1::2]] + [len(packed)]
        for place, number in enumerate(head[::2]):
            piece = packed[starts[place] : starts[place + 1]] + b" endobj"
            [one], _word, at = self.statement(piece, 0)
            need(at == len(piece), "对象有误 ¦ a bad object", number)
            yield number, one

    def _lists(self, value, content, places):
        """Whether the cross-reference stream lists {number: (kind, place, place within)} and nothing else."""
        widths, index, shape = value["W"], value.get("Index", [0, value["Size"]]), value.get("DecodeParms")
        sound = len(widths) == 3 and max(widths) < 9 and sum(index[1::2]) == len(places) + 1
        if not sound or shape not in (None, {"Columns": sum(widths), "Predictor": 12}):
            return False
        numbers = [number for at in range(0, len(index), 2) for number in range(index[at], sum(index[at : at + 2]))]
        places, rows, above = {**places, 0: (0, 0, 0 if shape else 65535)}, [], bytes(sum(widths))
        for place in (places[number] for number in numbers):
            row = b"".join(place[field].to_bytes(widths[field], "big") for field in range(3))
            rows.append(row)
            if shape:  # each row is told by what it adds to the one above
                rows[-1] = b"\2" + bytes((byte - above[at]) & 255 for at, byte in enumerate(row))
            above = row
        return numbers == sorted(places) and b"".join(rows) == self._inflated(value, content)

    def _find_pages(self):
        waiting, seen = [self.catalog["Pages"]], set()
        while waiting:
            page = waiting.pop()
            need(page not in seen and len(seen) < 2 * MOST_PAGES, "页数过多 ¦ too many pages")
            seen.add(page)
            if self[page]["Type"] == b"/Pages":
                waiting += reversed(self[page]["Kids"])
            else:
                self.pages.append(page)
        count = self[self.catalog["Pages"]]["Count"]
        need(
            count == len(self.pages) <= MOST_PAGES,
            f"页数不对，或多于 {MOST_PAGES} ¦ not as many pages, or too many",
            count,
        )


def text_of(string):
    """A PDF's text string, decoded."""
    plain = ESCAPED.sub(lambda code: bytes([int(code[1], 8) & 255]) if code[1] else code[2], string[1:-1])
    return plain[2:].decode("utf-16-be") if plain[:2] == b"\xfe\xff" else plain.decode("latin-1")


def within(value):
    """The value and all values in it."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        yield one
        if isinstance(one, (dict, list)):
            waiting += one.values() if isinstance(one, dict) else one

"""Whether everything that the attached decision says stands on the pages, for verify_pdf.py: the text is read in the
order of the structure tree, so without the heads and feet of pages, and compared without spaces and line ends."""

import re
from datetime import datetime, timedelta, timezone
from itertools import islice
from unicodedata import normalize

from verify import need

# Marks for programs, printed as labels, ticks or places and not letter by letter.
NOT_PRINTED = {"kind", "field", "state", "channel"}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)")
MAPPED = re.compile(rb"<([0-9A-Fa-f]{4})>\s+<((?:[0-9A-Fa-f]{4})+)>")
NUMBERED = re.compile(r"\[U\+(10[0-9A-F]{4}|[0-9A-F]{4,5})\]")
# Characters that have one glyph in our font; radicals and letters that are only a form of another are added below.
SAME = (
    "-\u00ad\u2011 ‒– ·•‧・ …⋯ ①➀ ②➁ ③➂ ④➃ ⑤➄ ⑥➅ ⑦➆ ⑧➇ ⑨➈ ⑩➉ ❶➊ ❷➋ ❸➌ ❹➍ ❺➎ ❻➏ ❼➐ ❽➑ ❾➒ ❿➓ "
    "➡⮕ ⺫⺲ ⺐尢 ⺓幺 ⻑長 ⻝食 ⻤鬼 ⺳㓁 ⺋㔾 㘽㦳 㖈䎛 㬻䐠 ⺦丬 ⺃乚 ⺂乛 ⻲亀 ⺅亻 ⺉刂 ⻧卤 墫壿 ⺏尣 ⺒巳 㬺幐 "
    "⺕彐 ⺔彑 ⺖忄 戶户 ⺘扌 ⺙攵 ⻫斉 ⺛旡 㫚曶 㮣槩 ⺞歺 ⺠民 ⺡氵 ⺣灬 ⺤爫 ⺨犭 ⺭礻 ⻯竜 ⺯糹 ⺰纟 ⺱罓 ⺹耂 "
    "⺺肀 㬵胶 ⺾艹 ⻂衤 ⻅见 ⻆角 ⻈讠 ⻉贝 ⻋车 ⻌辶 ⻐钅 ⻒镸 ⻓长 ⻔门 ⻖阝 ⻘青 ⻙韦 ⻚页 ⻛风 ⻜飞 ⻟飠 ⻠饣 "
    "⻢马 ⻣骨 ⻥鱼 ⻦鸟 ⻨麦 ⻩黄 ⻪黾 ⻬齐 ⻮齿 ⻰龙 ⻱龜 ∕／ ‵｀ 〜～ ⓪🄋 ⓿🄌 ⺇𠘨 㶷𤈎 ⺩𤣩 瑨𤨁 ⺮𥫗 ⺽𦥑 ⻇𧢲 "
    "﨣𧺯 ⻊𧾷 ⻕𨸏 ⻞𩙿 ⻡𩠐 ⺍𭕄 "
)
FOLDED = {ord(one): group[0] for group in SAME.split() for one in group}
for code in (*range(0x2E80, 0x2FD6), *range(0x3131, 0x318F), *range(0xFFA1, 0xFFDD)):
    plain = normalize("NFKC", chr(code))
    FOLDED.setdefault(code, FOLDED.get(ord(plain), plain))


def missing(pdf, decision):
    """The first five places in the decision whose text does not stand on the pages."""
    pages = folded(page_text(pdf))
    return list(islice((place for place, text in texts(decision) if folded(text) not in pages), 5))


def texts(value, place=""):
    """(place, text as it is printed) of each text that must be."""
    if isinstance(value, str) and value.strip():
        yield place, shown_time(value)
    elif isinstance(value, (dict, list)):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            if key not in NOT_PRINTED:
                yield from texts(item, f"{place}.{key}".lstrip("."))


def shown_time(text):
    """2026-11-23T10:00:00Z as 2026-11-23 18:00 +08:00."""
    if not TIME.fullmatch(text):
        return text
    try:
        time = datetime.fromisoformat(text.replace("Z", "+00:00"))
        return time.astimezone(timezone(timedelta(hours=8))).strftime("%Y-%m-%d %H:%M +08:00")
    except (ValueError, OverflowError):
        return text


def folded(text):
    """Characters with the same glyph are the same on paper; what has none is printed by its number."""
    text = NUMBERED.sub(lambda code: chr(int(code[1], 16)), "".join(text.split()))
    return "".join("".join(text.split()).translate(FOLDED).split())


def page_text(pdf):
    """The text of the pages in the order of the structure tree."""
    fonts = {}
    marked = {page: _marked_text(pdf, page, fonts) for page in pdf.pages}
    found, waiting, seen = [], [(pdf.catalog["StructTreeRoot"], None)], set()
    while waiting:
        node, page = waiting.pop()
        need(not isinstance(node, tuple) or node not in seen, "结构树有误 ¦ a bad structure tree")
        seen.add(node if isinstance(node, tuple) else None)
        node = pdf[node]
        if isinstance(node, int):
            found.append(taken(pdf, marked.get(page, {}).get(node, "")))
        elif isinstance(node, list):
            waiting += [(child, page) for child in reversed(node)]
        elif isinstance(node, dict):
            waiting.append((node.get("MCID", node.get("K")), node.get("Pg", page)))
    return "".join(found)


def _marked_text(pdf, page, fonts):
    """{number of a marked content: its text} of a page."""
    data, at, marks, letters, texts = pdf.content(pdf[page]["Contents"]), 0, [], {}, {}
    data += b" end"
    while True:
        values, word, at = pdf.statement(data, at)
        if at == len(data):
            return {mark: "".join(parts) for mark, parts in texts.items()}
        if word in (b"BDC", b"BMC"):
            marks.append(values[1].get("MCID") if len(values) > 1 else None)
        elif word == b"EMC":
            marks.pop()
        elif word == b"Tf":
            letters = _letters(pdf, pdf[pdf[pdf[page]["Resources"]]["Font"]][values[0][1:].decode("latin-1")], fonts)
        elif word in (b"Tj", b"TJ") and marks and marks[-1] is not None:
            drawn = [
                one for one in (values[0] if word == b"TJ" else values) if isinstance(one, bytes) and one[:1] == b"<"
            ]
            codes = "".join(one[1:-1].decode().lower() for one in drawn)
            for place in range(0, len(codes), 4):
                texts.setdefault(marks[-1], []).append(taken(pdf, letters.get(codes[place : place + 4], "\ufffd")))


def taken(pdf, text):
    """The text, of which a small file may draw more than there is memory for."""
    pdf.room -= len(text)
    need(pdf.room > 0, "内容过多 ¦ there is too much in it")
    return text


def _letters(pdf, font, fonts):
    """{code: character} of a font."""
    if font not in fonts:
        table = pdf.content(pdf[font]["ToUnicode"]) if "ToUnicode" in pdf[font] else b""
        pairs = [(code.decode().lower(), bytes.fromhex(text.decode())) for code, text in MAPPED.findall(table)]
        fonts[font] = {code: text.decode("utf-16-be", "replace") for code, text in pairs}
    return fonts[font]

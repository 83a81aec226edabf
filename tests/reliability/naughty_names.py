"""Names that programs stumble over, by kind, and names drawn by hypothesis: all are valid on Linux."""

from __future__ import annotations

import unicodedata

from hypothesis import strategies as st

MOST_BYTES = 255

# Each stands for a kind of trouble; written for this project.
NAUGHTY = (
    *("undefined", "null", "NaN", "true", "None", "0", "-1", "1e999", "0x7f", "1/2"),
    *(
        "-rf",
        "--help",
        "-",
        "--",
        "+x",
        "~",
        "~root",
        "$HOME",
        "${IFS}",
        "`id`",
        "$(id)",
        "%00",
        "%2e%2e%2f",
        "&&",
        "|cat",
    ),
    *(
        "a b",
        " lead",
        "trail ",
        "two  blanks",
        "tab\there",
        "new\nline",
        "carriage\rreturn",
        "\x0bvertical",
        "\x7fdelete",
    ),
    *(
        "'",
        '"',
        "''",
        '"""',
        "it's",
        'say "yes"',
        "back`tick",
        "semi;colon",
        "comma,comma",
        "a,b,0.5",
        "a\tb\t0.5",
        "#hash",
    ),
    *(
        "*",
        "?",
        "[a-z]",
        "{a,b}",
        "!bang",
        "<tag>",
        "<script>alert(1)</script>",
        "a&amp;b",
        "${7*7}{{7*7}}",
        "{0}",
        "%s%n",
    ),
    *(
        "'; DROP TABLE photos;--",
        "=1+1",
        "@SUM(1)",
        "=HYPERLINK(1)",
        "javascript:alert(1)",
        "file:",
        "http:",
        "C:",
        "C:drive",
    ),
    *(
        "CON",
        "con.jpg.txt",
        "aux",
        "NUL",
        "COM1",
        "LPT9",
        "com¹",
        "CONIN$",
        ".hidden",
        "..hidden",
        "dots...",
        "...",
        "a.",
        "a. ",
    ),
    *(
        "straße",
        "STRASSE",
        "ı",
        "İ",
        "ǆ",
        "ﬁ",
        "ſ",
        "Å",
        "Å",
        "é",
        "e\u0301",
        "한글",
        "한",
        "日本語",
        "中文名",
        "ไทย",
        "עברית",
    ),
    *(
        "العربية",
        "\u202eexe.gpj",
        "\u200bzero",
        "\ufeffmark",
        "\u2028line",
        "\u2029paragraph",
        "\u00a0blank",
        "\u3000wide",
    ),
    *(
        "😀",
        "👨\u200d👩\u200d👧",
        "🇩🇪",
        "é" * 60,
        "Z\u0351\u0352\u0353algo",
        "𝔘𝔫𝔦",
        "\U000e0001tag",
        "\uffff",
        "\ufffd",
        "𐍈",
    ),
    *("back\\slash", "..\\up", "\\\\server", "a:b", "pipe|pipe", 'quo"te', "que?ry", "star*", "less<", "more>"),
    *(
        "x" * 200,
        "ü" * 120,
        "😀" * 60,
        "global_descriptor",
        "image_size",
        "names",
        "-1",
        "format",
        "__proto__",
        "manifest.json",
    ),
)

# Bytes that are no text in UTF-8, and other names that only a system of bytes takes.
HAND_MADE = (
    b"latin \xe9.jpg",
    b"\xff\xfe.jpg",
    b"\xc3.jpg",
    b"half \xf0\x9f\x98.jpg",
    b"\xed\xa0\x80.jpg",
    b"overlong \xc0\xaf.jpg",
    b"\x01\x02\x03.jpg",
    b"\x1b[31mred.jpg",
    b"a\xcc\x81.jpg",
    b"\xc3\xa1.jpg",
    b"UPPER.JPG",
    b"upper.jpg",
    b"Upper.Jpg",
    b"no_ending",
    b".jpg.jpg",
    b"jpg",
    b"a.jpg.jpg",
    b"a.jpg~2.jpg",
    b"a~2.jpg",
    b"a.jpg",
    b"y" * 251 + b".jpg",
    b"z" * 255,
    "ö".encode() * 125 + b".jpg",
    "😀".encode() * 62 + b".jpg",
    b"long." + b"e" * 250,
    b"ends with blank .jpg",
    b"ends.with.dot..jpg",
    b"Thumbs.db.jpg",
    b"desktop.ini.jpg",
    b"reports.jpg",
    b"results.jpg",
    b"\xe2\x80\xae\xe2\x80\xaf.jpg",
    b"%F0%9F%98%80.jpg",
    b"&#x2f;.jpg",
    b"\\u002e\\u002e.jpg",
    b"\xef\xbc\x8e\xef\xbc\x8e\xef\xbc\x8f.jpg",
    b"\xe2\x88\x95root.jpg",
    b"0.5.jpg",
    b"1 2 0.5.jpg",
    b"score.jpg",
)

_TEXT = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=40)
DRAWN = _TEXT.filter(lambda text: not text.startswith(".")).map(lambda text: cut_name(f"{text}.jpg".encode()))


def cut_name(name: bytes) -> bytes:
    """Give a name that a file system takes: at most 255 bytes."""
    return name if len(name) <= MOST_BYTES else name[: MOST_BYTES - 4] + b".jpg"


def naughty_names() -> list[bytes]:
    """Give the naughty names as JPEGs, all different; those with a leading dot are hidden files and no photos."""
    texts = dict.fromkeys(
        f"{text}.jpg".replace("/", "\u2215") for text in NAUGHTY if not text.startswith(".") and text != "..."
    )
    return [cut_name(text.encode("utf-8", "surrogatepass")) for text in texts]


def twins(number: int) -> tuple[str, str]:
    """Give two names that some systems take for one: by case, by Unicode form, or in two folders."""
    letters = "äéîõüçñåøß"[number % 10]
    stem = f"photo {number} {letters}"
    kinds = (
        (f"a/{stem}.jpg", f"a/{stem.upper()}.jpg"),
        (f"a/{unicodedata.normalize('NFC', stem)}.jpg", f"a/{unicodedata.normalize('NFD', stem)}.jpg"),
        (f"a/{stem}.jpg", f"b/{stem}.jpg"),
        (f"a/{stem}.jpg", f"a/{stem}.JPG"),
        (f"A{number}/{stem}.jpg", f"a{number}/{stem}.jpg"),
    )
    return kinds[number % len(kinds)]

"""Spoilt scenario files and tables: what a slip of the hand, a spreadsheet or malice makes of a good one."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from random import Random

ODD = (
    "0",
    "-1",
    "1e308",
    "-1e308",
    "1e400",
    "1e-320",
    "nan",
    "inf",
    "-inf",
    "0.1",
    "1",
    "0.999999",
    "3",
    "100",
    "1e7",
    "1e12",
    "9" * 400,
    "9" * 5000,
    "0x10",
    "1_000",
    "1,5",
    "true",
    "false",
    '""',
    '"A"',
    '"permanent"',
    '"../../../etc/passwd"',
    "[]",
    "{}",
    "[1, 2]",
    "{ a = 1 }",
    '{ dist = "lognorm", median = 1e300, sigma = 50 }',
    '{ dist = "beta", mean = 0.999999, sd = 0.4999 }',
    '{ dist = "rv_continuous" }',
    '{ dist = "__class__", mean = 1 }',
    "2025-04-01",
    '"2025-04"',
    '"9999-12"',
    '"0000-00"',
    "'''",
    "\x00",
    "\ud7ff",
)
CELLS = (
    "",
    " ",
    "0",
    "-1",
    "1e308",
    "1e-320",
    "nan",
    "inf",
    "-inf",
    "1e400",
    "1",
    "0.5",
    "1e7",
    "1e12",
    "1,5",
    "9" * 5000,
    "=1+1",
    "@SUM(A1:A9)",
    "+cmd|' /C calc'!A0",
    '=HYPERLINK("x")',
    '"',
    '""',
    "\x00",
    "\x1b[2J",
    "A",
    "B",
    "oxide",
    "magnet",
    "x" * 3000,
    "\uff4e\uff44",
    "true",
    "../tiny",
    "#N/A",
    "1e3 t",
    "\uff11\uff12",
)
PATHS = (
    "/etc/passwd",
    "../../outside.toml",
    "..",
    ".",
    "tiny.toml/../..",
    "a\x00b",
    "~/x",
    "file:///etc/passwd",
    "x" * 5000,
)
BOMBS = (
    "a = " + "[" * 20_000,
    "a = " + "{a=" * 5_000,
    "[" + ".".join("a" * 1 for _ in range(20_000)) + "]\nb = 1",
    ".".join(["a"] * 3_000) + " = 1",
    "\n".join(f"[restrictions.r{n}]\nkind = 'ban'" for n in range(2_000)),
    "title = '" + "x" * 900_000 + "'",
    "a = 1e" + "9" * 10_000,
    "a." * 500_000 + "a = 1",
    "['a' . " + '"b" . ' * 150_000 + "a]\nb = 1",
    "[restrictions.r]\n" + "\n".join(f"k{n} = 1" for n in range(60_000)),
)


def _number(text: str, rng: Random) -> str:
    """A number replaced by another, or by something odd."""
    found = list(re.finditer(r"(?<![\w.\"])-?\d+(\.\d+)?(?![\w.\"-])", text))
    if not found:
        return text
    at = rng.choice(found)
    value = float(at[0])
    near = rng.choice([value * 0.5, value * 2.0, -value, value + 1.0, value * 1e6, value * 1e-6, 1.0 - value])
    return text[: at.start()] + rng.choice([f"{near:g}", *rng.sample(ODD, 3)]) + text[at.end() :]


def _value(text: str, rng: Random) -> str:
    """The value of a key replaced."""
    found = list(re.finditer(r"(?m)(?<==\s)[^\n]+$", text))
    at = rng.choice(found)
    return text[: at.start()] + rng.choice(ODD) + text[at.end() :]


def _inner(text: str, rng: Random) -> str:
    """A name or a text replaced by another one of the file."""
    found = list(re.finditer(r"[A-Za-z_]{2,}", text))
    at, other = rng.choice(found), rng.choice(found)
    return text[: at.start()] + other[0] + text[at.end() :]


def _lines(text: str, rng: Random) -> str:
    """Lines left out, repeated or moved."""
    lines = text.splitlines(keepends=True)
    at, to = rng.randrange(len(lines)), rng.randrange(len(lines))
    kind = rng.randrange(3)
    if kind == 0:
        del lines[at]
    elif kind == 1:
        lines.insert(to, lines[at])
    else:
        lines.insert(to, lines.pop(at))
    return "".join(lines)


def _letters(text: str, rng: Random) -> str:
    """Letters lost, added or swapped."""
    at = rng.randrange(len(text))
    kind = rng.randrange(3)
    if kind == 0:
        return text[:at] + text[at + rng.randint(1, 8) :]
    if kind == 1:
        return text[:at] + rng.choice("\"'[]{}=.,#\\\n\t\x00é=@+-") + text[at:]
    return text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :]


def _place(text: str, rng: Random) -> str:
    """A path that leads elsewhere, or too much of something."""
    path = rng.choice(PATHS).replace("\x00", "\\u0000")
    if rng.random() < 0.5:
        return f'extends = "{path}"\n{text}'
    if rng.random() < 0.5:
        return re.sub(r"(?m)^chain = .*$", lambda _: f'chain = "{path}"', text)
    return rng.choice(BOMBS) if rng.random() < 0.5 else text + "\n" + rng.choice(BOMBS)


def spoil_toml(text: str, rng: Random) -> str:
    """A scenario with one to four things changed."""
    ways: list[Callable[[str, Random], str]] = [_number, _number, _value, _inner, _lines, _letters]
    if rng.random() < 0.05:
        return _place(text, rng)
    for _ in range(rng.choice([1, 1, 2, 4])):
        text = rng.choice(ways)(text, rng) or text
    return text


def spoil_table(text: str, rng: Random) -> str:
    """A table with one to three things changed."""
    for _ in range(rng.choice([1, 1, 2, 3])):
        lines = text.splitlines() or [""]
        at = rng.randrange(len(lines))
        cells = lines[at].split(",")
        column = rng.randrange(len(cells))
        kind = rng.randrange(8)
        if kind <= 2:
            cells[column] = rng.choice(CELLS)
        elif kind == 3:
            cells[column] = rng.choice(rng.choice(lines).split(","))
        elif kind == 4:
            cells[column] = _number(cells[column], rng)
        elif kind == 5:
            lines = [",".join(part for place, part in enumerate(line.split(",")) if place != column) for line in lines]
            text = "\n".join(lines) + "\n"
            continue
        else:
            text = (_lines if kind == 6 else _letters)("\n".join(lines) + "\n", rng)
            continue
        lines[at] = ",".join(cells)
        text = "\n".join(lines) + "\n"
    return text


def spoil_file(path: Path, rng: Random) -> None:
    """Spoil a file where it stands; now and then its bytes, so that it may be no text at all."""
    text = path.read_text(encoding="utf-8")
    if rng.random() < 0.04:
        content = bytearray(text.encode())
        for _ in range(rng.randint(1, 20)):
            content[rng.randrange(len(content))] = rng.randrange(256)
        path.write_bytes(bytes(content[: rng.choice([None, rng.randrange(len(content))])]))
        return
    spoilt = (spoil_toml if path.suffix == ".toml" else spoil_table)(text, rng)
    path.write_text(spoilt, encoding="utf-8", errors="surrogatepass")

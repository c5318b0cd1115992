"""One HTML file that needs nothing else, not even a network: its look and its parts."""

from base64 import b64encode
from collections.abc import Sequence
from html import escape

from latentsweep.figures.style import BLUE, FAINT, INK, MUTED, ORANGE, RULE

FONT = "Inter, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif"
CSS = f"""
* {{ box-sizing: border-box }}
body {{ margin: 0; background: white; color: {INK}; font: 14px/1.5 {FONT} }}
main {{ max-width: 1360px; margin: 0 auto; padding: 28px 28px 64px }}
h1 {{ font-size: 22px; line-height: 1.3; margin: 2px 0 10px; max-width: 60em }}
h2 {{ font-size: 15px; margin: 0 0 2px }}
h3 {{ font-size: 13px; margin: 12px 0 0 }}
p {{ margin: 0 0 6px; max-width: 78em }}
a {{ color: {BLUE}; text-decoration: none }}
a:hover {{ text-decoration: underline }}
.caption {{ color: {MUTED}; font-size: 12.5px; margin: 0 }}
.source {{ color: {MUTED}; font-size: 11.5px; margin: 4px 0 0; overflow-wrap: anywhere }}
.details {{ color: {MUTED}; overflow-wrap: anywhere }}
.grid {{ display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 32px 36px;
  margin-top: 28px }}
@media (max-width: 1000px) {{ .grid {{ grid-template-columns: minmax(0, 1fr) }}
  main {{ padding: 16px 16px 40px }} }}
section {{ min-width: 0; border-top: 1px solid {RULE}; padding-top: 12px }}
section.wide {{ grid-column: 1 / -1 }}
.sheets {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(260px, 1fr));
  gap: 20px; margin-top: 10px }}
figure {{ margin: 0 }}
figure img {{ max-width: 100%; display: block }}
.sheets figure img {{ width: 100% }}
figcaption {{ font-size: 12.5px; margin-bottom: 6px; overflow-wrap: anywhere }}
.scroll {{ overflow: auto; max-height: 640px; margin-top: 10px }}
table {{ border-collapse: collapse; width: 100%; font-size: 13px;
  font-variant-numeric: tabular-nums }}
th, td {{ padding: 4px 12px 4px 0; text-align: right; white-space: nowrap }}
th {{ position: sticky; top: 0; background: white; box-shadow: inset 0 -1px {FAINT};
  font-weight: 600 }}
td {{ border-bottom: 1px solid {RULE} }}
.left {{ text-align: left }}
.told {{ white-space: normal; min-width: 16em; overflow-wrap: anywhere }}
.remarked td {{ border-bottom: none; padding-bottom: 0 }}
.remarked td.remark {{ border-bottom: 1px solid {RULE}; padding: 0 12px 6px 10px; text-align: left;
  white-space: normal; color: {MUTED}; font-size: 12.5px }}
tr.best td:first-child {{ box-shadow: inset 3px 0 {ORANGE} }}
td:first-child, th:first-child {{ padding-left: 10px }}
"""


def page(title: str, header: str, sections: Sequence[str], own_css: str = "") -> str:
    """The file.

    Args:
        title: of the browser's tab.
        header: HTML above the sections.
        sections: HTML, each a `section`.
        own_css: what this kind of page adds to the style.
    """
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{escape(title)}</title>
<style>{CSS}{own_css}</style>
</head>
<body>
<main>
<header>{header}</header>
<div class="grid">{"".join(sections)}</div>
</main>
</body>
</html>
"""


def section(title: str, body: str, caption: str = "", *, wide: bool = True) -> str:
    """A part of a page: `body` is HTML, title and caption are text."""
    width = ' class="wide"' if wide else ""
    told = f'<p class="caption">{escape(caption)}</p>' if caption else ""
    return f"<section{width}><h2>{escape(title)}</h2>{told}{body}</section>"


def html_table(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    left: Sequence[int] = (0,),
    remarks: Sequence[str] = (),
) -> str:
    """A table of texts.

    Args:
        headings: of the columns.
        rows: the cells, as text.
        left: columns of words; they may be folded. Numbers stand at the right.
        remarks: a sentence of each row, below it and as wide as the table; none where it is empty.
    """

    def cell(kind: str, number: int, text: str) -> str:
        style = ' class="left told"' if number in left and number else ""
        style = ' class="left"' if number in left and not number else style
        return f"<{kind}{style}>{escape(text)}</{kind}>"

    def row(kind: str, cells: Sequence[str]) -> str:
        return f"<tr>{''.join(cell(kind, n, text) for n, text in enumerate(cells))}</tr>"

    def remark(number: int) -> str:
        if number >= len(remarks):
            return ""
        text = escape(remarks[number])
        return f'<tr><td class="remark" colspan="{len(headings)}">{text}</td></tr>'

    body = "".join(row("td", cells) + remark(number) for number, cells in enumerate(rows))
    kind = ' class="remarked"' if remarks else ""
    table = f"<table{kind}><thead>{row('th', headings)}</thead><tbody>{body}</tbody></table>"
    return f'<div class="scroll">{table}</div>'


def picture(png: bytes, alt: str, caption: str = "") -> str:
    """A picture as part of the page itself; the caption is HTML, the alternative is text.

    The caption is above it, so that those of pictures of unlike height stand in one line.
    """
    told = f"<figcaption>{caption}</figcaption>" if caption else ""
    encoded = b64encode(png).decode()
    return f'<figure>{told}<img src="data:image/png;base64,{encoded}" alt="{escape(alt)}"></figure>'
